import { Injectable } from '@nestjs/common';
import { Clock } from '#libs/kernel';
import { amountIn, Turnover, type Micros } from '../billing/billing.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import { figuresOf, ranksOf, successRateOf } from './evaluator-ranks.js';
import type { EvaluatorDay, EvaluatorReport, EvaluatorStatistics } from './marketplace-statistics.port.js';
import { MarketplaceFiguresRepository } from './marketplace-statistics.repository.js';

const WEEK_MS = 7 * 24 * 3_600_000;

/** Evaluators in numbers: counts from their claims, money from billing. */
@Injectable()
export class ReadEvaluatorStatistics implements EvaluatorStatistics {
  constructor(
    private readonly figures: MarketplaceFiguresRepository,
    private readonly turnover: Turnover,
    private readonly users: UserDirectory,
    private readonly clock: Clock,
  ) {}

  async of(evaluatorId: number, since: Date): Promise<EvaluatorReport> {
    const weekAgo = new Date(this.clock.now() - WEEK_MS);
    const [tallies, lastWeek] = await Promise.all([
      this.figures.tallies(since),
      this.figures.tallies(weekAgo),
    ]);
    const currencies = await this.turnover.totals({ evaluatorId, from: since }, 'evaluator');
    return {
      period: figuresOf(tallies, evaluatorId),
      earnings: amountIn(currencies),
      currencies,
      lastWeek: {
        completed: figuresOf(lastWeek, evaluatorId).completed,
        earnings: await this.#earned(evaluatorId, weekAgo),
      },
      ranks: ranksOf(tallies, evaluatorId),
    };
  }

  async best(since: Date, limit: number): Promise<readonly EvaluatorDay[]> {
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

  async #earned(evaluatorId: number, from: Date): Promise<Micros> {
    return amountIn(await this.turnover.totals({ evaluatorId, from }, 'evaluator'));
  }
}
