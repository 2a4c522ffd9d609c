import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fdatasync,
  mkdirSync,
  openSync,
  realpathSync,
  statfsSync,
  statSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import Sqlite from 'better-sqlite3';
import type { DataSource } from 'typeorm';
import { DatabaseOpenError } from './open-error.js';
import { fileLost } from './unavailable.js';

/** What a file is, whatever it is called; null when there is none. */
type Identity = string | null;

/** The database itself, the log of writes that are not in it yet, and what its readers and writers agree by. */
const PARTS = ['', '-wal', '-shm'];
/** A disk that had no room for a write is full until it has so much. */
const ROOM_BYTES = 1024 * 1024;

/**
 * The files of an open SQLite database. SQLite goes on to write into a file that was deleted, moved or replaced, and
 * calls that durable; so whoever confirms a write asks here first.
 */
export class SqliteFile {
  /** Absolute. */
  readonly path: string;
  readonly #log: number;
  readonly #parts: readonly { readonly path: string; readonly identity: Identity }[];

  /** Remembers the files as they are now, opened by both sides. */
  constructor(path: string) {
    this.path = resolve(path);
    this.#log = openSync(`${this.path}-wal`, 'r+');
    const paths = PARTS.map((suffix) => this.path + suffix);
    this.#parts = paths.map((part) => ({ path: part, identity: identityOf(part) }));
  }

  /** Three looks at file names: 5 µs. @throws OutageError when one of the files is not where it was opened */
  assertInPlace(): void {
    for (const { path, identity } of this.#parts) {
      const found = identityOf(path);
      if (found !== identity)
        throw fileLost(`${path} was ${found === null ? 'moved or deleted' : 'replaced'}`);
    }
  }

  /**
   * Resolves when everything that was committed until now is on the disk. Not by SQLite, which would stop the event loop
   * meanwhile: 0.1 ms on a fast disk, 5 ms and more on a busy one.
   * @throws Error of the system when the disk does not take it; then nobody knows what of it is there
   */
  syncLog(): Promise<void> {
    return new Promise((done, fail) => {
      fdatasync(this.#log, (error) => (error === null ? done() : fail(error)));
    });
  }

  /** No lock is lost by it: SQLite has none on its log of writes. */
  close(): void {
    closeSync(this.#log);
  }

  /** Whether the disk has room for more than a few rows. */
  hasRoom(): boolean {
    const { bavail, bsize } = statfsSync(dirname(this.path));
    return bavail * bsize >= ROOM_BYTES;
  }
}

function identityOf(path: string): Identity {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.dev}:${found.ino}`;
}

/**
 * Makes sure that one service at a time works with the file: two would not know of each other's running jobs and live
 * events. The lock is one of the operating system, on a file beside the database, so that it ends with the process,
 * however that ends. Other commands do not take it.
 * @returns how to give it back
 * @throws DatabaseOpenError `in_use`
 */
export function lockForService(path: string): () => void {
  const whole = realpathSync(path);
  const lockPath = `${whole}-service`;
  makeFile(lockPath);
  const lock = new Sqlite(lockPath, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    throw new DatabaseOpenError(
      'in_use',
      `SQLite ${path} is used by another running service; stop that one, choose another database_url, or use PostgreSQL, which several processes may share`,
      error,
    );
  }
  return () => lock.close();
}

/** Makes folder and file when they are missing; the file only for its owner: it holds password hashes. */
export function prepareFile(path: string): void {
  const folder = dirname(path);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new DatabaseOpenError(
      'folder_not_writable',
      `The folder ${folder} of the database cannot be written; make it writable or choose another path`,
      error,
    );
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DatabaseOpenError('is_folder', `${path} is a folder; the database needs the path of a file`);
  }
  try {
    makeFile(path);
  } catch (error) {
    throw new DatabaseOpenError(
      'file_not_writable',
      `SQLite ${path} cannot be written; make the file writable or choose another path`,
      error,
    );
  }
}

/** Never opens a file that is there: to close it would end every lock that this process has on it. */
function makeFile(path: string): void {
  if (existsSync(path)) accessSync(path, constants.R_OK | constants.W_OK);
  else closeSync(openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600));
}

/** SQLite silently opens an existing WAL file with synchronous=NORMAL; a lost power cord would then lose commits. */
export async function assertDurable(writer: DataSource, path: string): Promise<void> {
  const [journal] = (await writer.query('PRAGMA journal_mode')) as { journal_mode: string }[];
  const [row] = (await writer.query('PRAGMA synchronous')) as { synchronous: number }[];
  if (journal?.journal_mode === 'wal' && row?.synchronous === 2) return;
  throw new DatabaseOpenError(
    'not_durable',
    `SQLite ${path} cannot work safely here (journal ${journal?.journal_mode}, synchronous ${row?.synchronous}); use a local disk`,
  );
}
