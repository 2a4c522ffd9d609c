import type { Transaction } from '#libs/database';
import type { Forecast } from '#libs/plugin-host';

export type ForecastSource = 'prediction' | 'order';

/**
 * What a pinned forecast is worth as evidence: `live` counts; `hindcast` was made when its targets were over, so that its
 * outcomes are shown and count nowhere; `looks_ahead` was made with bars of the future; `not_a_value` forecasts
 * something else than the values of a column, or nothing of it can be read.
 */
export const PIN_STANDINGS = ['live', 'hindcast', 'looks_ahead', 'not_a_value'] as const;
export type PinStanding = (typeof PIN_STANDINGS)[number];

/** A central interval for each horizon. */
export interface PinnedInterval {
  /** Coverage that it claims, 0 to 1 exclusive. */
  readonly level: number;
  readonly lower: readonly (number | null)[];
  readonly upper: readonly (number | null)[];
}

/** The numbers of a forecast; lists are in the order of `horizons`, null where a horizon has no value. */
export interface StatedForecast {
  /** Bars ahead. */
  readonly horizons: readonly number[];
  /** Label of each forecast bar, epoch ms UTC. */
  readonly targetTimes: readonly (number | null)[];
  readonly points: readonly (number | null)[];
  /** Standard deviations, in the unit of the points. */
  readonly deviations: readonly (number | null)[];
  readonly intervals: readonly PinnedInterval[];
  /** By level, `"0.05"`. */
  readonly quantiles: Readonly<Record<string, readonly (number | null)[]>>;
}

/** A forecast at the moment of its completion. */
export interface IssuedForecast {
  readonly source: ForecastSource;
  /** Id of the prediction or order. */
  readonly subjectId: string;
  /** The model as it is asked for and priced. */
  readonly model: string;
  readonly symbol: string;
  readonly interval: string;
  readonly feeder: string;
  readonly predictor: string;
  readonly issuedAt: Date;
  readonly providerId: number | null;
  readonly evaluatorId: number | null;
  readonly stated: StatedForecast;
  /** Null for the answer of an evaluator elsewhere: of how it was made, this service knows nothing. */
  readonly made: Forecast | null;
}

/** Keeps forecasts as they were made. */
export abstract class ForecastPins {
  /** Pins the forecast in the transaction that completes it: both or neither. It adds no round trip on PostgreSQL. */
  abstract pin(tx: Transaction, forecast: IssuedForecast): void;
}
