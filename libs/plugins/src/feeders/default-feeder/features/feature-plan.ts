import { PluginError } from '#libs/plugin-sdk';
import { INDICATOR_COLUMNS } from '#libs/timeseries';

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

/** What has to be computed or fetched besides the bars. */
export interface FeaturePlan {
  /** Columns to hand over, in this order; null for those of the source and the correlated ones. */
  readonly columns: readonly string[] | null;
  readonly indicators: boolean;
  readonly barShapes: boolean;
  readonly calendar: boolean;
  readonly ticks: readonly ('15m' | '30m')[];
  readonly correlated: readonly CorrelatedColumn[];
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
 * @param present columns of the source
 * @throws PluginError `invalid_request` that names what there is and what can be computed
 */
export function planFeatures(
  columns: readonly string[] | null,
  present: readonly string[],
  { correlated_instruments }: Pick<PlanSettings, 'correlated_instruments'>,
): FeaturePlan {
  const configured = correlated_instruments.map(correlatedColumn);
  const known = [...configured, ...['^GSPC', '^VIX'].map(correlatedColumn)];
  const missing = columns?.filter((name) => !present.some((one) => sameName(one, name))) ?? [];
  const has = (names: readonly string[]) => missing.some((name) => names.includes(name));
  const unknown = missing.find(
    (name) => !COMPUTED.includes(name) && !known.some(({ column }) => column === name),
  );
  if (unknown !== undefined) {
    throw new PluginError('invalid_request', `there is no column "${unknown}"; ${offer(present, known)}`);
  }
  return {
    columns,
    indicators: has(INDICATOR_COLUMNS),
    barShapes: has(BAR_SHAPES),
    calendar: has(CALENDAR),
    ticks: (['15m', '30m'] as const).filter((interval) => has(tickColumns(interval))),
    correlated:
      columns === null
        ? configured.filter(({ column }) => !present.includes(column))
        : uniqueBySymbol(known.filter(({ column }) => missing.includes(column))),
  };
}

const sameName = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

const correlatedColumn = (symbol: string): CorrelatedColumn => ({
  symbol,
  column: CORRELATED_NAMES[symbol] ?? `${symbol}_Close`,
});

const uniqueBySymbol = (columns: readonly CorrelatedColumn[]): readonly CorrelatedColumn[] => [
  ...new Map(columns.map((one) => [one.symbol, one])).values(),
];

const COMPUTED: readonly string[] = ALL_COLUMNS.filter(
  (name) => !['OPEN', 'HIGH', 'LOW', 'CLOSE', 'S&P500_Close', 'vix_close'].includes(name),
);

function offer(present: readonly string[], known: readonly CorrelatedColumn[]): string {
  const named = [...COMPUTED.filter((name) => !TICK_COLUMN.test(name)), ...known.map(({ column }) => column)];
  const ticks = `CLOSE_15m_tick_1 to ${TICKS} and CLOSE_30m_tick_1 to ${TICKS}`;
  return `the data has ${present.join(', ')}; computed on request are ${[...new Set(named)].join(', ')}, ${ticks}`;
}
