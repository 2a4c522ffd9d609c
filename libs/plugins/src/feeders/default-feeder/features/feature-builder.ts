import { WorkerThreads } from '#libs/kernel';
import { Frame, PluginError } from '#libs/plugin-sdk';
import type { Closes, Normalisation } from '#libs/timeseries';
import { type BarSource, columnNamed, type SessionCloses, withValues } from '../bar-source.js';
import {
  buildColumns,
  missingPrices,
  needsPrices,
  PRICES,
  type ColumnsInput,
  type ColumnsOutput,
} from './build-columns.js';
import type { FeaturePlan } from './feature-plan.js';

/** A frame with the planned columns, and what the sources of those columns say. */
export interface BuiltFrame {
  readonly frame: Frame;
  readonly notes: readonly string[];
}

/** What a frame is built from besides its bars. While these are the same objects, so is the built frame. */
interface Parts {
  readonly shorter: readonly Closes[];
  readonly sessions: readonly SessionCloses[];
}

interface Kept {
  readonly parts: Parts;
  readonly built: Promise<BuiltFrame>;
}

/** Ways of building that are kept for one frame. */
const KEPT_PLANS = 4;
/** Up to here the main thread builds the columns itself: 25 ms of it, measured for indicators; 1,000,000 rows take 1.6 s. */
const MAIN_THREAD_ROWS = 10_000;

/**
 * Adds planned columns to bars and normalises them. What was built is kept as long as its bars are, so that the columns of
 * a file are computed once, for all who ask meanwhile.
 */
export class FeatureBuilder {
  readonly #threads = new WorkerThreads<ColumnsInput, ColumnsOutput>(
    new URL('./columns-worker.js', import.meta.url),
    { maxThreads: 1, idleMs: 1000 },
  );
  readonly #kept = new WeakMap<Frame, Map<string, Kept>>();

  constructor(
    private readonly source: BarSource,
    private readonly normalisation: Normalisation | null,
  ) {}

  /**
   * Rows without a value in one of the columns that are asked for do not count: in the planned ones, and without a plan in
   * the target.
   * @throws PluginError `invalid_request` when columns are to be computed from prices that the bars do not have
   */
  async build(
    read: Frame,
    symbol: string,
    plan: FeaturePlan,
    target: string,
    signal?: AbortSignal,
  ): Promise<BuiltFrame> {
    if (needsPrices(plan) && missingPrices(read).length > 0) throw noPrices(read);
    const needed = needsPrices(plan) ? PRICES : plan.columns === null ? [target] : [];
    const bars = withValues(
      read,
      needed.map((name) => columnNamed(read, name)).filter((one) => one !== undefined),
    );
    if (plan.columns === null && plan.correlated.length === 0 && !this.normalisation) {
      return { frame: bars, notes: [] };
    }
    const parts = await this.#partsOf(bars, symbol, plan, signal);
    const key = JSON.stringify(plan.columns);
    const kept = this.#kept.get(bars) ?? new Map<string, Kept>();
    this.#kept.set(bars, kept);
    const known = kept.get(key);
    if (known && isSame(known.parts, parts)) return known.built;
    const built = this.#built(bars, plan, parts);
    if (kept.size >= KEPT_PLANS) kept.clear();
    kept.set(key, { parts, built });
    built.catch(() => kept.delete(key));
    return built;
  }

  async close(): Promise<void> {
    await this.#threads.close({ atOnce: true });
  }

  async #partsOf(bars: Frame, symbol: string, plan: FeaturePlan, signal?: AbortSignal): Promise<Parts> {
    const { source } = this;
    const [shorter, sessions] = await Promise.all([
      Promise.all(plan.ticks.map((interval) => source.shorter(symbol, interval, bars.time, signal))),
      Promise.all(
        plan.correlated.map((one) => source.sessions(source.symbolOf(one.symbol), bars.time, signal)),
      ),
    ]);
    return { shorter, sessions };
  }

  async #built(bars: Frame, plan: FeaturePlan, { shorter, sessions }: Parts): Promise<BuiltFrame> {
    const columns = [...bars.columns];
    const input = { time: bars.time, columns, plan, shorter, sessions };
    const isLong = bars.length > MAIN_THREAD_ROWS && this.#threads.isBuilt;
    const output = isLong ? await this.#threads.run(input) : buildColumns(input);
    const frame = Frame.of(output.time, output.columns);
    return {
      frame: this.normalisation?.applyTo(frame) ?? frame,
      notes: sessions.flatMap(({ notes }) => notes),
    };
  }
}

const isSame = (left: Parts, right: Parts): boolean =>
  left.shorter.every(({ close }, index) => close === right.shorter[index]?.close) &&
  left.sessions.every((sessions, index) => sessions === right.sessions[index]);

const noPrices = (bars: Frame): PluginError =>
  new PluginError(
    'invalid_request',
    `computed columns need OPEN, HIGH, LOW and CLOSE; the data has ${bars.names.join(', ')}`,
  );
