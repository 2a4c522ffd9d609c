import { AppError } from '#libs/kernel';
import { type DecompositionOptions, decompositionFamilies } from '../decomposition/decomposition-families.js';
import type { Frame } from '../frame.js';
import type { PriceBar, PriceColumn, Stream } from './family.js';
import { featureName, featureSuggestion, type Indicator, indicatorOf } from './feature-names.js';

/** How names that leave something open are read. */
export interface FeatureOptions {
  /** Numbers of indicators whose names give none: `{ EMA: [20] }`. */
  readonly presets?: Readonly<Record<string, readonly number[]>>;
  /** Whether `BC-BO` and its like are shapes of the bar itself or of the one before; default `previous`. */
  readonly barShapes?: 'previous' | 'current';
  /** How CLOSE is decomposed; its columns have the names that are given there. */
  readonly decomposition?: DecompositionOptions;
}

const SHAPE = /^(?:BC-BO|BH-BL|BH-BO|BO-BL)$/i;

/** What one name of the bars' own features means. */
interface OwnFeature {
  readonly name: string;
  readonly lag: number;
  /** A column of the bars, or an indicator. */
  readonly of: string | Indicator;
}

/**
 * What a name means over these bars; their own columns (in any case) go before indicators.
 * @throws AppError `invalid` (code `unknown_feature`) with the nearest name or for a name of other bars, or (code `missing_prices`) with what it needs
 */
function ownFeature(
  frame: Frame,
  name: string,
  { presets, barShapes = 'previous', decomposition }: FeatureOptions,
): OwnFeature {
  const exact = frame.spelled(name);
  if (exact !== undefined) return { name, lag: 0, of: exact };
  const { column, lag, symbol, interval } = featureName(name);
  const isOfOthers = symbol !== null || interval !== null;
  const present = frame.spelled(column);
  if (present !== undefined && !isOfOthers) return { name, lag, of: present };
  const indicator =
    decomposedOf(column, decomposition) ??
    indicatorOf(SHAPE.test(column) ? `${column}_${barShapes}` : column, presets);
  if (isOfOthers && (present !== undefined || (indicator !== null && typeof indicator !== 'string')))
    throw invalid(
      `"${name}" is of other bars than these; the feeder computes it where feature_columns names it`,
      'unknown_feature',
    );
  if (indicator === null) {
    const suggestion = featureSuggestion(name, frame.names);
    throw invalid(
      `there is no column "${name}"${suggestion || ';'} the data has ${frame.names.join(', ')}; docs/features.md lists what is computed`,
      'unknown_feature',
    );
  }
  if (typeof indicator === 'string') throw invalid(indicator, 'unknown_feature');
  const { needs } = indicator.family;
  const missing = needs.filter((price) => frame.spelled(price) === undefined);
  if (missing.length > 0) {
    throw invalid(
      `${column} needs ${needs.join(', ')}; the data has ${frame.names.join(', ')}`,
      'missing_prices',
    );
  }
  return { name, lag, of: indicator };
}

/** The part of a decomposition that has this name. */
function decomposedOf(name: string, options: DecompositionOptions | undefined): Indicator | null {
  for (const family of options === undefined ? [] : decompositionFamilies(options)) {
    const place = family.members.findIndex((member) => member.name === name);
    const member = family.members[place];
    if (member !== undefined) return { family, member, place, periods: [] };
  }
  return null;
}

/** Columns of these bars that the named features are computed from, as the frame spells them. */
export function featureInputs(
  frame: Frame,
  names: readonly string[],
  options: FeatureOptions = {},
): readonly string[] {
  const inputs = names.flatMap((name) => {
    const { of } = ownFeature(frame, name, options);
    return typeof of === 'string' ? [of] : of.family.needs.map((price) => frame.spelled(price) ?? price);
  });
  return [...new Set(inputs)];
}

/** Rows that a feature needs before it has a value, and before its value no longer depends on where the history began. */
export function featureReach(
  name: string,
  options: FeatureOptions = {},
): { readonly first: number; readonly settled: number } {
  const { column, lag } = featureName(name);
  const indicator = decomposedOf(column, options.decomposition) ?? indicatorOf(column, options.presets);
  if (indicator === null || typeof indicator === 'string') return { first: lag, settled: lag };
  const [a = NaN, b = NaN, c = NaN] = indicator.periods;
  const first = indicator.member.first(a, b, c);
  return { first: first + lag, settled: Math.max(first, indicator.family.settles?.(a, b, c) ?? 0) + lag };
}

