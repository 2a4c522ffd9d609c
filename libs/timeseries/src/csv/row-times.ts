import { DAY_MS, MINUTE_MS, SECOND_MS } from '#libs/kernel';
import type { DateOrder } from '../times/cell-times.js';
import { EPOCH_UNITS } from '../times/time-words.js';
import { LocalClock, type Zone } from '../times/zones.js';
import { formatOf } from '../times/time-format.js';
import { monthsLater } from '../intervals.js';
import { shown } from './cells.js';
import { type FileNote, ReadAgain, refuse } from './csv-format.js';
import type { Layout } from './layout.js';

/** The times of rows as they stand in the file. */
export interface ReadTimes {
  /** What clocks showed, as epoch ms as if it were UTC. */
  readonly local: Float64Array;
  /** Offset of each in minutes east of UTC, NaN where it has none; null when none has. */
  readonly offsets: Float32Array | null;
  /** Orders of date parts that all of them allow; the first was used. */
  readonly orders: readonly DateOrder[];
}

/** The usual distance of neighbouring times in ms, whatever their order: the median over the last 1,000; NaN with fewer than two. */
export function usualStep(times: Float64Array): number {
  const first = Math.max(0, times.length - 1001);
  const last = Math.abs((times.at(-1) ?? NaN) - (times.at(-2) ?? NaN));
  if (last > 0 && isMostOf(times, first, last)) return last;
  const steps = new Float64Array(times.length - first);
  let count = 0;
  for (let row = first + 1; row < times.length; row += 1) {
    const step = Math.abs((times[row] ?? NaN) - (times[row - 1] ?? NaN));
    if (step > 0) steps[count++] = step;
  }
  return medianOf(steps.subarray(0, count));
}

/** Whether more than half of the distances from a row on are this one: then it is their median, found without a list of them. */
function isMostOf(times: Float64Array, first: number, step: number): boolean {
  let left = Math.floor((times.length - first - 1) / 2) + 1;
  for (let row = times.length - 1; row > first; row -= 1) {
    if (Math.abs((times[row] ?? NaN) - (times[row - 1] ?? NaN)) === step && --left === 0) return true;
  }
  return false;
}

/**
 * The upper median. Most bars lie equally far apart, and a value that more than half of the others equal is the median: it is
 * found in two passes (Boyer and Moore 1981, "MJRTY"), a thirtieth of the time that sorting takes.
 */
function medianOf(values: Float64Array): number {
  let [candidate, lead] = [NaN, 0];
  for (const value of values) {
    if (lead === 0) candidate = value;
    lead += value === candidate ? 1 : -1;
  }
  let times = 0;
  for (const value of values) if (value === candidate) times += 1;
  return 2 * times > values.length ? candidate : (values.toSorted()[values.length >>> 1] ?? NaN);
}

/** Counts since 1970 of this unit, by the moment they would be in it: between these they are certain to be of it. */
const [FIRST_CERTAIN, LAST_CERTAIN] = [Date.UTC(1973, 0), Date.UTC(2100, 0)];

/**
 * Times of a file in which counts of seconds, milliseconds and so on stand in one column. Where the counts in one unit jump
 * back and forth, and each in the unit that its size tells makes bars one after the other, the latter is meant.
 * @param order of the file; null where a setting says it
 */
export function inOneUnit(
  local: Float64Array,
  order: DateOrder | null,
): { readonly local: Float64Array; readonly notes: readonly FileNote[] } {
  const alone = { local, notes: [] };
  if (order?.startsWith('epoch') !== true || !local.some((time) => time < FIRST_CERTAIN) || isSteady(local))
    return alone;
  const units = Object.entries(EPOCH_UNITS).filter(([name]) => name.startsWith('epoch'));
  const unit = EPOCH_UNITS[order] ?? 1;
  const own = local.map((time) => {
    const fitting = units.map(([, one]) => (time / unit) * one);
    return fitting.find((one) => one >= FIRST_CERTAIN && one < LAST_CERTAIN) ?? time;
  });
  if (!isSteady(own)) return alone;
  const text =
    'times are counts since 1970 in several units; each was read in the one in which bars follow each other';
  return { local: own, notes: [{ code: 'format', text }] };
}

