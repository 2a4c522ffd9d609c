import { existsSync, linkSync, rmSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { DatabaseOpenError } from '../open-error.js';

/** Larger than any database has pages: the copy is one step, of one moment, while others write. */
const ALL_PAGES = 0x7f_ff_ff_ff;

/**
 * Copies a SQLite database that may be in use: what was committed when the copy began.
 * @throws Error of SQLite when the file cannot be read or the copy not written
 */
export async function copySqlite(from: string, to: string): Promise<void> {
  const source = new Sqlite(from, { readonly: true, fileMustExist: true });
  try {
    await source.backup(to, { progress: () => ALL_PAGES });
  } finally {
    source.close();
  }
  finishCopy(to);
}

/** Puts a copy in the place of a database that is not there yet. @throws DatabaseOpenError when there is one */
export async function placeSqlite(copy: string, path: string): Promise<void> {
  if (existsSync(path)) throw taken(path);
  const draft = `${path}.restoring`;
  rmSync(draft, { force: true });
  try {
    await copySqlite(copy, draft);
    linkSync(draft, path); // fails where somebody made one meanwhile
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw taken(path);
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

const taken = (path: string): DatabaseOpenError =>
  new DatabaseOpenError('in_use', `There is a database at ${path}; restore to a path where there is none`);

/** One file, without a log of writes beside it. @throws DatabaseOpenError for a damaged one */
function finishCopy(path: string): void {
  const database = new Sqlite(path);
  try {
    database.pragma('journal_mode = DELETE');
    const verdict = database.pragma('integrity_check(1)', { simple: true });
    if (verdict !== 'ok')
      throw new DatabaseOpenError('not_a_database', `${path} is damaged: ${String(verdict)}`);
  } finally {
    database.close();
  }
}
