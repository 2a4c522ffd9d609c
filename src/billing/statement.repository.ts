import { Injectable } from '@nestjs/common';
import { Database, runSql } from '#libs/database';
import type { StatementLine } from './credit.dto.js';

interface StatementRow {
  readonly id: number;
  readonly transaction_type: StatementLine['type'];
  readonly kind: StatementLine['account'];
  readonly amount_micros: number | string;
  readonly currency: string;
  readonly prediction_id: string | null;
  readonly description: string | null;
  readonly created_at: string;
}

/** What happened to the accounts of a user, line by line. */
@Injectable()
export class StatementRepository {
  constructor(private readonly database: Database) {}

  /** Newest first. */
  async newest(
    userId: number,
    { limit, offset }: { readonly limit: number; readonly offset: number },
  ): Promise<StatementLine[]> {
    const rows = await runSql<StatementRow>(
      this.database.read,
      `SELECT t.id, t.transaction_type, e.kind, e.amount_micros, e.currency, t.prediction_id, t.description, t.created_at
       FROM transaction_entries e JOIN transactions t ON t.id = e.transaction_id
       WHERE e.owner_id = ? ORDER BY e.transaction_id DESC, e.kind LIMIT ? OFFSET ?`,
      [userId, limit, offset],
    );
    return rows.map(lineOf);
  }

  async count(userId: number): Promise<number> {
    const [row] = await runSql<{ total: number | string }>(
      this.database.read,
      'SELECT COUNT(*) AS total FROM transaction_entries WHERE owner_id = ?',
      [userId],
    );
    return Number(row?.total ?? 0);
  }
}

const lineOf = (row: StatementRow): StatementLine => ({
  transactionId: row.id,
  type: row.transaction_type,
  account: row.kind,
  amountMicros: Number(row.amount_micros),
  currency: row.currency,
  orderId: row.prediction_id,
  description: row.description,
  createdAt: new Date(row.created_at),
});
