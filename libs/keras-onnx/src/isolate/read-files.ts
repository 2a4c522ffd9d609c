import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { corrupt, ModelError, notOpened, tooLarge } from '../errors.js';

// Opening a pipe would wait for its writer; the flag is missing on Windows, which has no such pipes.
const READ_AT_ONCE = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);
/** A folder with more entries is no unpacked model. */
const MOST_NAMES = 1_000;

/** The files of one model, read under a common limit. Names stand beside the first file (or in the folder). */
export class ModelFolder {
  readonly files: string[] = [];
  /** The bytes of each. */
  readonly sizes: number[] = [];
  /** Names that were looked for and do not stand there; one that did would have been read instead. */
  readonly absent: string[] = [];
  readonly #folder: string;
  #left: number;

  /** `note` sees the bytes of each file, in order. */
  constructor(
    readonly path: string,
    readonly isFolder: boolean,
    limit: number,
    private readonly note: (bytes: Uint8Array) => void,
  ) {
    this.#folder = isFolder ? path : dirname(path);
    this.#left = limit;
  }

  /** The file that was asked for. */
  get name(): string {
    return basename(this.path);
  }

  /** The model's own file; it may be a link, as its owner may have put it there. */
  first(): Promise<Uint8Array> {
    return this.#read(this.path, this.name, false);
  }

  /** A file that belongs to it; a link could lead anywhere, so it must be none. */
  beside(name: string): Promise<Uint8Array> {
    return this.#read(join(this.#folder, name), name, true);
  }

  /** Whether a file of this name stands there. */
  async has(name: string): Promise<boolean> {
    const state = await lstat(join(this.#folder, name)).catch(() => undefined);
    const stands = state !== undefined && !state.isDirectory();
    if (!stands) this.absent.push(name);
    return stands;
  }

  /** The names in the folder. */
  async names(): Promise<string[]> {
    return (await namesIn(this.#folder)).slice(0, MOST_NAMES);
  }

  /** The files in a folder of the model and in those below it, by their paths; a link could lead anywhere, so there must be none. */
  async below(folder: string): Promise<string[]> {
    const found: string[] = [];
    const waiting = [folder];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const place = join(this.#folder, next);
      const state = await lstat(place).catch(() => undefined);
      if (state === undefined) continue;
      if (state.isSymbolicLink()) throw linked(next);
      if (state.isFile()) found.push(next);
      if (!state.isDirectory()) continue;
      for (const name of await namesIn(place)) waiting.push(`${next}/${name}`);
      if (found.length + waiting.length > MOST_NAMES)
        throw tooLarge(`the folder '${folder}' holds more than ${MOST_NAMES} files`);
    }
    return found.sort();
  }

  async #read(path: string, name: string, isPart: boolean): Promise<Uint8Array> {
    const bytes = await readRegular(path, this.#left, isPart);
    this.#left -= bytes.length;
    this.files.push(name);
    this.sizes.push(bytes.length);
    this.note(bytes);
    return bytes;
  }
}

const namesIn = (folder: string): Promise<string[]> =>
  readdir(folder).catch((error: unknown) => {
    throw notOpened(error);
  });

const linked = (part: string): ModelError =>
  corrupt(`the part '${part}' of the model is a link`, undefined, undefined, 'put the file itself there');

/** Reads a regular file of at most `limit` bytes; the size is checked on the open file, so it cannot change between. */
async function readRegular(path: string, limit: number, isPart: boolean): Promise<Uint8Array> {
  if (isPart && (await stateOf(path)).isSymbolicLink()) throw linked(basename(path));
  const handle = await open(path, READ_AT_ONCE).catch((error: unknown) => {
    throw notOpened(error);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile())
      throw corrupt('the model is no regular file', undefined, undefined, 'give the path of the file itself');
    if (stat.size > limit) throw tooLarge(`the file has ${stat.size} bytes, the limit is ${limit}`);
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

async function stateOf(path: string): Promise<{ isSymbolicLink(): boolean }> {
  return lstat(path).catch((error: unknown) => {
    throw new ModelError(
      'model_not_found',
      `the part '${basename(path)}' of the model is missing; put it beside the model file`,
      {
        cause: error,
      },
    );
  });
}