/** Names in groups whose features are computed together: those of one family with the same numbers. */
export function featureGroups(
  names: readonly string[],
  options: FeatureOptions = {},
): readonly (readonly string[])[] {
  const groups = new Map<string, string[]>();
  for (const name of names) {
    const { column } = featureName(name);
    const indicator = decomposedOf(column, options.decomposition) ?? indicatorOf(column, options.presets);
    const key = indicator === null || typeof indicator === 'string' ? name : keyOf(indicator);
    groups.set(key, [...(groups.get(key) ?? []), name]);
  }
  return [...groups.values()];
}

const keyOf = ({ family, periods }: Indicator): string => `${family.members[0]?.name} ${periods.join(' ')}`;

/** A family that is computed, and where its values go. */
interface Running {
  readonly stream: Stream;
  readonly values: Float64Array;
  readonly outputs: { readonly place: number; readonly column: Float64Array }[];
}

/**
 * The named features of these bars: indicators with their numbers (`RSI_7`), columns, and either some bars ago
 * (`CLOSE_lag_3`). One pass over the bars; each value is made of its own and earlier rows only, and NaN before its first.
 * Names with a symbol or another bar length are not for this function.
 * @throws AppError `invalid` (code `unknown_feature` or `missing_prices`)
 */
export function computeFeatures(
  frame: Frame,
  names: readonly string[],
  options: FeatureOptions = {},
): ReadonlyMap<string, Float64Array> {
  const features = names.map((name) => ownFeature(frame, name, options));
  const running = new Map<string, Running>();
  const sources = features.map(({ of }) => {
    if (typeof of === 'string') return frame.column(of);
    const { family, place, periods } = of;
    const key = keyOf(of);
    const [a = NaN, b = NaN, c = NaN] = periods;
    const known = running.get(key) ?? {
      stream: family.create(a, b, c),
      values: new Float64Array(family.members.length),
      outputs: [],
    };
    running.set(key, known);
    const same = known.outputs.find((output) => output.place === place);
    if (same) return same.column;
    const column = new Float64Array(frame.length);
    known.outputs.push({ place, column });
    return column;
  });
  run(frame, [...running.values()]);
  return new Map(features.map(({ name, lag }, at) => [name, lagged(sources[at] ?? NO_VALUES, lag)]));
}

const NO_VALUES = new Float64Array();

const lagged = (values: Float64Array, lag: number): Float64Array => {
  if (lag === 0) return values;
  const result = new Float64Array(values.length).fill(NaN);
  result.set(values.subarray(0, Math.max(0, values.length - lag)), Math.min(lag, values.length));
  return result;
};

/** Bars that are handed from family to family: so many that handing over costs little, so few that they stay in the cache. */
const CHUNK = 256;

/** Feeds all bars to all families. */
function run(frame: Frame, families: readonly Running[]): void {
  const column = (name: PriceColumn): Float64Array | null => {
    const spelled = frame.spelled(name);
    return spelled === undefined ? null : frame.column(spelled);
  };
  const [opens, highs, lows] = [column('OPEN'), column('HIGH'), column('LOW')];
  const [closes, volumes] = [column('CLOSE'), column('VOLUME')];
  const bars = Array.from({ length: Math.min(CHUNK, frame.length) }, emptyBar);
  for (let from = 0; from < frame.length; from += CHUNK) {
    const count = Math.min(CHUNK, frame.length - from);
    for (let at = 0; at < count; at += 1) {
      const bar = bars[at] ?? emptyBar();
      const row = from + at;
      bar.time = frame.time[row] ?? NaN;
      if (opens) bar.open = opens[row] ?? NaN;
      if (highs) bar.high = highs[row] ?? NaN;
      if (lows) bar.low = lows[row] ?? NaN;
      if (closes) bar.close = closes[row] ?? NaN;
      if (volumes) bar.volume = volumes[row] ?? NaN;
    }
    for (const family of families) feed(family, bars, from, count);
  }
}

const emptyBar = (): PriceBar => ({ time: NaN, open: NaN, high: NaN, low: NaN, close: NaN, volume: NaN });

function feed(
  { stream, values, outputs }: Running,
  bars: readonly PriceBar[],
  from: number,
  count: number,
): void {
  for (let at = 0; at < count; at += 1) {
    const bar = bars[at];
    if (bar === undefined) return;
    stream(bar, values);
    for (let index = 0; index < outputs.length; index += 1) {
      const output = outputs[index];
      if (output) output.column[from + at] = values[output.place] ?? NaN;
    }
  }
}

const invalid = (detail: string, code: string): AppError => new AppError('invalid', detail, { code });
