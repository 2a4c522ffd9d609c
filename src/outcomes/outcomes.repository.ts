import { Injectable } from '@nestjs/common';
import type { QueryDeepPartialEntity } from 'typeorm/query-builder/QueryPartialEntity.js';
import {
  columnsOf,
  Database,
  entityOf,
  insertRow,
  placeholders,
  runSql,
  type Transaction,
  writeSql,
} from '#libs/database';
import { ForecastOutcomeEntity, ReportedValueEntity } from './forecast-outcome.entity.js';
import { ForecastPinEntity } from './forecast-pin.entity.js';
import type { BaselineReason, ForecastSource } from './outcomes.port.js';
import type { Baseline } from './realised-bars.js';

/** 22 columns each; SQLite binds 32,766 values at most. */
const ROWS_A_STATEMENT = 500;

const BASELINE = [
  'baseline_at',
  'baseline_closed_at',
  'baseline_value',
  'baseline_price',
  'naive_mae',
  'volatility',
];

/** What a look for the last closed bar found for good. */
export interface TakenBaseline {
  readonly baseline: Baseline | null;
  readonly takenAt: Date;
  /** Why there is none. */
  readonly reason: BaselineReason | null;
}

export type NewOutcome = Omit<ForecastOutcomeEntity, 'id'>;
export type NewReport = Omit<ReportedValueEntity, 'id' | 'revision'>;

/** Which reported values are wanted; both ends included. */
export interface ReportedRange {
  readonly symbol: string;
  readonly interval: string;
  readonly targetColumn: string;
  readonly from: Date;
  readonly to: Date;
}

@Injectable()
export class OutcomesRepository {
  constructor(private readonly database: Database) {}

  /** Pins that are to be looked at, the longest due first. */
  due(now: Date, limit: number): Promise<ForecastPinEntity[]> {
    return this.#pinsBy('due_at', now, limit);
  }

  /** Pins without the last closed bar that are to be looked at, the longest due first. */
  withoutBaseline(now: Date, limit: number): Promise<ForecastPinEntity[]> {
    return this.#pinsBy('baseline_look_at', now, limit);
  }

  async #pinsBy(
    moment: 'due_at' | 'baseline_look_at',
    now: Date,
    limit: number,
  ): Promise<ForecastPinEntity[]> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, ForecastPinEntity)} FROM forecast_pins
      WHERE ${moment} IS NOT NULL AND ${moment} <= ? ORDER BY ${moment} LIMIT ?`;
    const rows = await runSql(read, sql, [now.toISOString(), limit]);
    return rows.map((row) => entityOf(read, ForecastPinEntity, row));
  }

  /** Ends the looking for a pin's baseline, where nobody was faster: what was known with the forecast stays. */
  takeBaseline(tx: Transaction, { id }: ForecastPinEntity, taken: TakenBaseline): void {
    const { baseline, takenAt, reason } = taken;
    const values = [
      baseline?.at.toISOString(),
      baseline?.closedAt.toISOString(),
      baseline?.value,
      baseline?.price,
      baseline?.scale?.naiveMae,
      baseline?.scale?.volatility,
    ].map((value) => value ?? null);
    writeSql(
      tx,
      `UPDATE forecast_pins SET ${BASELINE.map((column) => `${column} = COALESCE(${column}, ?)`).join(', ')},
         baseline_taken_at = ?, baseline_reason = ?, baseline_look_at = NULL
       WHERE id = ? AND baseline_look_at IS NOT NULL`,
      [...values, baseline === null ? null : takenAt.toISOString(), reason, id],
    );
  }

  seekBaselineLater(tx: Transaction, { id }: ForecastPinEntity, at: Date): void {
    const sql = 'UPDATE forecast_pins SET baseline_look_at = ? WHERE id = ? AND baseline_look_at IS NOT NULL';
    writeSql(tx, sql, [at.toISOString(), id]);
  }

  /** Those of several subjects; the ones without a pin are left out. */
  async pinsOf(source: ForecastSource, subjectIds: readonly string[]): Promise<ForecastPinEntity[]> {
    if (subjectIds.length === 0) return [];
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, ForecastPinEntity)} FROM forecast_pins
      WHERE source = ? AND subject_id IN (${placeholders(subjectIds.length)})`;
    const rows = await runSql(read, sql, [source, ...subjectIds]);
    return rows.map((row) => entityOf(read, ForecastPinEntity, row));
  }

  async pinOf(source: ForecastSource, subjectId: string): Promise<ForecastPinEntity | null> {
    const [pin] = await this.pinsOf(source, [subjectId]);
    return pin ?? null;
  }

  /** Outcomes of these pins, by pin, horizon and revision. */
  async outcomesOf(pinIds: readonly number[]): Promise<ForecastOutcomeEntity[]> {
    if (pinIds.length === 0) return [];
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, ForecastOutcomeEntity)} FROM forecast_outcomes
      WHERE pin_id IN (${placeholders(pinIds.length)}) ORDER BY pin_id, horizon, revision`;
    const rows = await runSql(read, sql, [...pinIds]);
    return rows.map((row) => entityOf(read, ForecastOutcomeEntity, row));
  }

  /**
   * Takes a pin to write its outcomes: false when another process was faster. Whoever gets true writes them in the same
   * transaction.
   */
  async advance(tx: Transaction, pin: ForecastPinEntity, dueAt: Date | null): Promise<boolean> {
    const sql = 'UPDATE forecast_pins SET due_at = ? WHERE id = ? AND due_at = ? RETURNING id';
    const before = pin.dueAt?.toISOString() ?? null;
    const rows = await runSql(tx, sql, [dueAt?.toISOString() ?? null, pin.id, before]);
    return rows.length === 1;
  }

  async add(tx: Transaction, outcomes: readonly NewOutcome[]): Promise<void> {
    for (let first = 0; first < outcomes.length; first += ROWS_A_STATEMENT)
      await tx.manager.insert(
        ForecastOutcomeEntity,
        outcomes.slice(first, first + ROWS_A_STATEMENT) as QueryDeepPartialEntity<ForecastOutcomeEntity>[],
      );
  }

  /** The latest values that were reported of bars in a range; those of administrators before an evaluator's own. */
  async reported(range: ReportedRange): Promise<ReportedValueEntity[]> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, ReportedValueEntity)} FROM reported_values
      WHERE symbol = ? AND "interval" = ? AND target_column = ? AND bar_at BETWEEN ? AND ?
      ORDER BY bar_at, authority, revision`;
    const { symbol, interval, targetColumn, from, to } = range;
    const rows = await runSql(read, sql, [
      symbol,
      interval,
      targetColumn,
      from.toISOString(),
      to.toISOString(),
    ]);
    return rows.map((row) => entityOf(read, ReportedValueEntity, row));
  }

  /** Adds a reported value; one that says the same as the latest of its reporter changes nothing. @returns its revision, null when unchanged */
  async report(tx: Transaction, value: NewReport): Promise<number | null> {
    const rows = await runSql<{ value: number; revision: number }>(
      tx,
      `SELECT value, revision FROM reported_values WHERE symbol = ? AND "interval" = ? AND target_column = ?
         AND reporter_id = ? AND bar_at = ? ORDER BY revision DESC LIMIT 1`,
      [value.symbol, value.interval, value.targetColumn, value.reporterId, value.barAt.toISOString()],
    );
    const [latest] = rows;
    if (latest !== undefined && Number(latest.value) === value.value) return null;
    const revision = latest === undefined ? 0 : Number(latest.revision) + 1;
    insertRow(tx, ReportedValueEntity, { ...value, revision });
    return revision;
  }
}
