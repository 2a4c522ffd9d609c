import { Injectable } from '@nestjs/common';
import { Clock, WEEK_MS } from '#libs/kernel';
import { amountIn, Turnover, type Micros } from '../billing/billing.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import type {
  EvaluatorDay,
  EvaluatorFigures,
  EvaluatorRanks,
  EvaluatorReport,
  EvaluatorStatistics,
} from './marketplace-statistics.port.js';
import { type EvaluatorTally, MarketplaceFiguresRepository } from './marketplace-statistics.repository.js';

const NOTHING = { completed: 0, released: 0, timedOut: 0, successRate: null, meanProcessingMs: null };

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
        ...tally,
        username: names.get(tally.evaluatorId) ?? null,
        earnings: await this.#earned(tally.evaluatorId, since),
      })),
    );
  }

  async #earned(evaluatorId: number, from: Date): Promise<Micros> {
    return amountIn(await this.turnover.totals({ evaluatorId, from }, 'evaluator'));
  }
}

function figuresOf(tallies: readonly EvaluatorTally[], of: number): EvaluatorFigures {
  const { completed, released, timedOut, successRate, meanProcessingMs } =
    tallies.find(({ evaluatorId }) => evaluatorId === of) ?? NOTHING;
  return { completed, released, timedOut, successRate, meanProcessingMs };
}

/** Places among those who completed anything; equal ones share a place. */
function ranksOf(tallies: readonly EvaluatorTally[], of: number): EvaluatorRanks {
  const ranked = tallies.filter(({ completed }) => completed > 0);
  const own = ranked.find(({ evaluatorId }) => evaluatorId === of);
  const place = (isBetter: (other: EvaluatorTally, than: EvaluatorTally) => boolean): number | null =>
    own === undefined ? null : 1 + ranked.filter((other) => isBetter(other, own)).length;
  return { speed: place(isFaster), reliability: place(isMoreReliable), evaluators: ranked.length };
}

const isFaster = (one: EvaluatorTally, than: EvaluatorTally): boolean =>
  (one.meanProcessingMs ?? Infinity) < (than.meanProcessingMs ?? Infinity);

function isMoreReliable(one: EvaluatorTally, than: EvaluatorTally): boolean {
  const [rate, other] = [one.successRate ?? 0, than.successRate ?? 0];
  return rate === other ? one.completed > than.completed : rate > other;
}
