import { Injectable } from '@nestjs/common';
import { Database, lockName, runSql, type Transaction } from '#libs/database';
import { AuditArchiveEntity } from './audit-archive.entity.js';

/** Rows that are deleted in one transaction: about 3 ms of SQLite's event loop, one round trip of PostgreSQL. */
const ROWS_A_DROP = { sqlite: 100, postgres: 500 } as const;

/** Which rows are in archives; the deletion of these and no others. */
@Injectable()
export class AuditArchiveRepository {
  constructor(readonly database: Database) {}

  /** All of them, oldest first. */
  all(): Promise<AuditArchiveEntity[]> {
    return this.database.read.manager.find(AuditArchiveEntity, { order: { firstSequence: 'ASC' } });
  }

  /** The last one; null before the first. */
  async last(): Promise<AuditArchiveEntity | null> {
    const [last] = await this.database.read.manager.find(AuditArchiveEntity, {
      order: { firstSequence: 'DESC' },
      take: 1,
    });
    return last ?? null;
  }

  /** Adds a record; false when another process has archived these rows meanwhile. */
  async record(tx: Transaction, archive: Omit<AuditArchiveEntity, 'id' | 'droppedId'>): Promise<boolean> {
    await lockName(tx, 'audit:archive');
    const last = await this.last();
    if ((last?.lastSequence ?? 0) + 1 !== archive.firstSequence) return false;
    await tx.manager.insert(AuditArchiveEntity, { ...archive, droppedId: 0 });
    return true;
  }

  /** Deletes the oldest rows that are in this archive, and keeps how far it came; returns whether more are left. */
  async drop(tx: Transaction, { id, lastId }: AuditArchiveEntity): Promise<boolean> {
    await lockName(tx, 'audit:archive');
    const [archive] = await runSql<{ dropped_id: number }>(
      tx,
      'SELECT dropped_id FROM audit_archives WHERE id = ?',
      [id],
    );
    const dropped = archive?.dropped_id ?? lastId;
    if (dropped >= lastId) return false;
    const most = ROWS_A_DROP[this.database.kind];
    const [some] = await runSql<{ last: number | null; rows: number }>(
      tx,
      `SELECT MAX(id) AS last, COUNT(*) AS rows FROM (SELECT id FROM api_logs WHERE id > ? AND id <= ? ORDER BY id LIMIT ${most}) AS oldest`,
      [dropped, lastId],
    );
    const isAll = (some?.rows ?? 0) < most;
    const through = isAll ? lastId : (some?.last ?? lastId);
    await runSql(tx, 'DELETE FROM api_logs WHERE id > ? AND id <= ?', [dropped, through]);
    await runSql(tx, 'UPDATE audit_archives SET dropped_id = ? WHERE id = ?', [through, id]);
    return !isAll;
  }
}
