import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { AppError, DAY_MS, messageOf } from '#libs/kernel';

/** A file of an archive as it is recorded in the database. */
export interface ArchiveFile {
  /** Its name in the folder; it ends with eight random digits, so that two files never share one. */
  readonly file: string;
  /** SHA-256 of its bytes, hexadecimal. */
  readonly fileHash: string;
  readonly fileBytes: number;
}

const DRAFT = '.part';
/** A draft that nobody has touched for so long was left behind by a process that was killed. */
const ABANDONED_MS = DAY_MS;
/** Made in one turn of the event loop: an order takes 0.1 ms. */
const LINES_A_CHUNK = 16;

/**
 * A folder of archives: gzipped lines of JSON. A file is written under another name, brought to the disk and read again from
 * there; the caller records it in the database, and only then it gets its name. So a file with the name of an archive is
 * recorded, and what a killed process left behind is a draft.
 *
 * gzip, not zstd, which Node's zlib has from 22.15 on: a file that was written with Node 24 can be read with Node 20.
 */
export class ArchiveFolder {
  constructor(private readonly path: string) {}

  /**
   * Writes a draft, brings it to the disk and reads it again.
   * @param name begin of its name
   * @param lines JSON, without line ends
   * @param check reads the lines of the draft; throws when they are not what they must be
   * @throws AppError `unavailable` when the folder cannot be written
   */
  async write(
    name: string,
    lines: AsyncIterable<string>,
    check: (lines: AsyncIterable<string>) => Promise<void>,
  ): Promise<ArchiveFile> {
    // No other process has this name: two that archive the same rows at once write the same bytes, and the one whose file
    // is not recorded removes it.
    const file = `${name}-${randomUUID().slice(0, 8)}.ndjson.gz`;
    const draft = join(this.path, file + DRAFT);
    try {
      await mkdir(this.path, { recursive: true, mode: 0o700 });
      await this.#removeAbandoned();
      await pipeline(
        Readable.from(inChunks(lines)),
        createGzip(),
        createWriteStream(draft, { mode: 0o600, flush: true, flags: 'wx' }),
      );
      await check(linesOf(draft));
      const { hash, bytes } = await digestOf(draft);
      await syncFolder(this.path);
      return { file, fileHash: hash, fileBytes: bytes };
    } catch (error) {
      await rm(draft, { force: true });
      if (!isOfTheDisk(error)) throw error;
      throw new AppError(
        'unavailable',
        `archive_folder: ${this.path} cannot be written: ${messageOf(error)}`,
      );
    }
  }

  /** Gives a recorded file its name. Again after a kill: it has it then, or gets it. */
  async publish({ file }: ArchiveFile): Promise<void> {
    const target = join(this.path, file);
    if (await exists(target)) return;
    await rename(target + DRAFT, target).catch((error: unknown) => {
      throw missing(target, error);
    });
    await syncFolder(this.path);
  }

  /** Removes a draft that is not going to be recorded. */
  async discard({ file }: ArchiveFile): Promise<void> {
    await rm(join(this.path, file + DRAFT), { force: true });
  }

  /** @throws AppError when the file is not there to the last byte */
  async assertWhole({ file, fileHash }: ArchiveFile): Promise<void> {
    const path = join(this.path, file);
    const found = await digestOf(path).catch((error: unknown) => {
      throw missing(path, error);
    });
    if (found.hash !== fileHash)
      throw new AppError('bad_request', `${path} is not the archive that was written: its SHA-256 differs`);
  }

  /** The lines of a file. */
  lines(file: string): AsyncIterable<string> {
    return linesOf(join(this.path, file));
  }

  async #removeAbandoned(): Promise<void> {
    for (const name of await readdir(this.path)) {
      if (!name.endsWith(DRAFT)) continue;
      const path = join(this.path, name);
      const { mtimeMs } = await stat(path);
      if (Date.now() - mtimeMs > ABANDONED_MS) await rm(path, { force: true });
    }
  }
}

/** The lines of a gzipped file. @throws Error when it ends early or is no such file */
export async function* linesOf(path: string): AsyncGenerator<string> {
  const source = createReadStream(path);
  const text = source.pipe(createGunzip()).setEncoding('utf8');
  source.on('error', (error) => text.destroy(error));
  let rest = '';
  try {
    for await (const chunk of text as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    source.destroy();
    text.destroy();
  }
}

async function* inChunks(lines: AsyncIterable<string>): AsyncGenerator<string> {
  let some: string[] = [];
  for await (const line of lines) {
    some.push(`${line}\n`);
    if (some.length < LINES_A_CHUNK) continue;
    yield some.join('');
    some = [];
  }
  yield some.join('');
}

async function digestOf(path: string): Promise<{ readonly hash: string; readonly bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { hash: hash.digest('hex'), bytes };
}

/** A renamed file is there after a power cut only when its folder was brought to the disk. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

const isOfTheDisk = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && 'syscall' in error;

const missing = (path: string, cause: unknown): AppError =>
  new AppError('unavailable', `the archive ${path} cannot be read: ${messageOf(cause)}`);
