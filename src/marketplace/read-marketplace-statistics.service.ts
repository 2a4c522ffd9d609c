import { Injectable } from '@nestjs/common';
import { Clock } from '#libs/kernel';
import { HOME_CURRENCY, BillingReports, type BillingTotal, type Micros } from '../billing/billing.port.js';
import type { MarketplaceFigures, MarketplaceTotals } from '../users/marketplace-figures.port.js';
import { UserDirectory } from '../users/users.port.js';
import { figuresOf, ranksOf, successRateOf } from './evaluator-ranks.js';
import type {
  EvaluatorDay,
  EvaluatorStatistics,
  MarketplaceActivity,
  MarketplaceStatistics,
} from './marketplace-statistics.port.js';
import { MarketplaceFiguresRepository } from './marketplace-statistics.repository.js';

const WEEK_MS = 7 * 24 * 3_600_000;

/** The marketplace in numbers: counts from its rows, money from billing's. */
@Injectable()
export class ReadMarketplaceStatistics implements MarketplaceStatistics, MarketplaceFigures {
  constructor(
    private readonly figures: MarketplaceFiguresRepository,
    private readonly reports: BillingReports,
    private readonly users: UserDirectory,
    private readonly clock: Clock,
  ) {}

  async evaluator(evaluatorId: number, since: Date): Promise<EvaluatorStatistics> {
    const weekAgo = new Date(this.clock.now() - WEEK_MS);
    const [tallies, lastWeek] = await Promise.all([
      this.figures.tallies(since),
      this.figures.tallies(weekAgo),
    ]);
    const currencies = await this.reports.earned(evaluatorId, 'evaluator', { from: since });
    return {
      period: figuresOf(tallies, evaluatorId),
      earnings: atHome(currencies),
      currencies,
      lastWeek: {
        completed: figuresOf(lastWeek, evaluatorId).completed,
        earnings: await this.#earned(evaluatorId, weekAgo),
      },
      ranks: ranksOf(tallies, evaluatorId),
    };
  }

  async evaluators(since: Date, limit: number): Promise<readonly EvaluatorDay[]> {
    const tallies = (await this.figures.tallies(since)).slice(0, limit);
    const names = await this.users.usernames(tallies.map(({ evaluatorId }) => evaluatorId));
    return Promise.all(
      tallies.map(async (tally) => ({
        evaluatorId: tally.evaluatorId,
        username: names.get(tally.evaluatorId) ?? null,
        completed: tally.completed,
        successRate: successRateOf(tally),
        earnings: await this.#earned(tally.evaluatorId, since),
      })),
    );
  }

  countByStatus() {
    return this.figures.countByStatus();
  }

  countByType() {
    return this.figures.countByType();
  }

  async since(moment: Date): Promise<MarketplaceActivity> {
    const activity = await this.figures.since(moment);
    return { ...activity, revenue: atHome(await this.reports.revenue({ from: moment })) };
  }

  async totalsOf(userIds: readonly number[]): Promise<ReadonlyMap<number, MarketplaceTotals>> {
    if (userIds.length === 0) return new Map();
    const requests = await this.figures.countByClient(userIds);
    return new Map([...requests].map(([id, total]) => [id, { requests: total }]));
  }

  async #earned(evaluatorId: number, from: Date): Promise<Micros> {
    return atHome(await this.reports.earned(evaluatorId, 'evaluator', { from }));
  }
}

const atHome = (totals: readonly BillingTotal[]): Micros =>
  totals.find(({ currency }) => currency === HOME_CURRENCY)?.amount ?? 0;
