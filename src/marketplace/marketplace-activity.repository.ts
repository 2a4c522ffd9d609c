import { Injectable } from '@nestjs/common';
import { Database, runSql } from '#libs/database';
import type { MarketplaceUsage, MarketplaceUsages } from '../users/marketplace-figures.port.js';
import type { MarketplaceBacklog, MarketplaceBacklogs } from './marketplace-backlog.port.js';

type Figure = number | string | null;

const count = (figure: Figure | undefined): number => Number(figure ?? 0);
const tallied = (condition: string): string => `SUM(CASE WHEN ${condition} THEN 1 ELSE 0 END)`;

/** What is asked and not finished, as sums over the table `prediction_jobs`. */
@Injectable()
export class MarketplaceActivityRepository implements MarketplaceBacklogs, MarketplaceUsages {
  constructor(private readonly database: Database) {}

  async usageOf(userId: number, since: Date): Promise<MarketplaceUsage> {
    const [row] = await runSql<Readonly<Record<'requests' | 'processing', Figure>>>(
      this.database.read,
      `SELECT COUNT(*) AS requests, SUM(processing_time_ms) AS processing
       FROM prediction_jobs WHERE user_id = ? AND created_at >= ?`,
      [userId, since.toISOString()],
    );
    return { requests: count(row?.requests), processingMs: count(row?.processing) };
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
