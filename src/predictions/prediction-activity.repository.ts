import { Injectable } from '@nestjs/common';
import { Database, runSql } from '#libs/database';
import type {
  PredictionActivities,
  PredictionActivity,
  PredictionUsage,
} from './prediction-activity.port.js';

type Figure = number | string | null;
type Row<Name extends string> = Readonly<Record<Name, Figure>>;

const count = (figure: Figure | undefined): number => Number(figure ?? 0);
const mean = (figure: Figure | undefined): number | null =>
  figure === null || figure === undefined ? null : Number(figure);

/** {@link PredictionActivities} as sums over the table `predictions`. */
@Injectable()
export class PredictionActivityRepository implements PredictionActivities {
  constructor(private readonly database: Database) {}

  async since(moment: Date): Promise<PredictionActivity> {
    const since = moment.toISOString();
    const [created] = await runSql<Row<'created' | 'completed'>>(
      this.database.read,
      `SELECT COUNT(*) AS created, SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END) AS completed
       FROM predictions WHERE created_at >= ?`,
      [since],
    );
    const [ended] = await runSql<Row<'completed' | 'failed' | 'processing' | 'wait'>>(
      this.database.read,
      `SELECT SUM(CASE WHEN status = 'completed' THEN 1 ELSE 0 END) AS completed,
         SUM(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed,
         AVG(CASE WHEN status = 'completed' THEN ${this.#between('started_at', 'completed_at')} END) AS processing,
         AVG(CASE WHEN status = 'completed' THEN ${this.#between('created_at', 'started_at')} END) AS wait
       FROM predictions WHERE completed_at >= ?`,
      [since],
    );
    return {
      created: count(created?.created),
      createdAndCompleted: count(created?.completed),
      completed: count(ended?.completed),
      failed: count(ended?.failed),
      meanProcessingMs: mean(ended?.processing),
      meanWaitMs: mean(ended?.wait),
    };
  }

  async usageOf(userId: number, since: Date): Promise<PredictionUsage> {
    const [row] = await runSql<Row<'created' | 'processing'>>(
      this.database.read,
      `SELECT COUNT(*) AS created, SUM(${this.#between('started_at', 'completed_at')}) AS processing
       FROM predictions WHERE user_id = ? AND created_at >= ?`,
      [userId, since.toISOString()],
    );
    return { created: count(row?.created), processingMs: count(row?.processing) };
  }

  /** Milliseconds between two moments stored as RFC 3339 text; null when one of them is. */
  #between(from: string, to: string): string {
    return this.database.kind === 'postgres'
      ? `EXTRACT(EPOCH FROM (${to}::timestamptz - ${from}::timestamptz)) * 1000`
      : `(julianday(${to}) - julianday(${from})) * 86400000`;
  }
}
