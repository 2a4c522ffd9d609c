import { Injectable } from '@nestjs/common';
import { type Actor, Clock, DAY_MS } from '#libs/kernel';
import { EvaluatorStatistics } from '../marketplace/marketplace-statistics.port.js';
import type { EvaluatorStatsOut, StatsPeriod, StatsQuery } from './stats.dto.js';

const DAYS: Readonly<Record<StatsPeriod, number>> = { '7d': 7, '30d': 30, '90d': 90 };

/** An evaluator's own figures, counted from its claims. */
@Injectable()
export class EvaluatorStats {
  constructor(
    private readonly statistics: EvaluatorStatistics,
    private readonly clock: Clock,
  ) {}

  async of({ userId }: Actor, { period, includeRankings }: StatsQuery): Promise<EvaluatorStatsOut> {
    const since = new Date(this.clock.now() - DAYS[period] * DAY_MS);
    const figures = await this.statistics.of(userId, since);
    return {
      performanceSummary: { ...figures.period, ...figures },
      recentActivity: figures,
      rankings: includeRankings ? figures.ranks : null,
    };
  }
}