/** Whether times only rise or only fall. */
function isSteady(local: Float64Array): boolean {
  let [rises, falls] = [true, true];
  for (let row = 1; row < local.length && (rises || falls); row += 1) {
    const step = (local[row] ?? NaN) - (local[row - 1] ?? NaN);
    rises &&= step >= 0;
    falls &&= step <= 0;
  }
  return rises || falls;
}

/** What a reading in each order of date parts gave: whether its bars follow each other as bars do. */
export type TriedOrders = Map<DateOrder, boolean>;

/**
 * Makes sure that dates were read in the one order that is possible. Where every date allows several, the clock decides: in
 * bars shorter than a day the part that changes from one bar to the next at midnight is the day. Beside the name of a month
 * (`24-Jan-30`) the order in which bars follow each other tells day and year apart. Where nothing decides, the file is refused.
 * @throws ReadAgain to try the next order, CsvRefused `csv_ambiguous_dates`
 */
export function settleOrder(
  file: string,
  layout: Layout,
  { local, orders }: ReadTimes,
  tried: TriedOrders,
): readonly FileNote[] {
  const [order, ...others] = orders;
  if (others.length === 0 || order === undefined) return [];
  const settled = (why: string): readonly FileNote[] => {
    const text = `every date could be read in ${orders.length} ways; ${formatOf(layout.time.example, order)} is the one in which ${why}`;
    return [{ code: 'date_order', text }];
  };
  if (goesOnAtMidnight(local)) return settled('bars go on at midnight');
  tried.set(order, isSeries(local));
  const next = others.find((one) => !tried.has(one)) ?? onlySeries(layout.time.example, orders, tried);
  if (next === order) return settled('bars follow each other, days and not years apart');
  if (next !== undefined) throw new ReadAgain({ orders: [next, ...orders.filter((one) => one !== next)] });
  const formats = orders.toSorted().map((one) => formatOf(layout.time.example, one));
  const detail = `${file} has dates such as ${shown(layout.time.example)}, and none that tells ${orders.includes('ymd') ? 'year, month and day apart' : 'which part is the day and which the month'}: set time_format to ${formats.join(' or ')}`;
  throw refuse('invalid', 'csv_ambiguous_dates', detail);
}

/** Beside the name of a month: of day and year first the one that gives bars one after the other. Numbers are never told apart so. */
function onlySeries(
  example: string,
  orders: readonly DateOrder[],
  tried: TriedOrders,
): DateOrder | undefined {
  const good = orders.filter((order) => tried.get(order));
  return /\p{L}{3}/u.test(example) && orders.length === 2 && good.length === 1 ? good[0] : undefined;
}

/** Bars are rarely further apart; dates whose years were taken for days are years apart. */
const MAX_SERIES_STEP_MS = 100 * DAY_MS;

/** Whether times only rise or only fall, in steps of bars. */
const isSeries = (local: Float64Array): boolean => isSteady(local) && usualStep(local) <= MAX_SERIES_STEP_MS;

function goesOnAtMidnight(local: Float64Array): boolean {
  const step = usualStep(local);
  if (!(step < DAY_MS)) return false;
  for (let row = 1; row < local.length; row += 1) {
    const [before, now] = [local[row - 1] ?? NaN, local[row] ?? NaN];
    if (Math.abs(now - before) === step && Math.floor(now / DAY_MS) !== Math.floor(before / DAY_MS))
      return true;
  }
  return false;
}

/** Moments of the bars and what is to be said about them. */
export interface Moments {
  readonly time: Float64Array;
  readonly notes: readonly FileNote[];
}

