import { Injectable } from '@nestjs/common';
import type { RowActivity } from '#libs/database';
import { Clock, moneyOf } from '#libs/kernel';
import {
  type EvaluatorDay,
  EvaluatorStatistics,
  MarketplaceFigures,
} from '../marketplace/marketplace-statistics.port.js';
import { PredictionFigures } from '../predictions/predictions.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import type {
  EvaluatorPerformance,
  PerformanceMetrics,
  Period,
  PredictionCounts,
  ResourceUtilization,
  StatisticsOut,
} from './statistics.dto.js';
import { Finances } from './finances.service.js';
import { ProcessFigures } from './process-figures.js';
import { SystemHealth } from './system-health.service.js';

const DAY_MS = 86_400_000;
const MOST_EVALUATORS = 100;
const DAYS: Readonly<Record<Period, number>> = { '1d': 1, '7d': 7, '30d': 30 };

const rounded = (value: number, decimals: number): number => Number(value.toFixed(decimals));
const seconds = (ms: number | null): number | null => (ms === null ? null : rounded(ms / 1000, 1));

/** Figures for administrators. Everything is counted or measured; what is not measured is null. */
@Injectable()
export class Statistics {
  constructor(
    private readonly health: SystemHealth,
    private readonly figures: ProcessFigures,
    private readonly finances: Finances,
    private readonly clock: Clock,
    private readonly users: UserDirectory,
    private readonly predictions: PredictionFigures,
    private readonly marketplace: MarketplaceFigures,
    private readonly evaluators: EvaluatorStatistics,
  ) {}

  async collect(period: Period): Promise<StatisticsOut> {
    const now = this.clock.now();
    const today = new Date(Math.floor(now / DAY_MS) * DAY_MS);
    const [users, health, sinceMidnight, sincePeriod, counts, evaluators, money, resources] =
      await Promise.all([
        this.users.counts(),
        this.health.report(),
        this.#since(today),
        this.#since(new Date(now - DAYS[period] * DAY_MS)),
        this.#counts(),
        this.evaluators.best(today, MOST_EVALUATORS),
        this.finances.of(today),
        this.#resources(),
      ]);
    const { pending = 0, processing = 0 } = counts.by_status;
    return {
      system_overview: {
        active_users: users.active,
        total_users: users.total,
        pending_requests: pending,
        processing_requests: processing,
        completed_today: sinceMidnight.completed,
        failed_today: sinceMidnight.failed,
        system_health: health.overall_status,
        uptime_percentage: null,
      },
      financial_metrics: money,
      performance_metrics: performanceOf(sincePeriod),
      evaluator_performance: evaluators.map(performanceOfEvaluator),
      predictions: counts,
      resource_utilization: resources,
    };
  }

  /** Core predictions and orders of the marketplace. */
  async #since(moment: Date): Promise<RowActivity> {
    return jointActivity(await this.predictions.since(moment), await this.marketplace.since(moment));
  }

  async #counts(): Promise<PredictionCounts> {
    return {
      by_type: jointCounts(await this.predictions.countByType(), await this.marketplace.countByType()),
      by_status: jointCounts(await this.predictions.countByStatus(), await this.marketplace.countByStatus()),
    };
  }

  async #resources(): Promise<ResourceUtilization> {
    return {
      cpu_usage: this.figures.cpuPercent(),
      memory_usage: this.figures.memoryPercent(),
      storage_usage: (await this.figures.disk())?.usedPercent ?? null,
      network_throughput: null,
    };
  }
}

const performanceOf = (activity: RowActivity): PerformanceMetrics => ({
  average_processing_time: seconds(activity.meanProcessingMs),
  queue_wait_time: seconds(activity.meanWaitMs),
  success_rate: activity.created === 0 ? null : rounded(activity.createdAndCompleted / activity.created, 3),
  customer_satisfaction: null,
});

const performanceOfEvaluator = (day: EvaluatorDay): EvaluatorPerformance => ({
  evaluator_id: String(day.evaluatorId),
  username: day.username,
  completed_today: day.completed,
  success_rate: day.successRate === null ? null : rounded(day.successRate, 3),
  average_quality: null,
  earnings_today: moneyOf(day.earnings),
  reason: 'needs realised outcomes',
});

/** Two activities as one: counts add up, means weigh as much as was completed. */
export const jointActivity = (one: RowActivity, other: RowActivity): RowActivity => ({
  created: one.created + other.created,
  createdAndCompleted: one.createdAndCompleted + other.createdAndCompleted,
  completed: one.completed + other.completed,
  failed: one.failed + other.failed,
  cancelled: one.cancelled + other.cancelled,
  meanProcessingMs: jointMean(
    [one.meanProcessingMs, one.completed],
    [other.meanProcessingMs, other.completed],
  ),
  meanWaitMs: jointMean([one.meanWaitMs, one.completed], [other.meanWaitMs, other.completed]),
});

type Weighted = readonly [mean: number | null, weight: number];

function jointMean(...parts: readonly Weighted[]): number | null {
  const known = parts.filter(([mean]) => mean !== null);
  const weight = known.reduce((sum, [, count]) => sum + count, 0);
  return weight === 0 ? null : known.reduce((sum, [mean, count]) => sum + (mean ?? 0) * count, 0) / weight;
}

type Counts = Readonly<Record<string, number>>;

/** Two maps of counts as one, without what nobody counted. */
export function jointCounts(one: Counts, other: Counts): Counts {
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  return Object.fromEntries(
    names.map((name) => [name, (one[name] ?? 0) + (other[name] ?? 0)] as const).filter(([, sum]) => sum > 0),
  );
}
