import type { EvaluatorFigures, EvaluatorRanks } from './marketplace-statistics.port.js';
import type { EvaluatorTally } from './marketplace-statistics.repository.js';

const NOTHING = { completed: 0, released: 0, timedOut: 0, meanProcessingMs: null } as const;

/** Completed among all claims that ended; null without any. */
export function successRateOf({
  completed,
  released,
  timedOut,
}: Pick<EvaluatorTally, 'completed' | 'released' | 'timedOut'>): number | null {
  const ended = completed + released + timedOut;
  return ended === 0 ? null : completed / ended;
}

export function figuresOf(tallies: readonly EvaluatorTally[], evaluatorId: number): EvaluatorFigures {
  const tally = tallies.find((one) => one.evaluatorId === evaluatorId) ?? NOTHING;
  const { completed, released, timedOut, meanProcessingMs } = tally;
  return { completed, released, timedOut, successRate: successRateOf(tally), meanProcessingMs };
}

/** Places among those who completed anything; equal ones share a place. */
export function ranksOf(tallies: readonly EvaluatorTally[], evaluatorId: number): EvaluatorRanks {
  const ranked = tallies.filter(({ completed }) => completed > 0);
  const own = ranked.find((one) => one.evaluatorId === evaluatorId);
  const place = (isBetter: (other: EvaluatorTally, than: EvaluatorTally) => boolean): number | null =>
    own === undefined ? null : 1 + ranked.filter((other) => isBetter(other, own)).length;
  return { speed: place(isFaster), reliability: place(isMoreReliable), evaluators: ranked.length };
}

const isFaster = (one: EvaluatorTally, than: EvaluatorTally): boolean =>
  (one.meanProcessingMs ?? Infinity) < (than.meanProcessingMs ?? Infinity);

function isMoreReliable(one: EvaluatorTally, than: EvaluatorTally): boolean {
  const [rate, other] = [successRateOf(one) ?? 0, successRateOf(than) ?? 0];
  return rate === other ? one.completed > than.completed : rate > other;
}
