import { Injectable } from '@nestjs/common';
import {
  columnsOf,
  Database,
  entityOf,
  lockName,
  placeholders,
  runSql,
  type Transaction,
  writeSql,
} from '#libs/database';
import { snakeCased } from '#libs/kernel';
import { CalibrationStateEntity } from './calibration-state.entity.js';

/** Who a state is about; the digest is that of the others. */
export type CalibrationKey = Pick<
  CalibrationStateEntity,
  | 'digest'
  | 'horizon'
  | 'predictor'
  | 'predictorVersion'
  | 'modelSha256'
  | 'parametersSha256'
  | 'symbol'
  | 'interval'
  | 'targetColumn'
  | 'spread'
>;
export type LearntState = Pick<
  CalibrationStateEntity,
  'outcomes' | 'gamma' | 'alphas' | 'scores' | 'lastTargetAt'
>;
export type BacktestedState = Pick<
  CalibrationStateEntity,
  'backtestId' | 'backtestOutcomes' | 'backtestStretches'
>;

const KEYS = [
  'digest',
  'horizon',
  'predictor',
  'predictorVersion',
  'modelSha256',
  'parametersSha256',
  'symbol',
  'interval',
  'targetColumn',
  'spread',
] as const;
const column = (name: string): string => `"${snakeCased(name)}"`;
/** Of what is deleted by age. */
const KEYS_OF = [
  ['forecast_calibrations', 'digest, horizon'],
  ['training_ranges', 'digest'],
] as const;
const NOTHING_LEARNT: LearntState = {
  outcomes: 0,
  gamma: null,
  alphas: null,
  scores: null,
  lastTargetAt: null,
};

@Injectable()
export class CalibrationRepository {
  constructor(private readonly database: Database) {}

  /** By the primary key. @param digests few @param horizons at most some hundred */
  async find(
    digests: readonly string[],
    horizons: readonly number[],
    tx?: Transaction,
  ): Promise<CalibrationStateEntity[]> {
    if (digests.length === 0 || horizons.length === 0) return [];
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, CalibrationStateEntity)} FROM forecast_calibrations
      WHERE digest IN (${placeholders(digests.length)}) AND horizon IN (${placeholders(horizons.length)})`;
    const rows = await runSql(tx ?? read, sql, [...digests, ...horizons]);
    return rows.map((row) => entityOf(read, CalibrationStateEntity, row));
  }

  /** One learner of a digest at a time, until the transaction ends: none counts without what another counted. */
  async lock(tx: Transaction, digest: string): Promise<void> {
    await lockName(tx, `calibration:${digest}`);
  }

  learn(tx: Transaction, key: CalibrationKey, state: LearntState, now: Date): void {
    this.#put(tx, key, state, state, now);
  }

  keepBacktest(tx: Transaction, key: CalibrationKey, state: BacktestedState, now: Date): void {
    this.#put(tx, key, { ...NOTHING_LEARNT, ...state }, state, now);
  }

  /** Of the latest back-test; null without one. */
  async ranges(digest: string): Promise<unknown> {
    const sql = 'SELECT ranges FROM training_ranges WHERE digest = ?';
    const [row] = await runSql<{ ranges: string }>(this.database.read, sql, [digest]);
    return row === undefined ? null : JSON.parse(row.ranges);
  }

  keepRanges(tx: Transaction, digest: string, ranges: object, backtestId: string, now: Date): void {
    writeSql(
      tx,
      `INSERT INTO training_ranges (digest, ranges, backtest_id, updated_at) VALUES (?, ?, ?, ?)
       ON CONFLICT (digest) DO UPDATE SET ranges = excluded.ranges, backtest_id = excluded.backtest_id,
         updated_at = excluded.updated_at`,
      [digest, JSON.stringify(ranges), backtestId, now.toISOString()],
    );
  }

  /** Deletes some that nothing has changed since a moment; returns how many. */
  async deleteBefore(tx: Transaction, moment: Date, limit: number): Promise<number> {
    let deleted = 0;
    for (const [table, keys] of KEYS_OF) {
      // what somebody changes meanwhile stays
      const sql = `DELETE FROM ${table} WHERE updated_at < ? AND (${keys}) IN
        (SELECT ${keys} FROM ${table} WHERE updated_at < ? ORDER BY updated_at LIMIT ?) RETURNING digest`;
      const before = moment.toISOString();
      deleted += (await runSql(tx, sql, [before, before, limit])).length;
    }
    return deleted;
  }

  #put(tx: Transaction, key: CalibrationKey, first: object, changed: object, now: Date): void {
    const values: Record<string, unknown> = {
      ...Object.fromEntries(KEYS.map((name) => [name, key[name]])),
      ...first,
      updatedAt: now,
    };
    const names = Object.keys(values);
    const set = [...Object.keys(changed), 'updatedAt'].map(
      (name) => `${column(name)} = excluded.${column(name)}`,
    );
    writeSql(
      tx,
      `INSERT INTO forecast_calibrations (${names.map(column).join(', ')}) VALUES (${placeholders(names.length)})
       ON CONFLICT (digest, horizon) DO UPDATE SET ${set.join(', ')}`,
      names.map((name) => storedValue(values[name])),
    );
  }
}

function storedValue(value: unknown): string | number | null {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return JSON.stringify(value);
  return (value ?? null) as string | number | null;
}
