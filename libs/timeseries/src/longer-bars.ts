import { DAY_MS, HOUR_MS, WEEK_MS } from '#libs/kernel';
import type { BarRole } from './csv/column-names.js';
import { rolesOf } from './csv/column-roles.js';
import { exactRow, Frame } from './frame.js';
import { futureTimes } from './future-times.js';
import { barsLater, type Interval, INTERVAL_MS } from './intervals.js';
import { dayOfWeek } from './timestamps.js';
import { Zone } from './times/zones.js';

/** Bars that were put together from shorter ones. */
export interface LongerBars extends Pick<JoinedBars, 'running' | 'knownFrom'> {
  readonly frame: Frame;
}

/** The same as plain data, its arrays ready to be handed from thread to thread. */
export interface JoinedBars {
  /** Labels: the moment of a bar's opening, from a day on midnight UTC of its date. */
  readonly time: Float64Array;
  readonly columns: readonly (readonly [name: string, values: Float64Array])[];
  /** When the last part of each bar closed, epoch ms UTC. */
  readonly closes: Float64Array;
  /** Label of the last bar, which has not all of its parts yet and was left out; null where there is none. */
  readonly running: number | null;
  /**
   * By row: the moment from which nobody who sees bars as they come takes the bar for a running one. That is where sessions
   * usually end, or the length of the bar does, and at the latest where the bar behind it begins.
   */
  readonly knownFrom: Float64Array;
}

/** Whether bars of this distance (ms) make bars of the interval without a rest. */
export function dividesInterval(stepMs: number, interval: Interval): boolean {
  if (interval === '5d') return false;
  const length = INTERVAL_MS[interval];
  if (length < DAY_MS) return stepMs < length && length % stepMs === 0;
  // Months are bars of 28 to 31 days, and three of them make a quarter.
  return stepMs <= DAY_MS ? DAY_MS % stepMs === 0 : interval === '3mo' && stepMs >= 27 * DAY_MS;
}

/** A pause that is rather the end of a session than a missing bar. */
const PAUSE_MS = 4 * HOUR_MS;
const SUNDAY = 6;

/** Bars one after the other without a pause. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** {@link joinBars} as a frame. */
export const longerBars = (bars: Frame, stepMs: number, interval: Interval): LongerBars =>
  framed(joinBars(bars, stepMs, interval), interval, bars.calendar.zone);

/** @param zone of the shorter bars' clock */
export function framed(
  { time, columns, closes, knownFrom, running }: JoinedBars,
  interval: Interval,
  zone: string | null,
): LongerBars {
  const length = INTERVAL_MS[interval];
  const closeOf = (opening: number): number => closes[exactRow(time, opening)] ?? opening + length;
  const calendar = { closeOf, zone: length < DAY_MS ? zone : null };
  return { frame: Frame.of(time, columns).dated(calendar), knownFrom, running };
}

/**
 * Puts bars together: first open, highest high, lowest low, last close, the sum of volumes; of any other column the last
 * value. Of bars with one time the last counts. The day of a market that closes for hours is that of its session, else that
 * of the source's clock (UTC where none is known); the Sunday evening of a market that rests on Saturdays belongs to Monday.
 * @param stepMs distance of the bars, see {@link dividesInterval}
 */
export function joinBars(bars: Frame, stepMs: number, interval: Interval): JoinedBars {
  const labels = new Buckets(bars, stepMs, interval);
  const { time } = bars;
  const starts: number[] = [];
  const label = new Float64Array(time.length);
  for (let row = 0; row < time.length; row += 1) {
    label[row] = labels.of(row);
    if (row === 0 || label[row] !== label[row - 1]) starts.push(row);
  }
  const isRunning = labels.isRunning(label.at(-1) ?? NaN);
  const count = starts.length - (isRunning ? 1 : 0);
  const ends = starts.map((_, index) => (starts[index + 1] ?? time.length) - 1);
  const openings = Float64Array.from({ length: count }, (_, index) => label[starts[index] ?? 0] ?? NaN);
  const joins = joinsOf(bars);
  const joined = new Map<Float64Array, Float64Array>();
  const columns = bars.names.map((name) => {
    const values = bars.column(name);
    const join = joins.get(values) ?? last;
    const made = joined.get(values) ?? joinedColumn(values, time, starts, ends, join, count);
    joined.set(values, made);
    return [name, made] as const;
  });
  const closes = openings.map((_, index) => (time[ends[index] ?? 0] ?? NaN) + stepMs);
  labels.rewind();
  const knownFrom = openings.map((_, index) => {
    const row = ends[index] ?? 0;
    const whole = Math.max(closes[index] ?? NaN, labels.usualEnd(row));
    return Math.min(whole, time[row + 1] ?? Infinity);
  });
  const running = isRunning ? (label.at(-1) ?? null) : null;
  return { time: openings, columns, closes, knownFrom, running };
}

