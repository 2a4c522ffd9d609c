import { assertPresent } from '#libs/kernel';
import { PluginError, type Frame } from '#libs/plugin-sdk';
import {
  barFeatures,
  firstRowAfter,
  subBarTicks,
  timeFeatures,
  type Closes,
  type Normalisation,
} from '#libs/timeseries';
import type { BarSource, SessionCloses } from '../bar-source.js';
import { columnNamed } from '../column-named.js';
import { previousCloses } from '../sessions.js';
import { completeRows } from './complete-rows.js';
import type { Indicators } from './compute-indicators.js';
import { TICKS, type FeaturePlan } from './feature-plan.js';
import { IndicatorThreads } from './indicator-threads.js';

/** A frame with the planned columns, and what the sources of those columns say. */
export interface BuiltFrame {
  readonly frame: Frame;
  readonly notes: readonly string[];
}

/** What a built frame is made from. While these are the same objects, so is the frame. */
interface Parts {
  readonly indicators: Indicators | null;
  readonly shorter: readonly Closes[];
  readonly sessions: readonly SessionCloses[];
}

/** Ways of building that are kept for one frame. */
const KEPT_PLANS = 4;

/**
 * Adds planned columns to bars and leaves out rows without a value. No value looks ahead: indicators use their own and
 * earlier rows, bar shapes are those of the bar before, ticks are of bars that had begun before, correlated closes of
 * sessions that had ended. What was built is kept as long as its bars are, so that a file's columns are computed once.
 */
export class FeatureBuilder {
  readonly #threads = new IndicatorThreads();
  readonly #indicators = new WeakMap<Frame, Promise<Indicators>>();
  readonly #built = new WeakMap<Frame, Map<string, { readonly parts: Parts; readonly built: BuiltFrame }>>();

  constructor(
    private readonly source: BarSource,
    private readonly normalisation: Normalisation | null,
  ) {}

  async build(bars: Frame, symbol: string, plan: FeaturePlan, signal?: AbortSignal): Promise<BuiltFrame> {
    if (plan.columns === null && plan.correlated.length === 0 && !this.normalisation) {
      return { frame: bars, notes: [] };
    }
    const parts = await this.#partsOf(bars, symbol, plan, signal);
    const key = JSON.stringify(plan.columns);
    const kept = this.#built.get(bars) ?? new Map<string, { parts: Parts; built: BuiltFrame }>();
    const known = kept.get(key);
    if (known && isSame(known.parts, parts)) return known.built;
    const built = this.#put(bars, plan, parts);
    if (kept.size >= KEPT_PLANS) kept.clear();
    this.#built.set(bars, kept.set(key, { parts, built }));
    return built;
  }

  async close(): Promise<void> {
    await this.#threads.close();
  }

  async #partsOf(bars: Frame, symbol: string, plan: FeaturePlan, signal?: AbortSignal): Promise<Parts> {
    const { source } = this;
    const [indicators, shorter, sessions] = await Promise.all([
      plan.indicators ? this.#indicatorsOf(bars) : null,
      Promise.all(plan.ticks.map((interval) => source.shorter(symbol, interval, bars.time, signal))),
      Promise.all(
        plan.correlated.map((one) => source.sessions(source.symbolOf(one.symbol), bars.time, signal)),
      ),
    ]);
    return { indicators, shorter, sessions };
  }

  #put(bars: Frame, plan: FeaturePlan, { indicators, shorter, sessions }: Parts): BuiltFrame {
    const added = new Map<string, Float64Array>(Object.entries(indicators ?? {}));
    const addAll = (columns: Readonly<Record<string, Float64Array>>) => {
      for (const [name, values] of Object.entries(columns)) added.set(name, values);
    };
    if (plan.barShapes) addAll(barFeatures(withPrices(bars), 'previous'));
    if (plan.calendar) addAll(timeFeatures(bars.time));
    for (const [place, interval] of plan.ticks.entries()) {
      const ticks = ticksBefore(bars, assertPresent(shorter[place], 'each tick length has its bars'));
      for (const [index, values] of ticks.entries()) added.set(`CLOSE_${interval}_tick_${index + 1}`, values);
    }
    for (const [place, { column }] of plan.correlated.entries()) {
      const closes = sessions[place];
      if (closes) added.set(column, previousCloses(bars.time, closes));
    }
    // A column that the source has itself wins over one that could be computed.
    const whole = bars.with([...added].filter(([name]) => !bars.has(name)));
    const chosen = plan.columns === null ? whole : chosenColumns(whole, plan.columns);
    const complete = completeRows(chosen);
    return {
      frame: this.normalisation?.applyTo(complete) ?? complete,
      notes: sessions.flatMap(({ notes }) => notes),
    };
  }

  #indicatorsOf(bars: Frame): Promise<Indicators> {
    const known = this.#indicators.get(bars);
    if (known) return known;
    const prices = withPrices(bars);
    const computed = this.#threads.compute({
      time: bars.time,
      high: prices.column('HIGH'),
      low: prices.column('LOW'),
      close: prices.column('CLOSE'),
    });
    this.#indicators.set(bars, computed);
    computed.catch(() => this.#indicators.delete(bars));
    return computed;
  }
}

const isSame = (left: Parts, right: Parts): boolean =>
  left.indicators === right.indicators &&
  left.shorter.every(({ close }, index) => close === right.shorter[index]?.close) &&
  left.sessions.every((sessions, index) => sessions === right.sessions[index]);

/** The last closes of shorter bars before each bar; no value for bars that lie before the shorter ones begin. */
function ticksBefore(bars: Frame, shorter: Closes): readonly Float64Array[] {
  const own = { time: bars.time, close: withPrices(bars).column('CLOSE') };
  const ticks = subBarTicks(own, shorter, TICKS);
  const firstKnown = firstRowAfter(bars.time, shorter.time[TICKS - 1] ?? Infinity);
  for (const values of ticks) values.fill(NaN, 0, firstKnown);
  return ticks;
}

/** The named columns in this order, under the asked names. */
const chosenColumns = (whole: Frame, names: readonly string[]): Frame =>
  whole
    .with(names.map((name) => [name, columnNamed(whole, name) ?? whole.column(name)] as const))
    .select(names);

/** The bars with their prices under the names that formulas use. */
function withPrices(bars: Frame): Frame {
  const prices = ['OPEN', 'HIGH', 'LOW', 'CLOSE'].map((name) => {
    const values = columnNamed(bars, name);
    if (values) return [name, values] as const;
    throw new PluginError(
      'invalid_request',
      `computed columns need OPEN, HIGH, LOW and CLOSE; the data has ${bars.names.join(', ')}`,
    );
  });
  return bars.with(prices);
}
