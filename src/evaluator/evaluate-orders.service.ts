import { Injectable } from '@nestjs/common';
import { AfterCommit, SuccessOut } from '#libs/http';
import { type Actor, Clock } from '#libs/kernel';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { EvaluatorStatistics } from '../marketplace/marketplace-statistics.port.js';
import { ClaimedWork, OrderQueue, type PendingOrder } from '../marketplace/order-queue.port.js';
import type { ClaimOut, ClaimRequest } from './claim.dto.js';
import type {
  AssignedOut,
  AssignedQuery,
  ProgressOut,
  ProgressRequest,
  ReleaseRequest,
  SubmitOut,
  SubmitRequest,
} from './lease.dto.js';
import type { PendingOut, PendingQuery } from './pending.dto.js';
import type { EvaluatorStatsOut, StatsPeriod, StatsQuery } from './stats.dto.js';
import { ProcessingDetails } from './processing-details.service.js';

const DAY_MS = 86_400_000;
const PERIOD_DAYS: Readonly<Record<StatsPeriod, number>> = { '7d': 7, '30d': 30, '90d': 90 };

/** The marketplace's queue as evaluators over HTTP know it, and their own figures. Errors are the queue's own. */
@Injectable()
export class EvaluateOrders {
  constructor(
    private readonly queue: OrderQueue,
    private readonly work: ClaimedWork,
    private readonly statistics: EvaluatorStatistics,
    private readonly settings: RuntimeSettings,
    private readonly clock: Clock,
    private readonly details: ProcessingDetails,
  ) {}

  async pending(caller: Actor, query: PendingQuery): Promise<PendingOut> {
    const list = await this.queue.pending(caller, query, query);
    const processingTimeout = this.settings.get('prediction_timeout');
    return {
      ...list,
      orders: list.orders.map((order) => ({
        ...order,
        requirements: { ...machineFor(order), processingTimeout },
      })),
      paymentRange: list.paymentRange ?? { min: 0, max: 0, average: 0 },
    };
  }

  /** The plugins are asked when the claim is committed: that may take seconds, and no other write should wait for it. */
  async claim(caller: Actor, orderId: string, body: ClaimRequest): Promise<AfterCommit<ClaimOut>> {
    const claim = await this.queue.claim(caller, { ...body, orderId });
    return new AfterCommit({ ...claim, processingDetails: this.details.inShort(claim) }, async () => ({
      ...claim,
      processingDetails: await this.details.of(claim),
    }));
  }

  submit(caller: Actor, orderId: string, answer: SubmitRequest): Promise<SubmitOut> {
    const { leaseEpoch = null, ...values } = answer;
    const { processingLog = null, resourceUsage = null, qualityMetrics = null } = values;
    const result = { ...values, processingLog, resourceUsage, qualityMetrics };
    return this.work.submit(caller, { orderId, leaseEpoch, result });
  }

  async progress(caller: Actor, orderId: string, body: ProgressRequest): Promise<ProgressOut> {
    const reply = await this.work.heartbeat(caller, { orderId, leaseEpoch: body.leaseEpoch ?? null }, body);
    return { ...reply, remainingMs: reply.timeoutAt.getTime() - this.clock.now() };
  }

  async assigned(caller: Actor, query: AssignedQuery): Promise<AssignedOut> {
    const list = await this.queue.assigned(caller, query);
    const { status, includeExpired } = query;
    const inTime = status === 'overdue' ? 0 : list.totalProcessing;
    const overdue = status === 'overdue' || (status === undefined && includeExpired) ? list.totalOverdue : 0;
    return { ...list, totalAssigned: inTime + overdue };
  }

  async stats({ userId }: Actor, { period, includeRankings }: StatsQuery): Promise<EvaluatorStatsOut> {
    const since = new Date(this.clock.now() - PERIOD_DAYS[period] * DAY_MS);
    const figures = await this.statistics.of(userId, since);
    return {
      performanceSummary: { ...figures.period, ...figures, ...figures.standing },
      recentActivity: { lastWeek: { ...figures.lastWeek, trend: figures.standing.trend } },
      rankings: includeRankings ? figures.ranks : null,
    };
  }

  async release(caller: Actor, orderId: string, body: ReleaseRequest): Promise<SuccessOut> {
    await this.work.release(caller, { ...body, orderId });
    return { message: 'Request released back to queue' };
  }
}

/** What an order asks of the machine that computes it. */
const machineFor = ({ predictorPlugin, effort }: PendingOrder) => ({
  gpuRequired: predictorPlugin.includes('transformer'),
  memoryGb: effort === 'high' ? 8 : 4,
});
