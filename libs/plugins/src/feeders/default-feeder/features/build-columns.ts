import { Frame } from '#libs/plugin-sdk';
import {
  barFeatures,
  firstRowAfter,
  subBarTicks,
  technicalIndicators,
  timeFeatures,
  type Closes,
} from '#libs/timeseries';
import { columnNamed, previousCloses, type SessionCloses } from '../bar-source.js';
import { TICKS, type FeaturePlan } from './feature-plan.js';

type Columns = readonly (readonly [name: string, values: Float64Array])[];

/** Bars and what is to be made of them, as plain data that can go to another thread. */
export interface ColumnsInput {
  /** Epoch ms UTC, ascending. */
  readonly time: Float64Array;
  readonly columns: Columns;
  readonly plan: FeaturePlan;
  /** Shorter bars for each of the plan's tick lengths, in its order. */
  readonly shorter: readonly Closes[];
  /** Sessions for each of the plan's correlated columns, in its order. */
  readonly sessions: readonly Pick<SessionCloses, 'knownFrom' | 'close'>[];
}

export interface ColumnsOutput {
  readonly time: Float64Array;
  readonly columns: Columns;
}

/** The market feeder's periods: those of the published feature files but for EMA, which is 20. */
const PERIODS = { ema: 20 };

/**
 * The planned columns, rows without a value in one of them left out. No value looks ahead: indicators use their own and
 * earlier rows, bar shapes are those of the bar before, ticks are of bars that had begun before, correlated closes of
 * sessions that had ended. Needs OPEN, HIGH, LOW and CLOSE, in any spelling, where {@link needsPrices} says so.
 */
export function buildColumns({ time, columns, plan, shorter, sessions }: ColumnsInput): ColumnsOutput {
  const bars = Frame.of(time, columns);
  const prices = needsPrices(plan) ? bars.with(pricesOf(bars)) : bars;
  const added = new Map<string, Float64Array>();
  const add = (values: Readonly<Record<string, Float64Array>>) => {
    for (const [name, column] of Object.entries(values)) added.set(name, column);
  };
  if (plan.indicators) add(technicalIndicators(prices, PERIODS));
  if (plan.barShapes) add(barFeatures(prices, 'previous'));
  if (plan.calendar) add(timeFeatures(time));
  for (const [place, interval] of plan.ticks.entries()) {
    const ticks = ticksBefore(
      prices,
      shorter[place] ?? { time: new Float64Array(), close: new Float64Array() },
    );
    for (const [index, values] of ticks.entries()) added.set(`CLOSE_${interval}_tick_${index + 1}`, values);
  }
  for (const [place, { column }] of plan.correlated.entries()) {
    const closes = sessions[place];
    if (closes) added.set(column, previousCloses(time, closes));
  }
  // A column that the source has itself wins over one that could be computed.
  const whole = bars.with([...added].filter(([name]) => !bars.has(name)));
  const { time: times, columns: chosen } = completeRows(chosenColumns(whole, plan.columns ?? whole.names));
  return { time: times, columns: [...chosen] };
}

/** Whether the plan has columns that are computed from prices. */
export const needsPrices = (plan: FeaturePlan): boolean =>
  plan.indicators || plan.barShapes || plan.ticks.length > 0;

/** What computed columns are made of. */
export const PRICES = ['OPEN', 'HIGH', 'LOW', 'CLOSE'] as const;

/** Prices that computed columns need and these bars lack. */
export const missingPrices = (bars: Frame): readonly string[] =>
  PRICES.filter((name) => !columnNamed(bars, name));

const pricesOf = (bars: Frame): Columns =>
  PRICES.map((name) => [name, columnNamed(bars, name) ?? bars.column(name)] as const);

/** The last closes of shorter bars before each bar; no value for bars that lie before the shorter ones begin. */
function ticksBefore(prices: Frame, shorter: Closes): readonly Float64Array[] {
  const ticks = subBarTicks({ time: prices.time, close: prices.column('CLOSE') }, shorter, TICKS);
  const firstKnown = firstRowAfter(prices.time, shorter.time[TICKS - 1] ?? Infinity);
  for (const values of ticks) values.fill(NaN, 0, firstKnown);
  return ticks;
}

/** The named columns in this order, under the asked names. */
const chosenColumns = (whole: Frame, names: readonly string[]): Frame =>
  whole
    .with(names.map((name) => [name, columnNamed(whole, name) ?? whole.column(name)] as const))
    .select(names);

/** Only the rows that have a value in every column: the first rows of indicators have none. */
function completeRows(frame: Frame): Frame {
  const columns = [...frame.columns.values()];
  const isComplete = (row: number) => columns.every((values) => !Number.isNaN(values[row] ?? NaN));
  const rows = Int32Array.from(frame.time.keys()).filter(isComplete);
  if (rows.length === frame.length) return frame;
  const [first = 0] = rows;
  if (first + rows.length === frame.length) return frame.slice(first);
  const pick = (values: Float64Array) => Float64Array.from(rows, (row) => values[row] ?? NaN);
  return Frame.of(
    pick(frame.time),
    [...frame.columns].map(([name, values]) => [name, pick(values)] as const),
  );
}
