import { Frame, PluginError } from '#libs/plugin-sdk';
import {
  type BarLength,
  barLength,
  type Closes,
  dividesInterval,
  featureInputs,
  featureReach,
  type Interval,
  lengthMs,
  lengthText,
  type Normalisation,
  usualStep,
} from '#libs/timeseries';
import {
  type BarSource,
  columnNamed,
  type RelatedBars,
  type SessionCloses,
  withValues,
} from '../bar-source.js';
import { buildColumns, type RelatedSeries } from './build-columns.js';
import { ColumnThreads } from './column-threads.js';
import { type FeaturePlan, refusing, type RelatedFeatures } from './feature-plan.js';

/** A frame with the planned columns, and what the sources of those columns say. */
export interface BuiltFrame {
  readonly frame: Frame;
  readonly notes: readonly string[];
}

/** What a frame is built from besides its bars. While these are the same objects, so is the built frame. */
interface Parts {
  readonly shorter: readonly Closes[];
  readonly sessions: readonly SessionCloses[];
  readonly related: readonly (RelatedBars | null)[];
}

/** Bars whose columns are wanted. */
export interface BarsToBuild {
  readonly read: Frame;
  readonly symbol: string;
  /** Zone of the clock that their market keeps; null where it is not known. */
  readonly zone: string | null;
  /** The length that was asked for; where the bars have another one, theirs counts. */
  readonly interval: Interval;
  /** Column to predict. */
  readonly target: string;
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
  readonly #threads = new ColumnThreads();
  readonly #kept = new WeakMap<Frame, Map<string, Kept>>();

  constructor(
    private readonly source: BarSource,
    private readonly normalisation: Normalisation | null,
    private readonly finish: (frame: Frame) => Frame = (frame) => frame,
  ) {}

  /**
   * Rows without a value in one of the columns that are asked for do not count: in the planned ones, and without a plan in
   * the target.
   * @throws PluginError `invalid_request` when columns of other series cannot be computed, `no_data` when one has no value
   */
  async build(wanted: BarsToBuild, plan: FeaturePlan, signal?: AbortSignal): Promise<BuiltFrame> {
    const needed = plan.columns === null ? [wanted.target] : plan.inputs;
    const bars = withValues(
      wanted.read,
      needed.map((name) => columnNamed(wanted.read, name)).filter((one) => one !== undefined),
    );
    if (plan.columns === null && plan.correlated.length === 0 && !this.normalisation) {
      return { frame: bars, notes: [] };
    }
    const parts = await this.#partsOf(bars, wanted, plan, signal);
    const key = JSON.stringify(plan.columns);
    const kept = this.#kept.get(bars) ?? new Map<string, Kept>();
    this.#kept.set(bars, kept);
    const known = kept.get(key);
    if (known && isSame(known.parts, parts)) return known.built;
    const built = this.#built(bars, wanted, plan, parts);
    if (kept.size >= KEPT_PLANS) kept.clear();
    kept.set(key, { parts, built });
    built.catch(() => kept.delete(key));
    return built;
  }

  async close(): Promise<void> {
    await this.#threads.close();
  }

