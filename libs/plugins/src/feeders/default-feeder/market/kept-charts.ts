import { LRUCache } from 'lru-cache';
import { type Clock, DAY_MS, SharedWork } from '#libs/kernel';
import { pluginErrorCode, type Bar, type BarCache, type PluginLogger } from '#libs/plugin-sdk';
import { formatIso } from '#libs/timeseries';
import type { Chart, ChartQuestion } from './chart.js';
import { endOfBar } from './exchange-days.js';

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
}

/**
 * Answers the same question from memory for a while, asks once for all who ask at the same time, stores complete bars,
 * and answers from the store, saying so, while the service is down.
 */
export class KeptCharts {
  readonly #kept = new LRUCache<string, Entry>({ max: KEPT_QUESTIONS });
  readonly #asking = new SharedWork<Chart>();
  /** Newest stored bar by symbol, bar length and beginning: of a chart that has grown by a bar only that is stored. */
  readonly #stored = new LRUCache<string, number>({ max: KEPT_QUESTIONS });

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

  async #fromStore({ symbol, interval, from, to }: ChartQuestion, outage: Error): Promise<Chart> {
    const { barCache, logger } = this.options;
    if (!barCache) throw outage;
    let bars: readonly Bar[];
    try {
      bars = await barCache.read(symbol, interval, from, to);
    } catch (error) {
      logger.error(`stored bars of ${symbol} could not be read: ${String(error)}`);
      throw outage;
    }
    const last = bars.at(-1);
    if (!last) throw outage;
    logger.warn(`${outage.message}; stored bars are used`, { symbol, interval, bars: bars.length });
    const note = `${outage.message}; the bars of ${symbol} are stored ones, the last is of ${formatIso(last.time)}`;
    return { bars: bars.map((bar) => ({ ...bar, openedAt: bar.time })), sessionMs: DAY_MS, notes: [note] };
  }

  /** Keeps complete bars: the running one still changes. A store that fails costs nothing but its use. */
  async #store({ symbol, interval, from }: ChartQuestion, bars: readonly Bar[]): Promise<void> {
    const { barCache, clock, logger } = this.options;
    if (!barCache) return;
    const key = JSON.stringify([symbol, interval, from]);
    const newest = this.#stored.get(key) ?? -Infinity;
    const complete = bars.filter(({ time }) => endOfBar(time, interval) <= clock.now() && time >= newest);
    const last = complete.at(-1);
    if (!last) return;
    try {
      await barCache.write(symbol, interval, complete);
      this.#stored.set(key, last.time);
    } catch (error) {
      logger.warn(`bars of ${symbol} could not be stored: ${String(error)}`);
    }
  }
}
