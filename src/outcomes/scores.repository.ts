import { Injectable } from '@nestjs/common';
import {
  columnsOf,
  Database,
  entityOf,
  placeholders,
  runSql,
  type Transaction,
  writeSql,
} from '#libs/database';
import { snakeCased } from '#libs/kernel';
import { ScoreDayEntity, ScoreStandingEntity } from './score-day.entity.js';
import { type KeyedSums, SUM_NAMES } from './score-sums.js';

const KEYS = ['subject', 'horizon', 'day', 'symbol', 'interval'] as const;
const column = (name: string): string => snakeCased(name).replace(/_?(\d+)$/, '_$1');
const SUMS = SUM_NAMES.map(column);
/** What a standing says, but for whose it is and since when. */
const STANDING = [
  'kind',
  'outcomes',
  'effectiveCount',
  'skill',
  'skillLower',
  'quality',
  'onTimeRate',
  'reputation',
  'trend',
] as const;
/** Days in one statement: 41 values each. */
const DAYS_A_STATEMENT = 100;

const addStatement = (rows: number): string =>
  `INSERT INTO score_days (${[...KEYS.map((key) => `"${key}"`), ...SUMS].join(', ')})
   VALUES ${Array.from({ length: rows }, () => `(${placeholders(KEYS.length + SUMS.length)})`).join(', ')}
   ON CONFLICT (${KEYS.map((key) => `"${key}"`).join(', ')})
   DO UPDATE SET ${SUMS.map((sum) => `${sum} = score_days.${sum} + excluded.${sum}`).join(', ')}`;

/** Days with both ends included, `2026-01-31`. */
export interface ScoreFilter {
  readonly subject: string;
  /** 0 for all together. */
  readonly horizon: number;
  readonly from: string;
  readonly to: string;
  readonly symbol?: string;
  readonly interval?: string;
}

@Injectable()
export class ScoresRepository {
  constructor(private readonly database: Database) {}

  /** @param days each key once */
  async add(tx: Transaction, days: readonly KeyedSums[]): Promise<void> {
    for (let first = 0; first < days.length; first += DAYS_A_STATEMENT) {
      const some = days.slice(first, first + DAYS_A_STATEMENT);
      const values = some.flatMap(({ key, sums }) => [
        ...KEYS.map((name) => key[name]),
        ...SUM_NAMES.map((name) => sums[name]),
      ]);
      await runSql(tx, addStatement(some.length), values);
    }
  }

  /** The days of a subject, oldest first: found by the primary key, as many as it has days and symbols in the range. */
  async days({ subject, horizon, from, to, symbol, interval }: ScoreFilter): Promise<ScoreDayEntity[]> {
    const { read } = this.database;
    const more = [
      ...(symbol === undefined ? [] : [{ sql: 'AND symbol = ?', value: symbol }]),
      ...(interval === undefined ? [] : [{ sql: 'AND "interval" = ?', value: interval }]),
    ];
    const sql = `SELECT ${columnsOf(read, ScoreDayEntity)} FROM score_days
      WHERE subject = ? AND horizon = ? AND day BETWEEN ? AND ? ${more.map((one) => one.sql).join(' ')} ORDER BY day`;
    const rows = await runSql(read, sql, [subject, horizon, from, to, ...more.map(({ value }) => value)]);
    return rows.map((row) => entityOf(read, ScoreDayEntity, row));
  }

  setStanding(tx: Transaction, standing: ScoreStandingEntity): void {
    const values = STANDING.map((name) => standing[name]);
    const columns = STANDING.map(snakeCased);
    writeSql(
      tx,
      `INSERT INTO score_standings (subject, updated_at, ${columns.join(', ')}) VALUES (${placeholders(columns.length + 2)})
       ON CONFLICT (subject) DO UPDATE SET ${['updated_at', ...columns].map((name) => `${name} = excluded.${name}`).join(', ')}`,
      [standing.subject, standing.updatedAt.toISOString(), ...values],
    );
  }

  /** By subject, found by the primary key; those that were never judged are left out. At most 1,000 a call. */
  async standings(subjects: readonly string[]): Promise<ScoreStandingEntity[]> {
    if (subjects.length === 0) return [];
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, ScoreStandingEntity)} FROM score_standings
      WHERE subject IN (${placeholders(subjects.length)})`;
    const rows = await runSql(read, sql, [...subjects]);
    return rows.map((row) => entityOf(read, ScoreStandingEntity, row));
  }

  /** Those that were judged longest ago, before a moment. */
  async judgedBefore(moment: Date, limit: number): Promise<string[]> {
    const sql = 'SELECT subject FROM score_standings WHERE updated_at < ? ORDER BY updated_at LIMIT ?';
    const values = [moment.toISOString(), limit];
    const rows = await runSql<{ subject: string }>(this.database.read, sql, values);
    return rows.map(({ subject }) => subject);
  }

  async standing(subject: string): Promise<ScoreStandingEntity | null> {
    const [standing] = await this.standings([subject]);
    return standing ?? null;
  }

  /** Those of a kind that have a quality, the best first. */
  async best(kind: string, limit: number): Promise<ScoreStandingEntity[]> {
    const { read } = this.database;
    const sql = `SELECT ${columnsOf(read, ScoreStandingEntity)} FROM score_standings
      WHERE kind = ? AND quality IS NOT NULL ORDER BY quality DESC LIMIT ?`;
    const rows = await runSql(read, sql, [kind, limit]);
    return rows.map((row) => entityOf(read, ScoreStandingEntity, row));
  }
}
