import { Injectable } from '@nestjs/common';
import { Clock, HOUR_MS, WEEK_MS } from '#libs/kernel';
import { amountIn, Turnover, type Micros } from '../billing/billing.port.js';
import { UserDirectory } from '../accounts/accounts.port.js';
import { type ScoreStanding, ScoreStandings, UNRATED } from '../outcomes/standings.port.js';
import type {
  EvaluatorDay,
  EvaluatorFigures,
  EvaluatorRanks,
  EvaluatorReport,
  EvaluatorStatistics,
} from './marketplace-statistics.port.js';
import { type EvaluatorTally, MarketplaceFiguresRepository } from './marketplace-statistics.repository.js';

/** Evaluators whose qualities are compared: those who completed most. */
const MOST_RIVALS = 999;
type Standings = ReadonlyMap<number, ScoreStanding>;

const NOTHING = { completed: 0, released: 0, timedOut: 0, successRate: null, meanProcessingMs: null };

/** Evaluators in numbers: counts from their claims, money from billing, quality from outcomes. */
@Injectable()
export class ReadEvaluatorStatistics implements EvaluatorStatistics {
  constructor(
    private readonly figures: MarketplaceFiguresRepository,
    private readonly turnover: Turnover,
    private readonly users: UserDirectory,
    private readonly standings: ScoreStandings,
    private readonly clock: Clock,
  ) {}

  async of(evaluatorId: number, since: Date): Promise<EvaluatorReport> {
    const weekAgo = new Date(this.clock.now() - WEEK_MS);
    const inPeriod = this.figures.tallies(since);
    const hourOf = (moment: Date): number => Math.floor(moment.getTime() / HOUR_MS);
    // mostly a week is asked for, and tallies are of whole hours
    const isWeek = hourOf(since) === hourOf(weekAgo);
    const [tallies, lastWeek, currencies, earnings] = await Promise.all([
      inPeriod,
      isWeek ? inPeriod : this.figures.tallies(weekAgo),
      this.turnover.totals({ evaluatorId, from: since }, 'evaluator'),
      this.#earned(evaluatorId, weekAgo),
    ]);
    const rivals = tallies.filter(({ completed }) => completed > 0).slice(0, MOST_RIVALS);
    const standings = await this.#standings([evaluatorId, ...rivals.map((rival) => rival.evaluatorId)]);
    return {
      period: figuresOf(tallies, evaluatorId),
      earnings: amountIn(currencies),
      currencies,
      lastWeek: { completed: figuresOf(lastWeek, evaluatorId).completed, earnings },
      ranks: ranksOf(tallies, standings, evaluatorId),
      standing: standings.get(evaluatorId) ?? UNRATED,
    };
  }

  /** @param since the beginning of an hour */
  async best(since: Date, limit: number): Promise<readonly EvaluatorDay[]> {
    const tallies = (await this.figures.tallies(since)).slice(0, limit);
    const ids = tallies.map(({ evaluatorId }) => evaluatorId);
    const [names, standings, paid] = await Promise.all([
      this.users.usernames(ids),
      this.#standings(ids),
      this.turnover.paidToEvaluators(since),
    ]);
    return tallies.map((tally) => ({
      ...tally,
      username: names.get(tally.evaluatorId) ?? null,
      quality: standings.get(tally.evaluatorId)?.quality ?? null,
      earnings: amountIn(paid.get(tally.evaluatorId) ?? []),
    }));
  }

  #standings(ids: readonly number[]): Promise<Standings> {
    return this.standings.of('evaluator', ids);
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
function ranksOf(tallies: readonly EvaluatorTally[], standings: Standings, of: number): EvaluatorRanks {
  const ranked = tallies.filter(({ completed }) => completed > 0);
  const own = ranked.find(({ evaluatorId }) => evaluatorId === of);
  const place = (isBetter: (other: EvaluatorTally, than: EvaluatorTally) => boolean): number | null =>
    own === undefined ? null : 1 + ranked.filter((other) => isBetter(other, own)).length;
  const qualityOf = ({ evaluatorId }: EvaluatorTally) => standings.get(evaluatorId)?.quality ?? null;
  const isBetter = (one: EvaluatorTally, than: EvaluatorTally) =>
    (qualityOf(one) ?? -1) > (qualityOf(than) ?? -1);
  return {
    speed: place(isFaster),
    reliability: place(isMoreReliable),
    quality: own === undefined || qualityOf(own) === null ? null : place(isBetter),
    evaluators: ranked.length,
  };
}

const isFaster = (one: EvaluatorTally, than: EvaluatorTally): boolean =>
  (one.meanProcessingMs ?? Infinity) < (than.meanProcessingMs ?? Infinity);

function isMoreReliable(one: EvaluatorTally, than: EvaluatorTally): boolean {
  const [rate, other] = [one.successRate ?? 0, than.successRate ?? 0];
  return rate === other ? one.completed > than.completed : rate > other;
}
