import Sqlite from 'better-sqlite3';

/** How far a file has come that follows the event log. */
export interface FilePosition {
  /** Id of the last event that the file has, or does not need. */
  readonly event: number;
  /** Length of the file with it, in bytes. */
  readonly bytes: number;
  /** Which file that was: device and inode, as it may be moved away and made again. */
  readonly file: string;
}

/**
 * The position of a file that follows the event log, kept beside it in `<file>-position`. The process that holds it is the
 * only one that writes the file; the operating system frees it when that process ends, however it ends.
 */
export class FileCursor {
  private constructor(private readonly database: Sqlite.Database) {}

  /** Null while another process holds it. @throws Error of SQLite when it cannot be made or read */
  static take(path: string): FileCursor | null {
    const database = new Sqlite(`${path}-position`, { timeout: 0 });
    try {
      database.pragma('locking_mode = EXCLUSIVE');
      database.exec('BEGIN EXCLUSIVE'); // held from now on, after the commit too
      database.exec('CREATE TABLE IF NOT EXISTS position (event INTEGER, bytes INTEGER, file TEXT)');
      database.exec('COMMIT');
      return new FileCursor(database);
    } catch (error) {
      database.close();
      if (String((error as { code?: unknown }).code).startsWith('SQLITE_BUSY')) return null;
      throw error;
    }
  }

  /** Null before the first position was kept. */
  read(): FilePosition | null {
    const row = this.database.prepare('SELECT event, bytes, file FROM position').get();
    return (row as FilePosition | undefined) ?? null;
  }

  keep({ event, bytes, file }: FilePosition): void {
    this.database.transaction(() => {
      this.database.exec('DELETE FROM position');
      this.database
        .prepare('INSERT INTO position (event, bytes, file) VALUES (?, ?, ?)')
        .run(event, bytes, file);
    })();
  }

  close(): void {
    this.database.close();
  }
}
