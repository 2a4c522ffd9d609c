import { DAY_MS } from '#libs/kernel';
import { Frame } from '#libs/plugin-sdk';
import {
  endsOfBars,
  type BarLength,
  type Closes,
  computeFeatures,
  firstRowAfter,
  type Interval,
  knownValues,
  lengthMs,
  longerBars,
  subBarTicks,
} from '#libs/timeseries';
import { columnNamed, previousCloses, type SessionCloses } from '../bar-source.js';
import { TICKS, type FeaturePlan } from './feature-plan.js';

type Columns = readonly (readonly [name: string, values: Float64Array])[];

/** The bars of a related series; longer ones are made of them where the plan asks for longer ones. */
export interface RelatedSeries {
  /** Null where they are the bars themselves. */
  readonly bars: { readonly time: Float64Array; readonly columns: Columns } | null;
  /** Length of the bars that are looked at. */
  readonly length: BarLength;
  /** Set where they are to be made of shorter ones: their length, and how far apart (ms) the shorter ones are. */
  readonly combined: { readonly interval: Interval; readonly stepMs: number } | null;
  /** Zone of the clock that their market keeps; null where it is not known. */
  readonly zone: string | null;
}

/** Bars and what is to be made of them, as plain data that can go to another thread. */
export interface ColumnsInput {
  /** Epoch ms UTC, ascending. */
  readonly time: Float64Array;
  readonly columns: Columns;
  readonly length: BarLength;
  readonly plan: FeaturePlan;
  /** Shorter bars for each of the plan's tick lengths, in its order. */
  readonly shorter: readonly Closes[];
  /** Sessions for each of the plan's correlated columns, in its order. */
  readonly sessions: readonly Pick<SessionCloses, 'knownFrom' | 'close'>[];
  /** One for each of the plan's related features, in its order. */
  readonly related: readonly RelatedSeries[];
}

export interface ColumnsOutput {
  readonly time: Float64Array;
  readonly columns: Columns;
  /** Columns that have a value in no row. */
  readonly empty: readonly string[];
}

/**
 * The planned columns, rows without a value in one of them left out. No value looks ahead: features use their own and
 * earlier rows, ticks are of bars that had begun before, correlated closes of sessions that had ended, and features of
 * other series of bars that were closed when the row's own bar closed.
 */
export function buildColumns(input: ColumnsInput): ColumnsOutput {
  const frame = plannedColumns(input);
  return completeRows(frame.time, [...frame.columns]);
}

/** A part of the planned columns, all rows kept, and which of them have a value in every column of the part. */
export interface ColumnsPart {
  readonly columns: Columns;
  /** Rows at the beginning that lack a value. */
  readonly leading: number;
  /** 1 for each row that lacks one, where others than those do; else null. */
  readonly lacks: Uint8Array | null;
  /** Columns that have a value in no row. */
  readonly empty: readonly string[];
}

/** As {@link buildColumns}, without leaving out rows. */
export function buildPart(input: ColumnsInput): ColumnsPart {
  const columns = [...plannedColumns(input).columns];
  const lacks = missingRows(input.time.length, columns);
  const leading = firstComplete(lacks);
  return {
    columns,
    leading,
    lacks: lacks.includes(1, leading) ? lacks : null,
    empty: emptyOf(columns, leading === lacks.length),
  };
}

function plannedColumns(input: ColumnsInput): Frame {
  const { time, columns, plan, shorter, sessions, related } = input;
  const bars = Frame.of(time, columns);
  const added = new Map<string, Float64Array>(computeFeatures(bars, plan.own, plan.options));
  for (const [place, interval] of plan.ticks.entries()) {
    const ticks = ticksBefore(
      bars,
      shorter[place] ?? { time: new Float64Array(), close: new Float64Array() },
    );
    for (const [index, values] of ticks.entries()) added.set(`CLOSE_${interval}_tick_${index + 1}`, values);
  }
  for (const [place, { column }] of plan.correlated.entries()) {
    const closes = sessions[place];
    if (closes) added.set(column, previousCloses(time, closes));
  }
  for (const [place, wanted] of plan.related.entries()) {
    const series = related[place];
    if (series)
      for (const [name, values] of relatedColumns(bars, input, wanted, series)) added.set(name, values);
  }
  // A column that the source has itself wins over one that could be computed.
  const whole = bars.with([...added].filter(([name]) => !bars.has(name)));
  return chosenColumns(whole, plan.columns ?? whole.names);
}

/**
 * Features of another series as they were known when each row's bar closed. Bars of a day and longer have no moment at
 * which they close, only the day of their exchange: there another symbol's are those that were over when the row's day
 * began.
 */
