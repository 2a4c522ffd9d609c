import { Injectable } from '@nestjs/common';
import { Database, placeholders, runSql } from '#libs/database';
import type { BillingViolation, Hold } from './billing.port.js';
import { BILLING_RULES, violationOf } from './billing-rules.js';

/** What the ledger says of an order. */
export type MoneyState = Hold['state'];

const STATE = `CASE (SELECT MIN(t.transaction_type) FROM transactions t WHERE t.prediction_id = q.prediction_id
    AND t.transaction_type IN ('capture', 'void')) WHEN 'capture' THEN 'captured' WHEN 'void' THEN 'voided' ELSE 'held' END`;

/** Statements of the verifier, which runs all of them in one snapshot. */
@Injectable()
export class BillingChecks {
  constructor(private readonly database: Database) {}

  /** What the rules find, at most `limit` of each. */
  async violations(limit: number): Promise<BillingViolation[]> {
    const found: BillingViolation[] = [];
    for (const rule of BILLING_RULES) {
      const rows = await runSql<Record<string, string | number | null>>(
        this.database.read,
        `${rule.sql} LIMIT ?`,
        [limit],
      );
      found.push(...rows.map((row) => violationOf(rule, row)));
    }
    return found;
  }

  async countTransactions(): Promise<number> {
    const [row] = await runSql<{ total: number | string }>(
      this.database.read,
      'SELECT COUNT(*) AS total FROM transactions',
    );
    return Number(row?.total ?? 0);
  }

  /** What the ledger says of these orders; those that it does not know are left out. */
  async statesOf(orderIds: readonly string[]): Promise<ReadonlyMap<string, MoneyState>> {
    if (orderIds.length === 0) return new Map();
    const rows = await runSql<{ prediction_id: string; state: MoneyState }>(
      this.database.read,
      `SELECT q.prediction_id, ${STATE} AS state FROM quotes q
       WHERE q.revision = 0 AND q.prediction_id IN (${placeholders(orderIds.length)})`,
      orderIds,
    );
    return new Map(rows.map(({ prediction_id, state }) => [prediction_id, state]));
  }

  async countOrders(): Promise<number> {
    const [row] = await runSql<{ total: number | string }>(
      this.database.read,
      'SELECT COUNT(*) AS total FROM quotes WHERE revision = 0',
    );
    return Number(row?.total ?? 0);
  }

  /** Ids of the orders that the ledger knows, as the database sorts them. */
  async ordersAfter(afterOrderId: string | null, limit: number): Promise<string[]> {
    const rows = await runSql<{ prediction_id: string }>(
      this.database.read,
      `SELECT prediction_id FROM quotes WHERE revision = 0 AND prediction_id > ?
       ORDER BY prediction_id LIMIT ?`,
      [afterOrderId ?? '', limit],
    );
    return rows.map((row) => row.prediction_id);
  }
}
