import { OutageError } from '#libs/kernel';
import type { SqliteFile } from './sqlite-file.js';

/** As far as the log is concerned, better-sqlite3's connection. */
interface Connection {
  pragma(text: string): unknown;
}

/**
 * Pages of the log at which SQLite brings them into the database, in the middle of a commit. With its own 1,000 that is
 * every twentieth order, and most of the pages come again in the next twenty.
 */
const CHECKPOINT_PAGES = 4_000;

/** SQLite's log of writes: what a commit has put there is durable once {@link sync} has come back. */
export class WriteLog {
  /** Whether the disk has refused something of it. */
  #isDoubtful = false;

  constructor(
    private readonly sqlite: Connection,
    private readonly file: SqliteFile | null,
  ) {
    // a commit reaches the log here, and the disk in `sync`, before anybody is told of it
    sqlite.pragma('synchronous = NORMAL');
    sqlite.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  }

  /** Meanwhile the event loop goes on, and the next group gathers. @throws Error of the system */
  async sync(): Promise<void> {
    try {
      await this.file?.syncLog();
    } catch (error) {
      this.#isDoubtful = true;
      throw error;
    }
  }

  /**
   * What a failed sync leaves in the log may never reach the disk, and recovery ends where it is missing: what comes after it
   * would be lost as well. So everything goes from memory into the database itself before another transaction begins.
   */
  settle(): void {
    if (!this.#isDoubtful) return;
    const [result] = this.sqlite.pragma('wal_checkpoint(FULL)') as [{ readonly busy: number }];
    if (result.busy !== 0)
      throw new OutageError('The log of the database could not be emptied after a failed write', {
        code: 'storage_failed',
      });
    this.#isDoubtful = false;
  }
}
