import { Injectable } from '@nestjs/common';
import {
  columnsOf,
  Database,
  entityOf,
  insertRow,
  lockName,
  runSql,
  type Transaction,
  updateRow,
} from '#libs/database';
import { assertPresent } from '#libs/kernel';
import type { ForecastSource } from '../outcomes.port.js';
import { ForecastReceiptEntity, ReceiptKeyEntity } from './receipt.entity.js';

/** The end of the chain. */
export interface ChainEnd {
  readonly number: number;
  readonly hash: string;
}

/** A draft with its place in the chain. */
export interface LinkedReceipt {
  readonly id: number;
  readonly body: string;
  readonly number: number;
  readonly hash: string;
  readonly header: string;
  readonly signature: string;
}

const CHAIN = 'receipts';
const noDraft = (): Error => new Error('invariant broken: a receipt is linked once');

@Injectable()
export class ReceiptRepository {
  constructor(private readonly database: Database) {}

  async find(source: ForecastSource, subjectId: string): Promise<ForecastReceiptEntity | null> {
    const [row] = await this.#receipts('source = ? AND subject_id = ?', [source, subjectId]);
    return row ?? null;
  }

  /** Drafts, the oldest first. */
  drafts(limit: number): Promise<ForecastReceiptEntity[]> {
    return this.#receipts('number IS NULL ORDER BY id LIMIT ?', [limit]);
  }

  /** Linked ones behind this number, in their order. */
  linkedAfter(number: number, limit: number): Promise<ForecastReceiptEntity[]> {
    return this.#receipts('number > ? ORDER BY number LIMIT ?', [number, limit]);
  }

  async end(): Promise<ChainEnd> {
    const sql = 'SELECT row_count, hash FROM seal_heads WHERE chain = ?';
    const [row] = await runSql<{ row_count: number | string; hash: string }>(this.database.read, sql, [
      CHAIN,
    ]);
    const { row_count: number, hash } = assertPresent(row, 'the migration made the chain of receipts');
    return { number: Number(number), hash };
  }

  /**
   * Puts receipts behind this end of the chain; false when it is no longer the end. Whoever moves the end holds its row, so
   * that another process, which wants to move it from the same place, finds it moved.
   */
  async append(tx: Transaction, end: ChainEnd, links: readonly LinkedReceipt[]): Promise<boolean> {
    const last = assertPresent(links.at(-1), 'something is linked');
    const moved = await runSql(
      tx,
      `UPDATE seal_heads SET links = links + 1, row_count = ?, hash = ?
       WHERE chain = ? AND row_count = ? AND hash = ? RETURNING chain`,
      [last.number, last.hash, CHAIN, end.number, end.hash],
    );
    if (moved.length === 0) return false;
    for (const { id, ...change } of links) updateRow(tx, ForecastReceiptEntity, { id }, change, noDraft);
    return true;
  }

  /** Every key, the newest first. */
  async keys(): Promise<ReceiptKeyEntity[]> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, ReceiptKeyEntity)} FROM receipt_keys ORDER BY created_at DESC, kid`;
    return (await runSql(read, sql, [])).map((row) => entityOf(read, ReceiptKeyEntity, row));
  }

  /** The key to sign with; null before the first. */
  async activeKey(): Promise<ReceiptKeyEntity | null> {
    return (await this.keys()).find(({ retiredAt }) => retiredAt === null) ?? null;
  }

  /** Only one process changes keys at a time. */
  lockKeys(tx: Transaction): Promise<void> {
    return lockName(tx, 'receipts:keys');
  }

  /** The key that signs from now on; those before it lose their private part. */
  async putKey(tx: Transaction, key: Omit<ReceiptKeyEntity, 'retiredAt'>): Promise<void> {
    const sql = 'UPDATE receipt_keys SET retired_at = ?, private_key = NULL WHERE retired_at IS NULL';
    await runSql(tx, sql, [key.createdAt.toISOString()]);
    insertRow(tx, ReceiptKeyEntity, key);
  }

  async #receipts(where: string, parameters: readonly (string | number)[]): Promise<ForecastReceiptEntity[]> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, ForecastReceiptEntity)} FROM forecast_receipts WHERE ${where}`;
    const rows = await runSql(read, sql, [...parameters]);
    return rows.map((row) => entityOf(read, ForecastReceiptEntity, row));
  }
}
