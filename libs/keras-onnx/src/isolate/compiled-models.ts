import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { lstat, mkdir, open, readdir, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
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

/** The file of a model, or the two of an architecture and its weights. */
type ModelPaths = string | readonly string[];

/** What belongs to a model of several files. */
interface PartList {
  readonly sha256: string;
  readonly files: readonly string[];
  readonly sizes: readonly number[];
  readonly absent: readonly string[];
}

const DEFAULT_BYTES = 1024 ** 3;
const ENDING = '.compiled';
const DIGEST_BYTES = 32;
/** Files up to this length are read in one piece. */
const READ_WHOLE = 16 * 1024 ** 2;
/** Others may not write: what is opened from here was proven before and is not proven again. */
const OTHERS_WRITE = 0o022;

/**
 * Compiled models on disk, so that a restart need not compile what it knows. An entry is named by the SHA-256 of the model
 * file, the limits it was compiled under and the compiler's own code, and begins with the SHA-256 of the rest: a changed
 * file, a new release or a damaged entry is compiled. For a model of several files a second entry says which they are. Refusals
 * are never kept.
 */
export class CompiledModels {
  readonly #folder: string;
  readonly #bytes: number;
  #warned = false;

  constructor({ folder, bytes = DEFAULT_BYTES }: CompiledModelsOptions) {
    this.#folder = folder;
    this.#bytes = bytes;
  }

  /** A model as it was compiled before; undefined when it was not, or its entry is of no use. */
  async find(given: ModelPaths, limits: ModelLimits): Promise<CompiledModel | undefined> {
    if (!(await this.#isOurs())) return undefined;
    const [path = '', ...others] = [given].flat();
    const sha256 = others.length === 0 ? await digestOf([path], limits.fileBytes) : undefined;
    const alone = sha256 === undefined ? undefined : await this.#read(await this.#entry(sha256, limits));
    if (alone !== undefined) return { ...decodeModel(alone), files: [basename(path)] };
    const list = await this.#list([given].flat(), limits);
    const parts = list === undefined ? undefined : await this.#read(list);
    if (parts === undefined) return undefined;
    const { sha256: whole, files, sizes, absent } = JSON.parse(parts.toString()) as PartList;
    const folder = await folderOf(path);
    for (const name of absent) if (await stands(join(folder, name))) return undefined;
    const places = files.map((name) => join(folder, name));
    for (const [index, place] of places.entries()) {
      const state = await (place === path ? stat(place) : lstat(place)).catch(() => undefined);
      if (state?.isFile() !== true || state.size !== sizes[index]) return undefined;
    }
    if ((await digestOf(places, limits.fileBytes)) !== whole) return undefined;
    const model = await this.#read(await this.#entry(nameOf(whole, files), limits));
    return model === undefined ? undefined : decodeModel(model);
  }

  /** Keeps a compiled model. A folder that cannot be written costs a warning, not the model. */
  async keep(model: CompiledModel, given: ModelPaths, limits: ModelLimits): Promise<void> {
    try {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      if (!(await this.#isOurs())) throw new Error('others than its owner may write there');
      const body = encodeModel(model);
      if (body.length > this.#bytes) return;
      const { sha256, files, parts } = model;
      const name = parts === undefined ? sha256 : nameOf(sha256, files);
      await this.#write(await this.#entry(name, limits), body);
      const list = parts === undefined ? undefined : await this.#list([given].flat(), limits);
      if (list !== undefined) {
        await this.#write(list, Buffer.from(JSON.stringify({ sha256, files, ...parts })));
      }
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

  /** The body of an entry; a damaged one is removed. */
  async #read(entry: string): Promise<Buffer | undefined> {
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
    return body;
  }

  async #write(entry: string, body: Buffer): Promise<void> {
    const draft = `${entry}.${process.pid}`;
    const file = await open(draft, 'w', 0o600);
    try {
      await file.writev([createHash('sha256').update(body).digest(), body]);
    } finally {
      await file.close();
    }
    await rename(draft, entry);
  }

  /** The entry that says which files belong to a model of several: by the names that were given and the bytes of the first. */
  async #list(paths: readonly string[], limits: ModelLimits): Promise<string | undefined> {
    const [path = ''] = paths;
    const isFolder = (await folderOf(path)) === path;
    const first = await digestOf([isFolder ? join(path, 'config.json') : path], limits.fileBytes);
    if (first === undefined) return undefined;
    const names = JSON.stringify([first, isFolder ? [] : paths.map((one) => basename(one))]);
    return this.#entry(createHash('sha256').update(names).digest('hex'), limits);
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

/** The entry of a model of several files: the same bytes may stand there under other names. */
const nameOf = (sha256: string, files: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([sha256, files]))
    .digest('hex');

/** The folder of a model's files: itself, when it is one. */
const folderOf = async (path: string): Promise<string> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true ? path : dirname(path);

const stands = async (path: string): Promise<boolean> =>
  (await lstat(path).catch(() => undefined)) !== undefined;

/** SHA-256 of regular files, one after the other, in hexadecimal; undefined when one is none, is too large or cannot be read. */
async function digestOf(paths: readonly string[], most: number): Promise<string | undefined> {
  const hash = createHash('sha256');
  let left = most;
  try {
    for (const path of paths) {
      const state = await stat(path);
      left -= state.size;
      if (!state.isFile() || left < 0) return undefined;
      // A stream costs a millisecond more for each model at a start.
      if (state.size <= READ_WHOLE) hash.update(await readFile(path));
      else for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
    }
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
  // Once for a process, and a hundred small files are read in half the time without a promise for each.
  for (const name of files.filter((file) => /\.(js|ts)$/.test(file)).sort())
    hash.update(`${name}\n`).update(readFileSync(join(folder, name)));
  const runtime = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
  return hash.update(runtime.version).digest('hex');
}