type Join = (before: number, now: number) => number;
const last: Join = (_, now) => now;
const JOINS: Readonly<Record<BarRole, Join>> = {
  CLOSE: last,
  OPEN: (before) => before,
  HIGH: (before, now) => (now > before ? now : before),
  LOW: (before, now) => (now < before ? now : before),
  VOLUME: (before, now) => before + now,
};

/** How each column is joined, whatever its names: `Schlusskurs` and `CLOSE` may be one column. */
function joinsOf(bars: Frame): ReadonlyMap<Float64Array, Join> {
  const found = [...rolesOf(bars.names)].map(([role, name]) => [bars.column(name), JOINS[role]] as const);
  const exact = (Object.keys(JOINS) as BarRole[]).flatMap((role) => {
    const name = bars.spelled(role);
    return name === undefined ? [] : [[bars.column(name), JOINS[role]] as const];
  });
  return new Map([...found, ...exact]);
}

/** One value for each of the first `count` groups of rows; cells without a value count only where nothing else stands. */
function joinedColumn(
  values: Float64Array,
  time: Float64Array,
  starts: readonly number[],
  ends: readonly number[],
  join: Join,
  count: number,
): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => {
    let whole = NaN;
    const end = ends[index] ?? -1;
    for (let row = starts[index] ?? 0; row <= end; row += 1) {
      const value = values[row] ?? NaN;
      if (Number.isNaN(value) || (row < end && time[row] === time[row + 1])) continue;
      whole = Number.isNaN(whole) ? value : join(whole, value);
    }
    return whole;
  });
}

/** Finds the label of the longer bar that a row belongs to. */
class Buckets {
  readonly #time: Float64Array;
  readonly #length: number;
  readonly #zone: Zone;
  readonly #pause: number;
  readonly #runs: readonly Run[];
  readonly #hasSessions: boolean;
  readonly #restsOnSaturday: boolean;
  /** Usual length of a session in ms. */
  readonly #sessionMs: number;
  #run = 0;
  #hour = NaN;
  #offset = 0;

