import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { workerFile } from '#libs/kernel';
import type { ModelLimits } from '../containers/source.js';
import { recipesNow } from '../layers/recipe-book.js';
import type { CompiledModel } from './compile-file.js';
import { decodeModel, encodeModel } from './protocol.js';

/** Where compiled models are kept, and how much of it. */
export interface CompiledModelsOptions {
  /** Made when it is missing; nobody but its owner may write there. */
  readonly folder: string;
  /** Most bytes of all entries; those that were not used for longest go first. Default 1 GiB. */
  readonly bytes?: number | undefined;
}

const DEFAULT_BYTES = 1024 ** 3;
const ENDING = '.compiled';
const DIGEST_BYTES = 32;
/** Others may not write: what is opened from here was proven before and is not proven again. */
const OTHERS_WRITE = 0o022;

/**
 * Compiled models on disk, so that a restart need not compile what it knows. An entry is named by the SHA-256 of the model
 * file, the limits it was compiled under and the compiler's own code, and begins with the SHA-256 of the rest: a changed
 * file, a new release or a damaged entry is compiled. Only models of one file are kept; refusals never are.
 */
export class CompiledModels {
  readonly #folder: string;
  readonly #bytes: number;
  #warned = false;

  constructor({ folder, bytes = DEFAULT_BYTES }: CompiledModelsOptions) {
    this.#folder = folder;
    this.#bytes = bytes;
  }

  /** The model of a file as it was compiled before; undefined when it was not, or its entry is of no use. */
  async find(path: string, limits: ModelLimits): Promise<CompiledModel | undefined> {
    if (!(await this.#isOurs())) return undefined;
    const sha256 = await digestOf(path, limits.fileBytes);
    if (sha256 === undefined) return undefined;
    const entry = await this.#entry(sha256, limits);
    const bytes = await readFile(entry).catch(() => undefined);
    if (bytes === undefined) return undefined;
    const body = bytes.subarray(DIGEST_BYTES);
    if (!createHash('sha256').update(body).digest().equals(bytes.subarray(0, DIGEST_BYTES))) {
      await rm(entry, { force: true });
      return undefined;
    }
    const now = new Date();
    // Another process may have made room meanwhile; what was read is good.
    await utimes(entry, now, now).catch(() => undefined);
    return { ...decodeModel(body), files: [basename(path)] };
  }

  /** Keeps a compiled model. A folder that cannot be written costs a warning, not the model. */
  async keep(model: CompiledModel, limits: ModelLimits): Promise<void> {
    if (model.files.length !== 1) return;
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if (!(await this.#isOurs())) throw new Error('others than its owner may write there');
      const body = encodeModel(model);
      if (body.length > this.#bytes) return;
      const entry = await this.#entry(model.sha256, limits);
      const draft = `${entry}.${process.pid}`;
      const file = await open(draft, 'w', 0o600);
      try {
        await file.writev([createHash('sha256').update(body).digest(), body]);
      } finally {
        await file.close();
      }
      await rename(draft, entry);
      await this.#makeRoom();
    } catch (error) {
      if (this.#warned) return;
      this.#warned = true;
      const reason = error instanceof Error ? error.message : String(error);
      process.emitWarning(
        `Compiled models are not kept in ${this.#folder}, so each start compiles them: ${reason}`,
      );
    }
  }

  async #isOurs(): Promise<boolean> {
    const state = await stat(this.#folder).catch(() => undefined);
    if (state?.isDirectory() !== true) return false;
    if (process.getuid === undefined) return true;
    return state.uid === process.getuid() && (state.mode & OTHERS_WRITE) === 0;
  }

  async #entry(sha256: string, limits: ModelLimits): Promise<string> {
    const rules = createHash('sha256')
      .update(await compiler())
      .update(JSON.stringify([limits, recipesNow()]))
      .digest('hex');
    return join(this.#folder, `${sha256}-${rules.slice(0, 16)}${ENDING}`);
  }

  async #makeRoom(): Promise<void> {
    const names = (await readdir(this.#folder)).filter((name) => name.includes(ENDING));
    const entries = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#folder, name);
        const state = await stat(path).catch(() => undefined);
        return { path, size: state?.size ?? 0, used: state?.mtimeMs ?? 0 };
      }),
    );
    let total = entries.reduce((sum, { size }) => sum + size, 0);
    for (const { path, size } of entries.sort((a, b) => a.used - b.used)) {
      if (total <= this.#bytes) return;
      await rm(path, { force: true });
      total -= size;
    }
  }
}

/** SHA-256 of a regular file in hexadecimal; undefined when it is none, is too large or cannot be read. */
async function digestOf(path: string, most: number): Promise<string | undefined> {
  const state = await stat(path).catch(() => undefined);
  if (state?.isFile() !== true || state.size > most) return undefined;
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  } catch {
    // Whoever compiles the file says what is wrong with it.
    return undefined;
  }
  return hash.digest('hex');
}

let fingerprint: Promise<string> | undefined;

/** What changes when the compiler does: the digest of its code and the release of ONNX Runtime. */
function compiler(): Promise<string> {
  fingerprint ??= fingerprintOf();
  return fingerprint;
}

async function fingerprintOf(): Promise<string> {
  const hash = createHash('sha256');
  const entry = workerFile(new URL('./worker.js', import.meta.url));
  const folder =
    entry === undefined ? fileURLToPath(new URL('..', import.meta.url)) : join(entry, '..', '..');
  const files = await readdir(folder, { recursive: true, encoding: 'utf8' });
  for (const name of files.filter((file) => /\.(js|ts)$/.test(file)).sort())
    hash.update(`${name}\n`).update(await readFile(join(folder, name)));
  const runtime = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return hash.update(runtime.version).digest('hex');
}
