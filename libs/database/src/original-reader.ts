import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { refuseOriginalFile } from './original-database.js';

/** A row of the original's database as SQLite holds it: times and JSON are text, booleans 0 or 1. */
export type OriginalRow = Readonly<Record<string, string | number | Buffer | null>>;

/** Changes that are not in the file yet. */
const LOGS = ['-wal', '-journal'];

/** Reads a database of the original Python service from a copy, so that the original stays as it is, to the byte. */
export class OriginalFile {
  private constructor(
    private readonly database: Sqlite.Database,
    private readonly folder: string,
  ) {}

  /** Null when the file is no database of the original. Needs as much room for temporary files as the file has. */
  static open(path: string): OriginalFile | null {
    if (refuseOriginalFile({ kind: 'sqlite', path }) === null) return null;
    const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-import-'));
    try {
      const copy = join(folder, 'original.db');
      for (const suffix of ['', ...LOGS]) {
        if (existsSync(path + suffix)) copyFileSync(path + suffix, copy + suffix);
      }
      return new OriginalFile(new Sqlite(copy), folder);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Every row of a table, one after the other in the order they were added; none when it has no such table. */
  *rows(table: string): Generator<OriginalRow> {
    if (!this.#has(table)) return;
    const rows = this.database.prepare(`SELECT * FROM "${table}" ORDER BY rowid`).iterate();
    for (const row of rows) yield row as OriginalRow;
  }

  /** How many rows a table has; 0 when it has no such table. */
  count(table: string): number {
    if (!this.#has(table)) return 0;
    return this.database.prepare(`SELECT COUNT(*) FROM "${table}"`).pluck().get() as number;
  }

  #has(table: string): boolean {
    const tables = this.database.prepare(`SELECT name FROM sqlite_master WHERE type = 'table'`).pluck().all();
    return tables.includes(table);
  }

  /** Closes the copy and removes it. */
  close(): void {
    this.database.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