  constructor(
    private readonly bars: Frame,
    private readonly stepMs: number,
    private readonly interval: Interval,
  ) {
    this.#time = bars.time;
    this.#length = INTERVAL_MS[interval];
    this.#zone = new Zone(bars.calendar.zone ?? 'UTC');
    this.#pause = Math.max(PAUSE_MS, 2 * stepMs);
    const runs = stepMs < DAY_MS ? runsOf(bars.time, this.#pause) : [];
    const lengths = runs.map(({ start, end }) => end - start + stepMs).toSorted((a, b) => a - b);
    this.#sessionMs = lengths[lengths.length >>> 1] ?? DAY_MS;
    this.#hasSessions = lengths.length > 2 && this.#sessionMs < 20 * HOUR_MS;
    this.#runs = this.#hasSessions ? withWholeLast(runs, this.#sessionMs - stepMs) : runs;
    this.#restsOnSaturday = !bars.time.some((time) => dayOfWeek(this.#local(time)) === SUNDAY - 1);
  }

  /** Rows may be asked about from the first one on again. */
  rewind(): void {
    this.#run = 0;
  }

  /** When the longer bar of its last row is over, where sessions are as long as usual; rows in ascending order. */
  usualEnd(row: number): number {
    const label = this.of(row);
    const run = this.#hasSessions ? this.#runs[this.#run] : undefined;
    const closing = run === undefined ? Infinity : run.start + this.#sessionMs;
    if (this.#length < DAY_MS)
      return closing > label ? Math.min(label + this.#length, closing) : label + this.#length;
    if (this.interval === '1d' && run !== undefined) return closing;
    const end = barsLater(label, this.interval, 1);
    return this.stepMs >= DAY_MS ? end : end - this.#zone.offsetAt(end);
  }

  /** Rows are asked about in ascending order. */
  of(row: number): number {
    const time = this.#time[row] ?? NaN;
    while (time > (this.#runs[this.#run]?.end ?? Infinity)) this.#run += 1;
    return this.#labelOf(time, this.#runs[this.#run] ?? null);
  }

  /** Whether the next bar that the market will probably have belongs to the bar with this label, too. */
  isRunning(label: number): boolean {
    if (this.#time.length < 2) return true;
    const now = this.#time.at(-1) ?? NaN;
    const run = this.#runs.at(-1);
    const isOver = this.#hasSessions && run !== undefined && now >= run.end;
    let next = futureTimes(this.#time, this.bars.calendar.zone)(1);
    if (isOver && next - now <= this.#pause) next = run.start + DAY_MS;
    while (this.#restsOnSaturday && dayOfWeek(this.#local(next)) === SUNDAY - 1) next += DAY_MS;
    const goesOn = run !== undefined && !isOver && next - now <= this.#pause;
    return this.#labelOf(next, goesOn ? run : { start: next, end: next }) === label;
  }

  #labelOf(time: number, run: Run | null): number {
    if (this.#length < DAY_MS) {
      if (this.#hasSessions && run !== null)
        return run.start + Math.floor((time - run.start) / this.#length) * this.#length;
      const local = this.#local(time);
      return time - (local - Math.floor(local / this.#length) * this.#length);
    }
    return this.#dated(this.#dateOf(time, run));
  }

  /** Midnight UTC of the date that a bar counts to. */
  #dateOf(time: number, run: Run | null): number {
    if (this.stepMs >= DAY_MS) return Math.floor(this.#local(time) / DAY_MS) * DAY_MS;
    const isInSession = this.#hasSessions && run !== null && run.end - time < DAY_MS;
    const date = Math.floor(this.#local(isInSession ? run.end : time) / DAY_MS) * DAY_MS;
    return this.#restsOnSaturday && dayOfWeek(date) === SUNDAY ? date + DAY_MS : date;
  }

  #dated(date: number): number {
    const day = new Date(date);
    switch (this.interval) {
      case '1w':
        return Math.floor((date + 3 * DAY_MS) / WEEK_MS) * WEEK_MS - 3 * DAY_MS;
      case '1mo':
        return Date.UTC(day.getUTCFullYear(), day.getUTCMonth());
      case '3mo':
        return Date.UTC(day.getUTCFullYear(), day.getUTCMonth() - (day.getUTCMonth() % 3));
      default:
        return date;
    }
  }

  /** What the clock shows, as epoch ms as if it were UTC; dates are dates whatever the clock. */
  #local(time: number): number {
    if (this.#zone.fixed !== null) return time + this.#zone.fixed;
    const hour = Math.floor(time / HOUR_MS);
    if (hour !== this.#hour) [this.#hour, this.#offset] = [hour, this.#zone.offsetAt(time)];
    return time + this.#offset;
  }
}

/** The last session ends where sessions usually do, or later. */
function withWholeLast(runs: readonly Run[], length: number): readonly Run[] {
  return runs.map((run, index) =>
    index < runs.length - 1 ? run : { start: run.start, end: Math.max(run.end, run.start + length) },
  );
}

function runsOf(time: Float64Array, pause: number): readonly Run[] {
  const runs: Run[] = [];
  let start = time[0] ?? NaN;
  for (let row = 1; row <= time.length; row += 1) {
    const [before = NaN, now = Infinity] = [time[row - 1], time[row]];
    if (now - before <= pause) continue;
    runs.push({ start, end: before });
    start = now;
  }
  return runs;
}
