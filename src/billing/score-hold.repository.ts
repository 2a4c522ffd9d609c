import { Injectable } from '@nestjs/common';
import {
  columnsOf,
  Database,
  entityOf,
  type Figures,
  insertRow,
  KeptFigures,
  placeholders,
  readSql,
  runSql,
  type Transaction,
  writeSql,
} from '#libs/database';
import type { BillingPeriod, Micros } from './billing.port.js';
import { ScoreHoldEntity } from './score-hold.entity.js';
import type { DueHold, ScorePayment, ScoreTotal, ScoreTotals } from './score-holds.port.js';
import { hoursOf } from './whole-hours.js';

/** Of the figures that the database keeps of held parts (see the migration `ScoreFigures`). */
const SOURCE = 'score';

/** Terms of an order when it is submitted. */
export type ScoreTerms = Pick<
  ScoreHoldEntity,
  'orderId' | 'clientId' | 'providerId' | 'currency' | 'scoreShare'
>;

interface TotalRow {
  readonly currency: string;
  readonly held: number | string;
  readonly earned: number | string;
  readonly returned: number | string;
}

/** Whose orders are added up; absent: everybody's. */
interface ScoreSide {
  readonly clientId?: number;
  readonly providerId?: number;
}

@Injectable()
export class ScoreHoldRepository implements ScoreTotals {
  constructor(
    private readonly database: Database,
    private readonly figures: KeptFigures,
  ) {}

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
    const [owned, owner] = ownedBy(side);
    return this.#sums(
      `SELECT currency, held_micros AS held, 0 AS earned, 0 AS returned FROM score_holds
       WHERE ${owned} settled_at IS NULL AND state = 'held'
       UNION ALL
       SELECT currency, 0, earned_micros, returned_micros FROM score_holds
       WHERE ${owned} settled_at >= ?${to === undefined ? '' : ' AND settled_at < ?'}`,
      [...owner, ...owner, ...boundsOf({ from, to })],
    );
  }

  /** Whole hours are kept as figures; what is left of the first and the last one is added up. */
  async ofEverybody(period: BillingPeriod): Promise<ScoreTotal[]> {
    const { hours, edges } = hoursOf(period);
    const [held, settled, ...rest] = await Promise.all([
      this.figures.standing(SOURCE),
      hours === null ? new Map() : this.figures.between(SOURCE, hours.from, hours.to),
      ...edges.map((edge) => this.settledIn({}, edge)),
    ]);
    return joined([...totalsOf(held), ...totalsOf(settled), ...rest.flat()]);
  }

  /** By currency: what was settled in a period. */
  settledIn(side: ScoreSide, { from, to }: BillingPeriod): Promise<ScoreTotal[]> {
    const [owned, owner] = ownedBy(side);
    return this.#sums(
      `SELECT currency, 0 AS held, earned_micros AS earned, returned_micros AS returned FROM score_holds
       WHERE ${owned} settled_at >= ?${to === undefined ? '' : ' AND settled_at < ?'}`,
      [...owner, ...boundsOf({ from, to })],
    );
  }

  async #sums(every: string, values: readonly (string | number)[]): Promise<ScoreTotal[]> {
    const rows = await runSql<TotalRow>(
      this.database.readApart,
      `SELECT currency, SUM(held) AS held, SUM(earned) AS earned, SUM(returned) AS returned FROM (${every}) AS every
       GROUP BY currency`,
      values,
    );
    const totals = rows.map(({ currency, held, earned, returned }) => ({
      currency,
      held: Number(held),
      earned: Number(earned),
      returned: Number(returned),
    }));
    return inOrder(totals);
  }
}

/** Figures named `held:USD`, `earned:USD`, `returned:USD`. */
const totalsOf = (figures: Figures): ScoreTotal[] =>
  [...figures].map(([name, { amount }]) => {
    const [what = '', currency = ''] = name.split(':');
    return { currency, held: 0, earned: 0, returned: 0, [what]: amount };
  });

/** One total a currency; currencies with nothing are left out. */
function joined(parts: readonly ScoreTotal[]): ScoreTotal[] {
  const totals = new Map<string, ScoreTotal>();
  for (const { currency, held, earned, returned } of parts) {
    const sum = totals.get(currency);
    totals.set(currency, {
      currency,
      held: (sum?.held ?? 0) + held,
      earned: (sum?.earned ?? 0) + earned,
      returned: (sum?.returned ?? 0) + returned,
    });
  }
  return inOrder([...totals.values()].filter(({ held, earned, returned }) => held + earned + returned !== 0));
}

// A handful of currencies: in the statement PostgreSQL would sort every row for it.
const inOrder = (totals: readonly ScoreTotal[]): ScoreTotal[] =>
  totals.toSorted((one, other) => (one.currency < other.currency ? -1 : 1));

/** A condition with its values; none for everybody. */
function ownedBy({ clientId, providerId }: ScoreSide): [string, readonly number[]] {
  if (clientId !== undefined) return ['client_id = ? AND', [clientId]];
  return providerId === undefined ? ['', []] : ['provider_id = ? AND', [providerId]];
}

const boundsOf = ({ from, to }: { from?: Date | undefined; to?: Date | undefined }): string[] => [
  (from ?? new Date(0)).toISOString(),
  ...(to === undefined ? [] : [to.toISOString()]),
];