function relatedColumns(
  bars: Frame,
  { length, plan }: Pick<ColumnsInput, 'length' | 'plan'>,
  { symbol, names }: FeaturePlan['related'][number],
  series: RelatedSeries,
): readonly (readonly [string, Float64Array])[] {
  const source = series.bars === null ? bars : Frame.of(series.bars.time, series.bars.columns);
  const { frame, knownFrom } = barsOf(source, series);
  const features = computeFeatures(
    frame,
    names.map(([, own]) => own),
    plan.options,
  );
  const isDated = symbol !== null && lengthMs(length) >= DAY_MS;
  const moments = isDated ? bars.time : endsOfBars(bars.time, length);
  return names.map(([asked, own]) => [
    asked,
    knownValues(moments, knownFrom, features.get(own) ?? new Float64Array()),
  ]);
}

function barsOf(source: Frame, { length, combined, zone }: RelatedSeries) {
  if (combined === null) return { frame: source, knownFrom: endsOfBars(source.time, length) };
  return longerBars(source.dated({ closeOf: null, zone }), combined.stepMs, combined.interval);
}

/** The last closes of shorter bars before each bar; no value for bars that lie before the shorter ones begin. */
function ticksBefore(bars: Frame, shorter: Closes): readonly Float64Array[] {
  const close = columnNamed(bars, 'CLOSE') ?? bars.column('CLOSE');
  const ticks = subBarTicks({ time: bars.time, close }, shorter, TICKS);
  const firstKnown = firstRowAfter(bars.time, shorter.time[TICKS - 1] ?? Infinity);
  for (const values of ticks) values.fill(NaN, 0, firstKnown);
  return ticks;
}

/** The named columns in this order, under the asked names. */
const chosenColumns = (whole: Frame, names: readonly string[]): Frame =>
  whole
    .with(names.map((name) => [name, columnNamed(whole, name) ?? whole.column(name)] as const))
    .select(names);

/** Only the rows that have a value in every column: the first rows of indicators have none. */
export function completeRows(time: Float64Array, columns: Columns): ColumnsOutput {
  const lacks = missingRows(time.length, columns);
  const leading = firstComplete(lacks);
  if (!lacks.includes(1, leading)) {
    const rest = columns.map(([name, values]) => [name, values.subarray(leading)] as const);
    return { time: time.subarray(leading), columns: rest, empty: emptyOf(columns, leading === time.length) };
  }
  const runs = completeRuns(lacks);
  const pick = (values: Float64Array) => kept(values, runs, new Float64Array(runs.count));
  return {
    time: pick(time),
    columns: columns.map(([name, values]) => [name, pick(values)] as const),
    empty: emptyOf(columns, runs.count === 0),
  };
}

/** As {@link completeRows}, for arrays that are nobody else's: they are used again, as new ones have to be touched for the first time. */
export function completeRowsInPlace(
  lacks: Uint8Array,
  { time, columns }: Pick<ColumnsOutput, 'time' | 'columns'>,
): ColumnsOutput {
  const runs = completeRuns(lacks);
  const done = new Map<Float64Array, Float64Array>();
  const pick = (values: Float64Array): Float64Array => {
    const result = done.get(values) ?? kept(values, runs, values);
    done.set(values, result);
    return result;
  };
  return {
    time: pick(time),
    columns: columns.map(([name, values]) => [name, pick(values)] as const),
    empty: [],
  };
}

const emptyOf = (columns: Columns, isWanted: boolean): readonly string[] =>
  isWanted ? columns.filter(([, values]) => values.every(Number.isNaN)).map(([name]) => name) : [];

/** 1 for each row that lacks a value. */
function missingRows(length: number, columns: Columns): Uint8Array {
  const lacks = new Uint8Array(length);
  for (const [, values] of columns) markMissing(values, lacks);
  return lacks;
}

const firstComplete = (lacks: Uint8Array): number => {
  const first = lacks.indexOf(0);
  return first < 0 ? lacks.length : first;
};

function markMissing(values: Float64Array, lacks: Uint8Array): void {
  for (let row = 0; row < values.length; row += 1) {
    const value = values[row] ?? NaN;
    if (value !== value) lacks[row] = 1;
  }
}

/** Rows that stay, as the beginnings and ends of their runs. */
interface Runs {
  readonly bounds: readonly number[];
  readonly count: number;
}

function completeRuns(lacks: Uint8Array): Runs {
  const bounds: number[] = [];
  let count = 0;
  for (let from = lacks.indexOf(0); from >= 0; from = lacks.indexOf(0, bounds.at(-1))) {
    const next = lacks.indexOf(1, from);
    const to = next < 0 ? lacks.length : next;
    bounds.push(from, to);
    count += to - from;
  }
  return { bounds, count };
}

/** Rows of a run up to which a loop is faster than a call. */
const SHORT_RUN = 16;

/** Copies the runs to the front of `into`, which may be the same array: a run at a time takes a fifth of what row after row does. */
function kept(values: Float64Array, { bounds, count }: Runs, into: Float64Array): Float64Array {
  let next = 0;
  for (let at = 0; at < bounds.length; at += 2) {
    const [from, to] = [bounds[at] ?? 0, bounds[at + 1] ?? 0];
    if (to - from > SHORT_RUN) into.set(values.subarray(from, to), next);
    else for (let row = from; row < to; row += 1) into[next + row - from] = values[row] ?? NaN;
    next += to - from;
  }
  return into.subarray(0, count);
}
