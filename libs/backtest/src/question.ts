import type { StatedNumbers } from '#libs/scoring';

/** What is forecast again and again, from when to when. */
export interface BacktestQuestion {
  readonly symbol: string;
  /** Canonical bar length, see `FetchRequest.interval`; null for that of the source. */
  readonly interval: string | null;
  /** As in `ForecastRequest.modelName`. */
  readonly modelName: string | null;
  /** Label of the first bar that is forecast from, epoch ms UTC, inclusive; null for the first that has enough before it. */
  readonly from: number | null;
  /** Label of the last one, inclusive; null for the last with a bar behind it. */
  readonly to: number | null;
  /** Bars from one forecast to the next, ≥ 1. */
  readonly stride: number;
  /** Bars ahead, 1 to 1,000; null = the predictor's choice. */
  readonly horizons: readonly number[] | null;
  /** Random passes a forecast; null = the predictor's own number. */
  readonly samples: number | null;
  /** Of everything random, 0 to 2³² − 1: each bar has a seed of its own, drawn from this one and its label. */
  readonly seed: number;
  readonly targetColumn: string | null;
}

/** One forecast of a walk, beside what came; lists by horizon, null where there is nothing. */
export interface WalkedForecast extends StatedNumbers {
  /** Label of the bar that it starts from, epoch ms UTC. */
  readonly baseline: number;
  readonly baselineValue: number;
  /** Root mean square of the last 256 one-bar changes; null for a series that does not move. */
  readonly volatility: number | null;
  /** Mean absolute value of those changes. */
  readonly naiveMae: number | null;
  /** Seed of everything random in it. */
  readonly seed: number | null;
  /** Labels of the bars that came, epoch ms UTC. */
  readonly targetTimes: readonly (number | null)[];
  readonly values: readonly (number | null)[];
  readonly losses: readonly (number | null)[];
  /** Of the random walk. */
  readonly baselineLosses: readonly (number | null)[];
  readonly pits: readonly (number | null)[];
  /** See `coverageOf` of libs/scoring. */
  readonly covered: readonly (number | null)[];
}
