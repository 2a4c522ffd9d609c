import { Injectable } from '@nestjs/common';
import { Database, runSql } from '#libs/database';
import type {
  MarketplaceActivities,
  MarketplaceBacklog,
  MarketplaceUsage,
} from './marketplace-activity.port.js';

type Figure = number | string | null;

const count = (figure: Figure | undefined): number => Number(figure ?? 0);
const tallied = (condition: string): string => `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;

/** {@link MarketplaceActivities} as sums over the table `prediction_jobs`. */
@Injectable()
export class MarketplaceActivityRepository implements MarketplaceActivities {
  constructor(private readonly database: Database) {}

  async usageOf(clientId: number, since: Date): Promise<MarketplaceUsage> {
    const [row] = await runSql<Readonly<Record<'created' | 'processing', Figure>>>(
      this.database.read,
      `SELECT COUNT(*) AS created, SUM(processing_time_ms) AS processing
       FROM prediction_jobs WHERE user_id = ? AND created_at >= ?`,
      [clientId, since.toISOString()],
    );
    return { created: count(row?.created), processingMs: count(row?.processing) };
  }

  async backlog(now: Date, stuckBefore: Date): Promise<MarketplaceBacklog> {
    const before = stuckBefore.toISOString();
    const [row] = await runSql<
      Readonly<Record<'pending' | 'processing' | 'stuck', Figure>> & { readonly oldest: string | null }
    >(
      this.database.read,
      `SELECT ${tallied(`status = 'pending'`)} AS pending, ${tallied(`status = 'processing'`)} AS processing,
         ${tallied(`(status = 'processing' AND timeout_at < ?) OR (status = 'pending' AND expires_at < ?)`)} AS stuck,
         MIN(CASE WHEN status = 'pending' AND expires_at > ? THEN created_at END) AS oldest
       FROM prediction_jobs WHERE status IN ('pending', 'processing')`,
      [before, before, now.toISOString()],
    );
    const oldest = row?.oldest ?? null;
    return {
      pending: count(row?.pending),
      processing: count(row?.processing),
      stuck: count(row?.stuck),
      oldestPending: oldest === null ? null : new Date(oldest),
    };
  }
}