  async #partsOf(
    bars: Frame,
    { symbol, interval }: BarsToBuild,
    plan: FeaturePlan,
    signal?: AbortSignal,
  ): Promise<Parts> {
    const { source } = this;
    const [shorter, sessions, related] = await Promise.all([
      Promise.all(plan.ticks.map((length) => source.shorter(symbol, length, bars.time, signal))),
      Promise.all(
        plan.correlated.map((one) => source.sessions(source.symbolOf(one.symbol), bars.time, signal)),
      ),
      Promise.all(
        plan.related.map((one) =>
          source.related(
            {
              symbol: one.symbol === null ? symbol : source.symbolOf(one.symbol),
              isOther: one.symbol !== null,
              interval: one.interval ?? interval,
              isAsked: one.interval !== null,
              times: bars.time,
              warmUp: one.warmUp,
            },
            signal,
          ),
        ),
      ),
    ]);
    return { shorter, sessions, related };
  }

  async #built(
    bars: Frame,
    { interval: asked, zone }: BarsToBuild,
    plan: FeaturePlan,
    { shorter, sessions, related }: Parts,
  ): Promise<BuiltFrame> {
    const length = lengthOf(bars, asked);
    const series = plan.related.map((one, at) =>
      seriesOf(one, related[at] ?? null, { bars, length, plan, zone }),
    );
    const columns = [...bars.columns];
    const input = { time: bars.time, columns, length, plan, shorter, sessions, related: series };
    const isLong = bars.length > MAIN_THREAD_ROWS && this.#threads.isBuilt;
    const output = isLong ? await this.#threads.build(input) : buildColumns(input);
    if (output.time.length === 0 && bars.length > 0) throw noValues(output.empty, bars.length, plan);
    const frame = this.finish(Frame.of(output.time, output.columns));
    return {
      frame: this.normalisation?.applyTo(frame) ?? frame,
      notes: [...sessions, ...related].flatMap((one) => one?.notes ?? []),
    };
  }
}

const isSame = (left: Parts, right: Parts): boolean =>
  left.shorter.every(({ close }, index) => close === right.shorter[index]?.close) &&
  left.sessions.every((sessions, index) => sessions === right.sessions[index]) &&
  left.related.every((bars, index) => bars?.frame === right.related[index]?.frame);

/**
 * The bars that related features are computed from.
 * @throws PluginError `invalid_request` for features that they do not have, and for bars that cannot be made of them
 */
function seriesOf(
  { symbol, interval, names }: RelatedFeatures,
  given: RelatedBars | null,
  own: {
    readonly bars: Frame;
    readonly length: BarLength;
    readonly plan: FeaturePlan;
    readonly zone: string | null;
  },
): RelatedSeries {
  const of = `${[symbol, interval].filter((part) => part !== null).join(':')}: `;
  const source = given?.frame ?? own.bars;
  const inputs = refusing(
    () =>
      featureInputs(
        source,
        names.map(([, name]) => name),
        own.plan.options,
      ),
    of,
  );
  const frame = withValues(
    source,
    inputs.map((name) => source.column(name)),
  );
  const has = given === null ? own.length : lengthOf(frame, own.length);
  const wanted = interval ?? has;
  if (lengthMs(wanted) < lengthMs(has)) {
    throw new PluginError(
      'invalid_request',
      `${of}the bars are ${lengthText(lengthMs(has))} apart; only longer ones can be made of them`,
    );
  }
  const combined =
    interval !== null && lengthMs(interval) > lengthMs(has)
      ? { interval, stepMs: usualStep(frame.time) || lengthMs(has) }
      : null;
  if (combined !== null && !dividesInterval(combined.stepMs, combined.interval)) {
    throw new PluginError(
      'invalid_request',
      `${of}bars of ${combined.interval} cannot be made from bars that are ${lengthText(combined.stepMs)} apart`,
    );
  }
  return {
    bars: frame === own.bars ? null : { time: frame.time, columns: [...frame.columns] },
    length: wanted,
    combined,
    zone: given === null ? own.zone : given.calendar.zone,
  };
}

const lengthOf = ({ time }: Frame, asked: BarLength): BarLength =>
  time.length > 1 ? barLength(usualStep(time)) : asked;

function noValues(empty: readonly string[], bars: number, { options }: FeaturePlan): PluginError {
  const [name] = empty;
  if (name === undefined)
    return new PluginError(
      'no_data',
      `no bar of ${bars} has a value in all of the columns that were asked for`,
    );
  const { first } = featureReach(name, options);
  const why = first >= bars ? `its first needs ${first + 1} bars` : 'see docs/features.md for its formula';
  return new PluginError('no_data', `the column "${name}" has no value in any of the ${bars} bars; ${why}`);
}
