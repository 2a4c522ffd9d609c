import { Injectable } from '@nestjs/common';
import type { RowActivity } from '#libs/database';
import { Clock, DAY_MS } from '#libs/kernel';
import { EvaluatorStatistics, MarketplaceFigures } from '../marketplace/marketplace-statistics.port.js';
import { PredictionFigures } from '../predictions/predictions.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import type {
  PredictionCounts,
  ResourceUtilization,
  StatisticsOut,
  StatisticsPeriod,
} from './statistics.dto.js';
import { Finances } from './finances.service.js';
import { ProcessFigures } from './process-figures.js';
import { SystemHealth } from './system-health.service.js';

const MOST_EVALUATORS = 100;
const DAYS: Readonly<Record<StatisticsPeriod, number>> = { '1d': 1, '7d': 7, '30d': 30 };

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

  async collect(period: StatisticsPeriod): Promise<StatisticsOut> {
    const now = this.clock.now();
    const today = new Date(Math.floor(now / DAY_MS) * DAY_MS);
    const [users, health, sinceMidnight, performanceMetrics, predictions, ...others] = await Promise.all([
      this.users.counts(),
      this.health.report(),
      this.#since(today),
      this.#since(new Date(now - DAYS[period] * DAY_MS)),
      this.#counts(),
      this.evaluators.best(today, MOST_EVALUATORS),
      this.finances.of(today),
      this.#resources(),
    ]);
    const [evaluatorPerformance, financialMetrics, resourceUtilization] = others;
    const { pending = 0, processing = 0 } = predictions.byStatus;
    return {
      systemOverview: { ...users, pending, processing, ...sinceMidnight, systemHealth: health.overallStatus },
      financialMetrics,
      performanceMetrics,
      evaluatorPerformance,
      predictions,
      resourceUtilization,
    };
  }

  /** Core predictions and orders of the marketplace. */
  async #since(moment: Date): Promise<RowActivity> {
    return jointActivity(await this.predictions.since(moment), await this.marketplace.since(moment));
  }

  async #counts(): Promise<PredictionCounts> {
    return {
      byType: jointCounts(await this.predictions.countByType(), await this.marketplace.countByType()),
      byStatus: jointCounts(await this.predictions.countByStatus(), await this.marketplace.countByStatus()),
    };
  }

  async #resources(): Promise<ResourceUtilization> {
    return {
      cpuUsage: this.figures.cpuPercent(),
      memoryUsage: this.figures.memoryPercent(),
      storageUsage: (await this.figures.disk())?.usedPercent ?? null,
    };
  }
}

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
