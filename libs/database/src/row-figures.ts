import type { Database } from './database.js';
import { runSql } from './statements.js';

type Figure = number | string | null | undefined;
type Row<Name extends string> = Readonly<Record<Name, Figure>>;

/** A sum or count of a raw row; 0 over no rows. */
export const sumOf = (figure: Figure): number => Number(figure ?? 0);
/** A mean of a raw row; null over no rows. */
export const meanOf = (figure: Figure): number | null =>
  figure === null || figure === undefined ? null : Number(figure);

/** What happened to the rows of a table since a moment. */
export interface RowActivity {
  /** Created since then. */
  readonly created: number;
  /** Of those created since then, how many are completed by now. */
  readonly createdAndCompleted: number;
  /** Ended since then, whenever they were created. */
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Mean milliseconds of work on those completed since then; null when there are none. */
  readonly meanProcessingMs: number | null;
  /** Mean milliseconds from creation to the start of those completed since then; null when there are none. */
  readonly meanWaitMs: number | null;
}

/** What one user asked for since a moment. */
export interface RowUsage {
  readonly created: number;
  /** Milliseconds of work on the ended ones among them. */
  readonly processingMs: number;
}

/** Counts and measures the rows of one table that are asked for, worked on and ended. */
export abstract class RowFigures {
  abstract since(moment: Date): Promise<RowActivity>;
  abstract usageOf(userId: number, since: Date): Promise<RowUsage>;
  /** A status without rows is left out. */
  abstract countByStatus(): Promise<Readonly<Record<string, number>>>;
  /** A type without rows is left out. */
  abstract countByType(): Promise<Readonly<Record<string, number>>>;
}

/** Where a table keeps what {@link RowFigures} need beside the columns that all of them share. */
export interface FiguredTable {
  readonly name: string;
  /** Column of the moment at which the work began. */
  readonly startedAt: string;
  /** Column of the milliseconds of work; absent: from the start to the end. */
  readonly processingMs?: string;
  /** SQL condition of rows that have ended, as their index wants it; absent: those with an end. */
  readonly ended?: string;
}

/** {@link RowFigures} as sums over a table with `user_id`, `status`, `prediction_type`, `created_at` and `completed_at`. */
export class TableFigures implements RowFigures {
  constructor(
    protected readonly database: Database,
    private readonly table: FiguredTable,
  ) {}

  async since(moment: Date): Promise<RowActivity> {
    const { name, startedAt, ended: hasEnded = 'completed_at IS NOT NULL' } = this.table;
    const since = moment.toISOString();
    const [created] = await runSql<Row<'created' | 'completed'>>(
      this.database.read,
      `SELECT COUNT(*) AS created, ${tallied('completed')} AS completed FROM ${name} WHERE created_at >= ?`,
      [since],
    );
    const [ended] = await runSql<Row<'completed' | 'failed' | 'cancelled' | 'processing' | 'wait'>>(
      this.database.read,
      `SELECT ${tallied('completed')} AS completed, ${tallied('failed')} AS failed,
         ${tallied('cancelled')} AS cancelled,
         AVG(CASE WHEN status = 'completed' THEN ${this.#processing()} END) AS processing,
         AVG(CASE WHEN status = 'completed' THEN ${this.#between('created_at', startedAt)} END) AS wait
       FROM ${name} WHERE ${hasEnded} AND completed_at >= ?`,
      [since],
    );
    return {
      created: sumOf(created?.created),
      createdAndCompleted: sumOf(created?.completed),
      completed: sumOf(ended?.completed),
      failed: sumOf(ended?.failed),
      cancelled: sumOf(ended?.cancelled),
      meanProcessingMs: meanOf(ended?.processing),
      meanWaitMs: meanOf(ended?.wait),
    };
  }

  async usageOf(userId: number, since: Date): Promise<RowUsage> {
    const [row] = await runSql<Row<'created' | 'processing'>>(
      this.database.read,
      `SELECT COUNT(*) AS created, SUM(${this.#processing()}) AS processing
       FROM ${this.table.name} WHERE user_id = ? AND created_at >= ?`,
      [userId, since.toISOString()],
    );
    return { created: sumOf(row?.created), processingMs: sumOf(row?.processing) };
  }

  countByStatus(): Promise<Record<string, number>> {
    return this.#countBy('status');
  }

  countByType(): Promise<Record<string, number>> {
    return this.#countBy('prediction_type');
  }

  async #countBy(column: 'status' | 'prediction_type'): Promise<Record<string, number>> {
    const rows = await runSql<{ name: string; total: number | string }>(
      this.database.read,
      `SELECT ${column} AS name, COUNT(*) AS total FROM ${this.table.name} GROUP BY ${column}`,
    );
    return Object.fromEntries(rows.map(({ name, total }) => [name, Number(total)]));
  }

  #processing(): string {
    return this.table.processingMs ?? this.#between(this.table.startedAt, 'completed_at');
  }

  /** Milliseconds between two moments stored as RFC 3339 text; null when one of them is. */
  #between(from: string, to: string): string {
    return this.database.kind === 'postgres'
      ? `EXTRACT(EPOCH FROM (${to}::timestamptz - ${from}::timestamptz)) * 1000`
      : `(julianday(${to}) - julianday(${from})) * 86400000`;
  }
}

const tallied = (status: string): string => `SUM(CASE WHEN status = '${status}' THEN 1 ELSE 0 END)`;
