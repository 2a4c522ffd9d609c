import { Injectable } from '@nestjs/common';
import {
  columnsOf,
  Database,
  entityOf,
  insertRow,
  placeholders,
  runSql,
  type Transaction,
  updateRow,
  writeSql,
} from '#libs/database';
import { BacktestEntity, BacktestPartEntity } from './backtest.entity.js';

type Progress = Pick<BacktestEntity, 'done' | 'total'>;

@Injectable()
export class BacktestRepository {
  constructor(private readonly database: Database) {}

  add(tx: Transaction, row: BacktestEntity): void {
    insertRow(tx, BacktestEntity, row);
  }

  async find(id: string): Promise<BacktestEntity | null> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, BacktestEntity)} FROM backtests WHERE id = ?`;
    const [row] = await runSql(read, sql, [id]);
    return row === undefined ? null : entityOf(read, BacktestEntity, row);
  }

  /** Newest first. @param userId null for everybody's */
  async newest(userId: number | null, limit: number): Promise<BacktestEntity[]> {
    const { read } = this.database;
    const whose = userId === null ? '' : 'WHERE user_id = ?';
    const sql = `SELECT ${columnsOf(read, BacktestEntity)} FROM backtests ${whose} ORDER BY created_at DESC LIMIT ?`;
    const rows = await runSql(read, sql, [...(userId === null ? [] : [userId]), limit]);
    return rows.map((row) => entityOf(read, BacktestEntity, row));
  }

  /** Of the newest ones of a user, those that have not ended; a user's oldest always end. */
  async openOf(tx: Transaction, userId: number): Promise<number> {
    const sql = `SELECT COUNT(*) AS open FROM backtests WHERE user_id = ? AND finished_at IS NULL`;
    const [row] = await runSql<{ open: number | string }>(tx, sql, [userId]);
    return Number(row?.open ?? 0);
  }

  /** Begins anew: what an attempt before left is gone. */
  begin(tx: Transaction, id: string): void {
    writeSql(tx, 'DELETE FROM backtest_parts WHERE backtest_id = ?', [id]);
    updateRow(tx, BacktestEntity, { id }, { status: 'processing', done: 0, total: 0 });
  }

  addPart(tx: Transaction, part: BacktestPartEntity, progress: Progress): void {
    insertRow(tx, BacktestPartEntity, part);
    updateRow(tx, BacktestEntity, { id: part.backtestId }, progress);
  }

  finish(tx: Transaction, id: string, changes: Partial<BacktestEntity>): void {
    updateRow(tx, BacktestEntity, { id }, changes);
  }

  async part(backtestId: string, part: number): Promise<BacktestPartEntity | null> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, BacktestPartEntity)} FROM backtest_parts WHERE backtest_id = ? AND part = ?`;
    const [row] = await runSql(read, sql, [backtestId, part]);
    return row === undefined ? null : entityOf(read, BacktestPartEntity, row);
  }

  /** The last parts, in their order. */
  async lastParts(backtestId: string, count: number): Promise<BacktestPartEntity[]> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, BacktestPartEntity)} FROM backtest_parts WHERE backtest_id = ? ORDER BY part DESC LIMIT ?`;
    const rows = await runSql(read, sql, [backtestId, count]);
    return rows.map((row) => entityOf(read, BacktestPartEntity, row)).toReversed();
  }

  /** Deletes some that ended before a moment; returns how many. */
  async deleteBefore(tx: Transaction, moment: Date, limit: number): Promise<number> {
    const sql = 'SELECT id FROM backtests WHERE finished_at < ? ORDER BY finished_at LIMIT ?';
    const ids = (await runSql<{ id: string }>(tx, sql, [moment.toISOString(), limit])).map(({ id }) => id);
    if (ids.length === 0) return 0;
    writeSql(tx, `DELETE FROM backtest_parts WHERE backtest_id IN (${placeholders(ids.length)})`, ids);
    writeSql(tx, `DELETE FROM backtests WHERE id IN (${placeholders(ids.length)})`, ids);
    return ids.length;
  }
}
