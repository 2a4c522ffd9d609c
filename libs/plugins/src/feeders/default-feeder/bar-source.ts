import type { FeederSource, Frame } from '#libs/plugin-sdk';
import type { Closes } from '#libs/timeseries';

/** Which bars: moments in epoch ms UTC, both included. */
export interface BarQuestion {
  /** As the source spells it. */
  readonly symbol: string;
  readonly interval: string;
  readonly from?: number;
  readonly to?: number;
  /** See `FetchRequest.around`. */
  readonly around?: number;
  /** Bars wanted before `from` besides, so that indicators have values there. */
  readonly warmUp: number;
  readonly signal?: AbortSignal;
}

/** Bars as a source has them; they may reach further than was asked. */
export interface SourceBars {
  readonly frame: Frame;
  /** See `Feeder.notes`. */
  readonly notes: readonly string[];
  /** Rows to hand over at most, counted from the end; null for all. */
  readonly window: number | null;
}

/** Closes of whole sessions of another instrument, ascending. */
export interface SessionCloses {
  /** Epoch ms UTC from which a session's close is known to the world. */
  readonly knownFrom: Float64Array;
  readonly close: Float64Array;
  readonly notes: readonly string[];
}

/** Where bars come from. Errors are `PluginError`s. */
export interface BarSource {
  /** The name of a symbol at the source. */
  symbolOf(symbol: string): string;
  /** @throws PluginError `invalid_request` for a symbol that the source is sure not to have */
  resolve(symbol: string): FeederSource;
  bars(question: BarQuestion): Promise<SourceBars>;
  /** Closed sessions of `symbol` that the rows of `times` may look at. */
  sessions(symbol: string, times: Float64Array, signal?: AbortSignal): Promise<SessionCloses>;
  /** Shorter bars of `symbol` that the rows of `times` may look at. */
  shorter(
    symbol: string,
    interval: '15m' | '30m',
    times: Float64Array,
    signal?: AbortSignal,
  ): Promise<Closes>;
}
