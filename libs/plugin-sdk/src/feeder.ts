import type { Frame } from '#libs/timeseries';

export interface FetchRequest {
  readonly symbol: string;
  /** Canonical bar length: 1m 2m 5m 15m 30m 1h 90m 4h 1d 5d 1w 1mo 3mo. */
  readonly interval: string;
  /** Nobody asked for that length: a source whose bars have one hands those over. Absent: the length was asked for. */
  readonly anyInterval?: boolean;
  /** First bar wanted, epoch ms UTC, inclusive. */
  readonly from?: number;
  /** Last bar wanted, epoch ms UTC, inclusive. */
  readonly to?: number;
  /** No bar later than this moment is ever returned (epoch ms UTC). */
  readonly asOf?: number;
  /**
   * A hint: the moment that the question is about (epoch ms UTC). A feeder that limits its range by itself, because its
   * source has no end, includes the history before this moment. Absent: now. With
   * `to` at the same moment: the bars that a question of that moment was answered from.
   */
  readonly around?: number;
  /** Value columns wanted, by name; all when absent. An unknown one is `invalid_request` and names those present. */
  readonly columns?: readonly string[];
  readonly signal?: AbortSignal;
}

/** Where the bars came from, for the record kept with each prediction. */
export interface FeederSource {
  /** `file`, `yfinance`, ... */
  readonly source: string;
  /** The symbol at the source, after mapping. */
  readonly symbol: string;
  /** True where values of bars are made of later ones, too: a test instrument. */
  readonly looksAhead?: boolean;
  /**
   * Columns whose values become others after the fact: a split or a dividend multiplies all bars before it by one number.
   * Forecasts of them are compared on the scale on which they were made. Absent: none.
   */
  readonly adjustedColumns?: readonly string[];
}

export interface Feeder {
  /**
   * Bars in ascending time, values as `Float64Array` columns of one length.
   * @throws PluginError `invalid_request`, `no_data`, `source_unavailable`
   */
  fetch(request: FetchRequest): Promise<Frame>;
  /**
   * What `fetch` would read for this symbol. It is also asked when a question is taken.
   * @throws PluginError `invalid_request` for a symbol that the source is sure not to have; the question is refused then
   */
  resolve(symbol: string): FeederSource;
  /**
   * Length of the bars of a source that has one only, canonical as in `FetchRequest.interval`; null where the source has
   * several, or another one. Absent: null.
   * @param asked length that a question names: the answer is then that of the bars it would be answered from
   */
  intervalOf?(symbol: string, asked?: string): Promise<string | null>;
  /**
   * Asked when a question is taken that names a length of bars.
   * @throws PluginError `invalid_request` for one that the source is sure not to have and cannot make
   */
  checkInterval?(symbol: string, interval: string): Promise<void>;
  /**
   * What a reader of the answer should know about a frame that this feeder returned, one sentence each, for example that
   * its source was down and the bars are old. No paths. Empty when there is nothing to say.
   */
  notes?(frame: Frame): readonly string[];
  /** For status pages: what it delivers and how it is configured; JSON without secrets or paths. */
  info?(): Readonly<Record<string, unknown>>;
  close?(): Promise<void>;
}

export interface Bar {
  /** Epoch ms UTC. */
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  /** Units traded; 0 where the venue gives none. */
  readonly volume: number;
}

/** A durable store of bars that a feeder may use against an unreliable source. */
export interface BarCache {
  read(symbol: string, interval: string, from: number, to: number): Promise<readonly Bar[]>;
  /** Adds bars; one of the same time is replaced. `interval` names the series, at most 8 characters. */
  write(symbol: string, interval: string, bars: readonly Bar[]): Promise<void>;
  /** Puts these bars in the place of all that the series has, for example after a split. */
  replace(symbol: string, interval: string, bars: readonly Bar[]): Promise<void>;
}
