/** One bar as indicators take it; the object is reused from bar to bar. NaN where the data have no such column. */
export interface PriceBar {
  /** Epoch ms UTC at which the bar begins. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** Takes the next bar and writes one value for each member of its family. */
export type Stream = (bar: PriceBar, values: Float64Array) => void;

/** A number behind a name: the 50 of `SMA_50`. */
export interface FeatureNumber {
  readonly name: string;
  readonly preset: number;
  /** Least value; default 1. */
  readonly min?: number;
  /** Whether it need not be whole. */
  readonly isDecimal?: boolean;
}

/** One column that a family makes. */
export interface Member {
  /** As the documentation spells it; names are found whatever their case, `_` and `%`. */
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly formula: string;
  /** Row of the first value over a history without gaps. */
  readonly first: (a: number, b: number, c: number) => number;
}

export type PriceColumn = 'OPEN' | 'HIGH' | 'LOW' | 'CLOSE' | 'VOLUME';

/** Indicators that are computed together, with the same periods. */
export interface Family {
  readonly members: readonly Member[];
  readonly periods: readonly FeatureNumber[];
  /** Columns of the bars that are read. */
  readonly needs: readonly PriceColumn[];
  /** Where the definition is from. */
  readonly source: string;
  /** Bars after which values do not depend on where the history began, to 1e-8; absent: from their first on. */
  readonly settles?: (a: number, b: number, c: number) => number;
  readonly create: (a: number, b: number, c: number) => Stream;
}

export const period = (preset: number, name = 'period', min = 1): FeatureNumber => ({ name, preset, min });

/** Bars in which an exponential average forgets its start to 1e-8: (1 - α)^n with α = 2/(period + 1). */
export const forgetsExponential = (bars: number): number => Math.ceil(9.3 * (bars + 1));
/** The same for Wilder's α = 1/period. */
export const forgetsWilder = (bars: number): number => Math.ceil(18.5 * bars);
