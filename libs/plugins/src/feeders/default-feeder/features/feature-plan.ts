import { AppError } from '#libs/kernel';
import { type Frame, PluginError } from '#libs/plugin-sdk';
import {
  featureInputs,
  featureName,
  type FeatureOptions,
  featureReach,
  INDICATOR_COLUMNS,
  type Interval,
} from '#libs/timeseries';

const BAR_SHAPES = ['BC-BO', 'BH-BL', 'BH-BO', 'BO-BL'] as const;
const CALENDAR = ['day_of_month', 'hour_of_day', 'day_of_week'] as const;
/** Closes of shorter bars handed over beside each bar. */
export const TICKS = 8;
const TICK_COLUMN = /^CLOSE_(15m|30m)_tick_([1-8])$/;
const tickColumns = (interval: '15m' | '30m'): readonly string[] =>
  Array.from({ length: TICKS }, (_, index) => `CLOSE_${interval}_tick_${index + 1}`);

/** Every column that the original's market feeder hands over beside the time, in its order. */
export const ALL_COLUMNS: readonly string[] = [
  ...INDICATOR_COLUMNS,
  'OPEN',
  'HIGH',
  'LOW',
  'CLOSE',
  ...BAR_SHAPES,
  'S&P500_Close',
  'vix_close',
  ...tickColumns('15m'),
  ...tickColumns('30m'),
  ...CALENDAR,
];

/** Columns that have names of their own; every other instrument's is `<symbol>_Close`. */
const CORRELATED_NAMES: Readonly<Record<string, string>> = { '^GSPC': 'S&P500_Close', '^VIX': 'vix_close' };

/** A further instrument whose closed sessions become a column. */
export interface CorrelatedColumn {
  readonly column: string;
  readonly symbol: string;
}

/** Features of another series: of longer bars, of another symbol, or both. */
export interface RelatedFeatures {
  /** Null for the bars' own symbol. */
  readonly symbol: string | null;
  /** Null for bars of the same length. */
  readonly interval: Interval | null;
  /** The names that were asked for, and what they are called within that series. */
  readonly names: readonly (readonly [asked: string, own: string])[];
  /** Bars of that series that are wanted before the first row. */
  readonly warmUp: number;
}

/** What has to be computed or fetched besides the bars. */
export interface FeaturePlan {
  /** Columns to hand over, in this order; null for those of the source and the correlated ones. */
  readonly columns: readonly string[] | null;
  /** Features of the bars themselves, and the columns of the source that they and the ticks are made of. */
  readonly own: readonly string[];
  readonly inputs: readonly string[];
  readonly options: FeatureOptions;
  readonly ticks: readonly ('15m' | '30m')[];
  readonly correlated: readonly CorrelatedColumn[];
  readonly related: readonly RelatedFeatures[];
}

export interface PlanSettings {
  readonly correlated_instruments: readonly string[];
  readonly target_column: string;
  readonly date_column: string;
}

/** The columns of a configured list: `all` spelled out, the time (always there) left out, the target kept when present. */
export function configuredColumns(
  featureColumns: readonly string[],
  present: readonly string[],
  { target_column, date_column }: Pick<PlanSettings, 'target_column' | 'date_column'>,
): readonly string[] {
  const named = featureColumns.flatMap((name) => (name === 'all' ? ALL_COLUMNS : [name]));
  const values = named.filter((name) => name !== date_column && name !== 'DATE_TIME');
  const target = present.find((name) => sameName(name, target_column));
  const isNamed = target === undefined || values.some((name) => sameName(name, target));
  return [...new Set(isNamed ? values : [...values, target])];
}

/**
 * Decides what is needed for these columns. A column that the source has itself is taken from there.
 * @throws PluginError `invalid_request` that names the nearest column, and what there is
 */
export function planFeatures(
  columns: readonly string[] | null,
  bars: Frame,
  { correlated_instruments }: Pick<PlanSettings, 'correlated_instruments'>,
  options: FeatureOptions,
): FeaturePlan {
  const configured = correlated_instruments.map(correlatedColumn);
  const known = [...configured, ...['^GSPC', '^VIX'].map(correlatedColumn)];
  const missing = columns?.filter((name) => bars.spelled(name) === undefined) ?? [];
  const isJoined = (name: string) => TICK_COLUMN.test(name) || known.some(({ column }) => column === name);
  const features = missing.filter((name) => !isJoined(name)).map(featureName);
  const own = features.filter(({ symbol, interval }) => symbol === null && interval === null);
  const ticks = (['15m', '30m'] as const).filter((one) =>
    missing.some((name) => tickColumns(one).includes(name)),
  );
  const needed = [...own.map(({ name }) => name), ...(ticks.length > 0 ? ['CLOSE'] : [])];
  return {
    columns,
    own: own.map(({ name }) => name),
    inputs: refusing(() => featureInputs(bars, needed, options)),
    options,
    ticks,
    correlated:
      columns === null
        ? configured.filter(({ column }) => !bars.has(column))
        : uniqueBySymbol(known.filter(({ column }) => missing.includes(column))),
    related: relatedFeatures(features, options),
  };
}

/** What a feature of the bars says of itself, as a plugin's refusal. */
export function refusing<T>(read: () => T, of = ''): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new PluginError('invalid_request', `${of}${error.detail}`, { cause: error });
  }
}

/** Bars before the wanted ones that these columns are computed from; fewer than `least` are never asked for. */
export const warmUpOf = (names: readonly string[], options: FeatureOptions, least: number): number =>
  names
    .map(featureName)
    .filter(({ symbol, interval }) => symbol === null && interval === null)
    .reduce((most, { name }) => Math.max(most, featureReach(name, options).settled), least);

function relatedFeatures(
  features: readonly ReturnType<typeof featureName>[],
  options: FeatureOptions,
): readonly RelatedFeatures[] {
  const series = new Map<string, RelatedFeatures>();
  for (const { name, symbol, interval } of features) {
    if (symbol === null && interval === null) continue;
    const key = JSON.stringify([symbol, interval]);
    const own = name.slice(name.lastIndexOf(':') + 1);
    const before = series.get(key);
    series.set(key, {
      symbol,
      interval,
      names: [...(before?.names ?? []), [name, own]],
      warmUp: Math.max(before?.warmUp ?? 0, featureReach(own, options).settled),
    });
  }
  return [...series.values()];
}

const sameName = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

const correlatedColumn = (symbol: string): CorrelatedColumn => ({
  symbol,
  column: CORRELATED_NAMES[symbol] ?? `${symbol}_Close`,
});

const uniqueBySymbol = (columns: readonly CorrelatedColumn[]): readonly CorrelatedColumn[] => [
  ...new Map(columns.map((one) => [one.symbol, one])).values(),
];
