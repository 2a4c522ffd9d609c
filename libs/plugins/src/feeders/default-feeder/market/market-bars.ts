import {
  type Clock,
  DAY_MS,
  decimal,
  flag,
  integer,
  type ParameterDeclarations,
  type ParametersOf,
  text,
} from '#libs/kernel';
import { Frame, type Bar, type BarCache, type FeederSource, type PluginLogger } from '#libs/plugin-sdk';
import type { BarCalendar, Closes } from '#libs/timeseries';
import {
  type BarQuestion,
  type BarSource,
  type RelatedBars,
  type RelatedQuestion,
  type SessionCloses,
  type SourceBars,
  staleText,
} from '../bar-source.js';
import type { Chart } from './chart.js';
import type { MarketBar } from './exchange-days.js';
import { KeptCharts, LONGEST_CLOSURE_MS } from './kept-charts.js';
import {
  combinedBars,
  historyMs,
  marketInterval,
  type MarketInterval,
  marketRange,
  type WantedRange,
} from './market-question.js';
import { marketSymbol } from './market-symbols.js';
import { resilienceParameters, resilientCharts } from './resilient-charts.js';
import { yahooCharts } from './yahoo-charts.js';

/** Parameters of bars from the market. */
export const marketParameters = {
  history_days: integer(
    { default: 30, min: 1, max: 36_500 },
    'Minimum days of market history for a request without a range; more are fetched when `window_size` needs them.',
  ),
  adjusted: flag(
    true,
    'Whether daily and longer bars are adjusted for dividends, as `history()` of yfinance does. Splits are adjusted for by Yahoo Finance in any case.',
  ),
  yahoo_url: text(
    { default: 'https://query2.finance.yahoo.com', pattern: /^https?:\/\/[^/\s]+$/ },
    'Base URL of the chart service; set it to use a caching proxy, for example.',
  ),
  ...resilienceParameters,
  source_cache_seconds: decimal(
    { default: 60, min: 0, max: 86_400 },
    'Seconds for which the answer to a request is reused for the same request.',
  ),
} as const satisfies ParameterDeclarations;

interface MarketBarsSettings extends ParametersOf<typeof marketParameters> {
  readonly window_size: number;
  readonly symbol_map: Readonly<Record<string, string>>;
}

interface MarketBarsContext {
  readonly clock: Clock;
  readonly logger: PluginLogger;
  readonly barCache: BarCache | null;
}

/** Adjusted for splits, and where `adjusted` says so for dividends. */
const PRICES = ['OPEN', 'HIGH', 'LOW', 'CLOSE'];

/** Bars of Yahoo Finance, in UTC. */
export class MarketBars implements BarSource {
  readonly #charts: KeptCharts;

