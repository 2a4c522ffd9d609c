import { LRUCache } from 'lru-cache';
import { type Clock, DAY_MS, SharedWork } from '#libs/kernel';
import { pluginErrorCode, type Bar, type BarCache, type PluginLogger } from '#libs/plugin-sdk';
import { formatIso } from '#libs/timeseries';
import type { Chart, ChartQuestion } from './chart.js';
import { endOfBar, isDated, type YahooInterval, yahooIntervalMs } from './exchange-days.js';

interface Entry {
  readonly chart: Chart;
  readonly at: number;
}

/** Questions whose answers are kept in memory. */
const KEPT_QUESTIONS = 256;

export interface KeptChartsOptions {
  readonly fetch: (question: ChartQuestion) => Promise<Chart>;
  readonly barCache: BarCache | null;
  readonly clock: Clock;
  readonly logger: PluginLogger;
  readonly cacheMs: number;
  /** See `adjusted` of the feeder. */
  readonly adjusted: boolean;
}

/**
 * Answers the same question from memory for a while, asks once for all who ask at the same time, stores complete bars,
 * and answers from the store, saying so, while the service is down.
 */
export class KeptCharts {
  readonly #kept = new LRUCache<string, Entry>({ max: KEPT_QUESTIONS });
  readonly #asking = new SharedWork<Chart>();
  /** Newest stored bar by symbol, bar length and beginning: of a chart that has grown by a bar only that is stored. */
  readonly #stored = new LRUCache<string, Bar>({ max: KEPT_QUESTIONS });

  constructor(private readonly options: KeptChartsOptions) {}

  /** @throws PluginError */
  async chart(question: ChartQuestion): Promise<Chart> {
    const key = JSON.stringify([question.symbol, question.interval, question.from, question.to]);
    const entry = this.#kept.get(key);
    if (entry && this.options.clock.monotonic() - entry.at < this.options.cacheMs) return entry.chart;
    return this.#asking.of(key, () => this.#ask(question, key));
  }

  async #ask(question: ChartQuestion, key: string): Promise<Chart> {
    const { clock } = this.options;
    let fresh: Chart;
    try {
      fresh = await this.options.fetch(question);
    } catch (error) {
      if (pluginErrorCode(error) !== 'source_unavailable') throw error;
      return this.#fromStore(question, error as Error);
    }
    await this.#store(question, fresh.bars);
    this.#kept.set(key, { chart: fresh, at: clock.monotonic() });
    return fresh;
  }

  async #fromStore(question: ChartQuestion, outage: Error): Promise<Chart> {
    const { barCache, logger } = this.options;
    const { symbol, interval, from, to } = question;
    if (!barCache) throw outage;
    let stored: readonly Bar[];
    try {
      stored = await barCache.read(symbol, this.#series(question), from, to);
    } catch (error) {
      logger.error(`stored bars of ${symbol} could not be read: ${String(error)}`);
      throw outage;
    }
    const bars = ofOnePiece(stored, interval);
    const last = bars.at(-1);
    if (!last) throw outage;
    logger.warn(`${outage.message}; stored bars are used`, { symbol, interval, bars: bars.length });
    const note = `stored_bars: ${symbol}: ${outage.message}; the bars of ${symbol} are stored ones, the last is of ${formatIso(last.time)}`;
    return {
      bars: bars.map((bar) => ({ ...bar, openedAt: bar.time })),
      sessionMs: DAY_MS,
      zone: null,
      notes: [note],
    };
  }

  /** Keeps complete bars: the running one still changes. A store that fails costs nothing but its use. */
  async #store(question: ChartQuestion, bars: readonly Bar[]): Promise<void> {
    const { barCache, clock, logger } = this.options;
    if (!barCache) return;
    const { symbol, interval, from } = question;
    const complete = bars.filter(({ time }) => endOfBar(time, interval) <= clock.now());
    const last = complete.at(-1);
    if (!last) return;
    const key = JSON.stringify([symbol, interval, from]);
    const newest = this.#stored.get(key);
    try {
      if (newest && isAmong(complete, newest)) {
        const grown = complete.filter(({ time }) => time >= newest.time);
        await barCache.write(symbol, this.#series(question), grown);
      } else {
        await this.#storeAll(barCache, question, complete);
      }
      this.#stored.set(key, last);
    } catch (error) {
      logger.warn(`bars of ${symbol} could not be stored: ${String(error)}`);
    }
  }

  /**
   * After a split or a dividend all earlier prices are other numbers. Then the oldest bar that is stored from this range
   * differs, while a correction of the market changes the last ones only.
   */
  async #storeAll(barCache: BarCache, question: ChartQuestion, bars: readonly Bar[]): Promise<void> {
    const { symbol } = question;
    const series = this.#series(question);
    const [first = NaN, last = NaN] = [bars[0]?.time, bars.at(-1)?.time];
    const stored = await barCache.read(symbol, series, first - LONGEST_CLOSURE_MS, last);
    const oldest = stored.find(({ time }) => time >= first);
    if (stored.length === 0 || (oldest && isAmong(bars, oldest))) {
      await barCache.write(symbol, series, bars);
      return;
    }
    await barCache.replace(symbol, series, bars);
    this.#stored.clear();
    this.options.logger.info(`the stored bars of ${symbol} were replaced: its prices have been adjusted`);
  }

  /** Name of the stored series: prices of either kind are kept apart. */
  #series({ interval }: ChartQuestion): string {
    return isDated(interval) && !this.options.adjusted ? `${interval} raw` : interval;
  }
}

/** Closed markets: neighbouring bars may be this far apart. */
export const LONGEST_CLOSURE_MS = 10 * DAY_MS;
/** The service rounds its prices to seven digits. */
const SAME_PRICE = 1e-5;

const isAmong = (bars: readonly Bar[], { time, close }: Bar): boolean =>
  bars.some((bar) => bar.time === time && Math.abs(bar.close - close) <= SAME_PRICE * Math.abs(close));

/**
 * The stored bars behind the last hole. What lies before one was fetched at another time, when prices may not have been
 * adjusted for a later split. Days that an earlier version kept by their opening are left out.
 */
function ofOnePiece(stored: readonly Bar[], interval: YahooInterval): readonly Bar[] {
  const bars = isDated(interval) ? stored.filter(({ time }) => time % DAY_MS === 0) : stored;
  const longest = Math.max(LONGEST_CLOSURE_MS, 2 * yahooIntervalMs(interval));
  const begin = bars.findLastIndex(({ time }, row) => time - (bars[row - 1]?.time ?? time) > longest);
  return bars.slice(Math.max(begin, 0));
}
