import { Injectable } from '@nestjs/common';
import {
  columnsOf,
  Database,
  entityOf,
  insertRow,
  placeholders,
  readSql,
  runSql,
  type Transaction,
  writeSql,
} from '#libs/database';
import type { BillingPeriod, Currency, Micros } from './billing.port.js';
import { ScoreHoldEntity } from './score-hold.entity.js';
import type { DueHold, ScorePayment } from './score-holds.port.js';

/** Terms of an order when it is submitted. */
export type ScoreTerms = Pick<
  ScoreHoldEntity,
  'orderId' | 'clientId' | 'providerId' | 'currency' | 'scoreShare'
>;

/** Held parts of one currency: what waits now, and what was settled in a period. */
export interface ScoreTotal {
  readonly currency: Currency;
  readonly held: Micros;
  readonly earned: Micros;
  readonly returned: Micros;
}

interface TotalRow {
  readonly currency: string;
  readonly held: number | string;
  readonly earned: number | string;
  readonly returned: number | string;
}

/** Which side of the orders is added up; absent: everybody. */
export interface ScoreSide {
  readonly clientId?: number;
  readonly providerId?: number;
}

@Injectable()
export class ScoreHoldRepository {
  constructor(private readonly database: Database) {}

  agree(tx: Transaction, terms: ScoreTerms): void {
    insertRow(tx, ScoreHoldEntity, { ...terms, state: 'agreed' });
  }

  /** Notes what is held; it is looked at at once, since some forecasts are never scored. */
  hold(tx: Transaction, orderId: string, held: Micros, now: Date): void {
    writeSql(
      tx,
      `UPDATE score_holds SET state = 'held', held_micros = ?, held_at = ?, look_at = ?
       WHERE prediction_id = ?`,
      [held, now.toISOString(), now.toISOString(), orderId],
    );
  }

  async due(now: Date, limit: number): Promise<DueHold[]> {
    const rows = await runSql<{ prediction_id: string; held_at: string }>(
      this.database.read,
      `SELECT prediction_id, held_at FROM score_holds WHERE look_at IS NOT NULL AND look_at <= ?
       ORDER BY look_at LIMIT ?`,
      [now.toISOString(), limit],
    );
    return rows.map((row) => ({ orderId: row.prediction_id, heldAt: new Date(row.held_at) }));
  }

  lookLater(tx: Transaction, orderIds: readonly string[], at: Date): void {
    writeSql(
      tx,
      `UPDATE score_holds SET look_at = ? WHERE settled_at IS NULL AND prediction_id IN (${placeholders(orderIds.length)})`,
      [at.toISOString(), ...orderIds],
    );
  }

  async of(orderId: string): Promise<ScoreHoldEntity | null> {
    const { read } = this.database;
    const [row] = await readSql(
      read,
      `SELECT ${columnsOf(read, ScoreHoldEntity)} FROM score_holds WHERE prediction_id = ?`,
      [orderId],
    );
    return row === undefined ? null : entityOf(read, ScoreHoldEntity, row);
  }

  settle(tx: Transaction, { orderId, ...payment }: ScorePayment, now: Date): void {
    const { state, reason, fraction, earned, returned } = payment;
    writeSql(
      tx,
      `UPDATE score_holds SET state = ?, reason = ?, fraction = ?, earned_micros = ?, returned_micros = ?,
         settled_at = ?, look_at = NULL WHERE prediction_id = ? AND settled_at IS NULL`,
      [state, reason, fraction, earned, returned, now.toISOString(), orderId],
    );
  }

  /** By currency: what waits now, and what was settled in the period. */
  async totals(side: ScoreSide, { from, to }: BillingPeriod): Promise<ScoreTotal[]> {
    const { clientId, providerId } = side;
    const [column, owner] = clientId === undefined ? ['provider_id', providerId] : ['client_id', clientId];
    const owned = owner === undefined ? '' : `${column} = ? AND`;
    const mine = owner === undefined ? [] : [owner];
    const start = (from ?? new Date(0)).toISOString();
    const bounds = to === undefined ? [start] : [start, to.toISOString()];
    const rows = await runSql<TotalRow>(
      this.database.readApart,
      `SELECT currency, SUM(held) AS held, SUM(earned) AS earned, SUM(returned) AS returned FROM (
         SELECT currency, held_micros AS held, 0 AS earned, 0 AS returned FROM score_holds
         WHERE ${owned} settled_at IS NULL AND state = 'held'
         UNION ALL
         SELECT currency, 0, earned_micros, returned_micros FROM score_holds
         WHERE ${owned} settled_at >= ?${to === undefined ? '' : ' AND settled_at < ?'}) AS every
       GROUP BY currency ORDER BY currency`,
      [...mine, ...mine, ...bounds],
    );
    return rows.map(({ currency, held, earned, returned }) => ({
      currency,
      held: Number(held),
      earned: Number(earned),
      returned: Number(returned),
    }));
  }
}