/**
 * The moments (epoch ms UTC) at which bars begin. Bars of whole days are dated by the day of their exchange: a file in
 * which every clock shows midnight keeps its dates, whatever their offsets.
 */
export function momentsOf(
  { local: read, offsets }: ReadTimes,
  zone: Zone,
  { barTime, barTimeFrom }: Pick<Layout['detected'], 'barTime' | 'barTimeFrom'>,
): Moments {
  const isTold = barTime === 'close' && barTimeFrom !== 'setting';
  // Makers that label bars with their ends date those of whole days with the day itself.
  const isByDay = isTold && usualStep(read) >= DAY_MS;
  const ends = isByDay || barTimeFrom === 'setting' ? null : lastInstants(read);
  const local = isByDay ? read.map((time) => Math.floor(time / DAY_MS) * DAY_MS) : (ends?.time ?? read);
  const { time, notes } = isMidnight(local) ? { time: local, notes: [] } : inUtc(local, offsets, zone);
  const isShifted = barTime === 'close' && !isByDay && ends === null;
  return { time: isShifted ? beginnings(time) : time, notes: [...(ends?.notes ?? []), ...notes] };
}

/** Beginnings of bars that are labelled with their last second or millisecond, `23:59:59.999`, which nothing else has; null for others. */
function lastInstants(local: Float64Array): Moments | null {
  const step = usualStep(local);
  const short = [1, SECOND_MS].find((one) => local.every((time) => (time + one) % MINUTE_MS === 0));
  if (short === undefined || !(step >= MINUTE_MS) || step > DAY_MS) return null;
  if (!local.every((time) => (time + short) % step === 0)) return null;
  const text = `times such as ${new Date(local[0] ?? 0).toISOString().slice(11, 23)} are the last moment of their bars and were taken as their ends`;
  return { time: local.map((time) => time + short - step), notes: [{ code: 'bar_ends', text }] };
}

const isMidnight = (local: Float64Array): boolean => local.every((time) => time % DAY_MS === 0);

function inUtc(local: Float64Array, offsets: Float32Array | null, zone: Zone): Moments {
  if (offsets === null && zone.fixed !== null) {
    if (zone.fixed === 0) return { time: local, notes: [] };
    const shift = zone.fixed;
    return { time: local.map((time) => time - shift), notes: [] };
  }
  const clock = new LocalClock(zone);
  const time = new Float64Array(local.length);
  const isFalling = (local[0] ?? 0) > (local.at(-1) ?? 0);
  for (let index = 0; index < local.length; index += 1) {
    const row = isFalling ? local.length - 1 - index : index;
    const [shown_, offset] = [local[row] ?? NaN, offsets?.[row] ?? NaN];
    time[row] = Number.isNaN(offset)
      ? zone.fixed === null
        ? clock.toUtc(shown_)
        : shown_ - zone.fixed
      : shown_ - offset * MINUTE_MS;
  }
  return { time, notes: unusualHours(clock, zone) };
}

function unusualHours({ twice, never }: LocalClock, { name }: Zone): readonly FileNote[] {
  const parts = [
    ...(twice > 0
      ? [
          `${twice} times stand for two moments in ${name}, because clocks were set back; they were read in the order of the rows`,
        ]
      : []),
    ...(never > 0
      ? [
          `${never} times do not exist in ${name}, because clocks were set forward; they were read as if they had not been`,
        ]
      : []),
  ];
  return parts.length === 0 ? [] : [{ code: 'unusual_hours', text: parts.join('; ') }];
}

/** The beginnings of bars whose times are their ends. */
function beginnings(time: Float64Array): Float64Array {
  const step = usualStep(time);
  if (Number.isNaN(step)) return time;
  const months = Math.round(step / (30.44 * DAY_MS));
  return step >= 27 * DAY_MS ? time.map((end) => monthsLater(end, -months)) : time.map((end) => end - step);
}