  constructor(
    private readonly settings: MarketBarsSettings,
    private readonly context: MarketBarsContext,
  ) {
    this.#charts = new KeptCharts({
      fetch: resilientCharts(yahooCharts(settings, context.logger), settings),
      barCache: context.barCache,
      clock: context.clock,
      logger: context.logger,
      cacheMs: settings.source_cache_seconds * 1000,
      adjusted: settings.adjusted,
    });
  }

  symbolOf(symbol: string): string {
    return marketSymbol(symbol, this.settings.symbol_map).symbol;
  }

  symbolNotes(asked: string): readonly string[] {
    const { note } = marketSymbol(asked, this.settings.symbol_map);
    return note === null ? [] : [note];
  }

  resolve(symbol: string): FeederSource {
    return { source: 'yfinance', symbol: this.symbolOf(symbol), adjustedColumns: PRICES };
  }

  async bars(question: BarQuestion): Promise<SourceBars> {
    const interval = marketInterval(question.interval);
    const wanted = this.#wanted(question, interval);
    const { chart, cut } = await this.#chart(question.symbol, interval, wanted, question.signal);
    // A moment before the opening of a day does not see that day; the day's own date names it.
    const begun = chart.bars.filter(({ time, openedAt }) => openedAt <= wanted.to || time === wanted.to);
    const bars = interval.combined ? combinedBars(begun, interval.lengthMs) : begun;
    // about the present, or as a question of a past moment was
    const isOpen = question.from === undefined && question.to === question.around;
    const { window_size } = this.settings;
    const frame = frameOf(bars);
    const notes = [...chart.notes];
    if (cut && question.from !== undefined) {
      const { yahoo, reachDays } = interval;
      notes.push(
        `short_history: ${question.symbol}: ${yahoo} bars reach back ${reachDays} days at Yahoo Finance; older ones are missing`,
      );
    }
    const old =
      isOpen && question.to === undefined
        ? staleText(frame.time, chart.zone, this.context.clock.now())
        : null;
    if (old !== null) notes.push(`stale: ${question.symbol}: ${old}`);
    return {
      frame,
      notes,
      window: isOpen && window_size > 0 ? window_size : null,
      calendar: { closeOf: this.#closeOf(chart, bars, interval), zone: chart.zone },
    };
  }

  /** A day's bar is known when its session is over; of other bars their length tells. */
  #closeOf(
    { sessionMs }: Chart,
    bars: readonly MarketBar[],
    { yahoo }: MarketInterval,
  ): BarCalendar['closeOf'] {
    if (yahoo !== '1d') return null;
    const ends = new Map(bars.map(({ time, openedAt }) => [time, openedAt + sessionMs]));
    return (label) => ends.get(label) ?? label + DAY_MS;
  }

  async sessions(symbol: string, times: Float64Array, signal?: AbortSignal): Promise<SessionCloses> {
    const [first, last] = [times[0], times.at(-1)];
    if (first === undefined || last === undefined) {
      return { knownFrom: new Float64Array(), close: new Float64Array(), notes: [] };
    }
    const wanted = { from: first - LONGEST_CLOSURE_MS, to: last };
    const { chart } = await this.#chart(symbol, marketInterval('1d'), wanted, signal);
    return {
      // A session is over when its hours are, not a whole day after it began.
      knownFrom: Float64Array.from(chart.bars, ({ openedAt }) => openedAt + chart.sessionMs),
      close: closesOf(chart.bars).close,
      notes: chart.notes,
    };
  }

  async shorter(
    symbol: string,
    interval: '15m' | '30m',
    times: Float64Array,
    signal?: AbortSignal,
  ): Promise<Closes> {
    const [first = NaN, last = NaN] = [times[0], times.at(-1)];
    const wanted = { from: first - LONGEST_CLOSURE_MS, to: last };
    const { chart } = await this.#chart(symbol, marketInterval(interval), wanted, signal);
    return closesOf(chart.bars);
  }

  async related(
    { symbol, isOther, interval, isAsked, times, warmUp }: RelatedQuestion,
    signal?: AbortSignal,
  ): Promise<RelatedBars | null> {
    const [from, to] = [times[0], times.at(-1)];
    if (from === undefined || to === undefined || (!isOther && !isAsked)) return null;
    return this.bars({ symbol, interval, from, to, warmUp, ...(signal && { signal }) });
  }

  #wanted({ from, to, around, warmUp }: BarQuestion, { lengthMs }: MarketInterval): WantedRange {
    const now = this.context.clock.now();
    const end = to ?? now;
    const warmUpMs = historyMs(warmUp, lengthMs);
    if (from !== undefined) return { from: from - warmUpMs, to: end };
    const history = Math.max(
      this.settings.history_days * DAY_MS,
      historyMs(this.settings.window_size, lengthMs),
    );
    const about = Math.min(around ?? end, end);
    return { from: about - history - warmUpMs, to: end, around: about };
  }

  async #chart(
    symbol: string,
    interval: MarketInterval,
    wanted: WantedRange,
    signal: AbortSignal | undefined,
  ): Promise<{ readonly chart: Chart; readonly cut: boolean }> {
    signal?.throwIfAborted();
    const { from, to, cut } = marketRange(wanted, interval, this.context.clock.now());
    // The request is shared with others who ask the same, so it is not aborted with one of them.
    const chart = await abortable(this.#charts.chart({ symbol, interval: interval.yahoo, from, to }), signal);
    return { chart, cut };
  }
}

/** The promise, or the signal's reason when that comes first. */
async function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  let onAbort: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason as Error);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

const closesOf = (bars: readonly Bar[]): Closes => ({
  time: Float64Array.from(bars, ({ time }) => time),
  close: Float64Array.from(bars, ({ close }) => close),
});

const frameOf = (bars: readonly Bar[]): Frame =>
  Frame.of(
    Float64Array.from(bars, ({ time }) => time),
    {
      OPEN: Float64Array.from(bars, ({ open }) => open),
      HIGH: Float64Array.from(bars, ({ high }) => high),
      LOW: Float64Array.from(bars, ({ low }) => low),
      CLOSE: Float64Array.from(bars, ({ close }) => close),
      VOLUME: Float64Array.from(bars, ({ volume }) => volume),
    },
  );
