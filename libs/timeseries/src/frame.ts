import { AppError } from '#libs/kernel';

type Columns = Readonly<Record<string, Float64Array>> | Iterable<readonly [string, Float64Array]>;

/** What a source knows of its bars beyond their labels. */
export interface BarCalendar {
  /** When the bar with this label (epoch ms UTC, its opening) was complete, and so known. Null: one usual distance later. */
  readonly closeOf: ((label: number) => number) | null;
  /** Zone whose clock the sessions keep, such as `America/New_York`; null where it is not known. */
  readonly zone: string | null;
}

const UNKNOWN_CALENDAR: BarCalendar = { closeOf: null, zone: null };

/**
 * A time series in columns: `time` in epoch milliseconds UTC, ascending (equal times are legal and keep their order),
 * and named columns of the same length, NaN where a value is unknown. Frames are never changed: every operation gives a
 * new frame that shares the arrays' memory, so a slice costs nothing and nobody may write into an array.
 */
export class Frame {
  private constructor(
    readonly time: Float64Array,
    readonly columns: ReadonlyMap<string, Float64Array>,
    /** Kept by every frame that is made of this one. */
    readonly calendar: BarCalendar,
  ) {}

  /**
   * A frame over these arrays, without copying.
   * @throws AppError `internal` (code `invalid_frame`) when the lengths differ or the times are not finite and ascending
   */
  static of(time: Float64Array, columns: Columns = {}): Frame {
    for (let row = 0; row < time.length; row += 1) {
      const now = time[row] ?? NaN;
      const before = row === 0 ? now : (time[row - 1] ?? NaN);
      if (!Number.isFinite(now) || before > now) {
        throw invalidFrame(`time must be finite and ascending; row ${row} is not`);
      }
    }
    return Frame.trusted(time, columns);
  }

  private static trusted(time: Float64Array, columns: Columns, calendar = UNKNOWN_CALENDAR): Frame {
    const map = new Map(Symbol.iterator in columns ? columns : Object.entries(columns));
    for (const [name, values] of map) {
      if (values.length !== time.length) {
        throw invalidFrame(`column ${name} has ${values.length} rows, time has ${time.length}`);
      }
    }
    return new Frame(time, map, calendar);
  }

  get length(): number {
    return this.time.length;
  }

  /** Column names in their order. */
  get names(): readonly string[] {
    return [...this.columns.keys()];
  }

  has(name: string): boolean {
    return this.columns.has(name);
  }

  /** @throws AppError `invalid` (code `invalid_request`, as plugins say it), naming the columns that exist */
  column(name: string): Float64Array {
    const values = this.columns.get(name);
    if (values) return values;
    throw new AppError('invalid', `there is no column "${name}"; the data has ${this.names.join(', ')}`, {
      code: 'invalid_request',
    });
  }

  /** The frame's name for a column, which may differ in case: sources spell `CLOSE`, `Close` and `close`. */
  spelled(name: string): string | undefined {
    return this.has(name) ? name : this.names.find((one) => one.toLowerCase() === name.toLowerCase());
  }

  /**
   * Only these columns, in this order.
   * @throws AppError `invalid` (code `invalid_request`)
   */
  select(names: readonly string[]): Frame {
    return Frame.trusted(
      this.time,
      names.map((name) => [name, this.column(name)] as const),
      this.calendar,
    );
  }

  /**
   * With further columns, or others under existing names.
   * @throws AppError `internal` (code `invalid_frame`) when a length differs
   */
  with(columns: Columns): Frame {
    const added = Symbol.iterator in columns ? columns : Object.entries(columns);
    return Frame.trusted(this.time, [...this.columns, ...added], this.calendar);
  }

  /** The same bars, of a source that knows this of them. */
  dated(calendar: BarCalendar): Frame {
    return Frame.trusted(this.time, this.columns, calendar);
  }

  /** Rows `from` (inclusive) to `to` (exclusive); negative numbers count from the end, as in `Array.slice`. */
  slice(from: number, to: number = this.length): Frame {
    return Frame.trusted(
      this.time.subarray(from, to),
      [...this.columns].map(([name, values]) => [name, values.subarray(from, to)] as const),
      this.calendar,
    );
  }

  /** The last `count` rows, or all when there are fewer. */
  last(count: number): Frame {
    return this.slice(Math.max(0, this.length - count));
  }

  /** Rows not later than `asOf` (epoch ms UTC, inclusive). */
  upTo(asOf: number): Frame {
    return this.slice(0, this.rowAtOrBefore(asOf) + 1);
  }

  /** Rows from `from` to `to`, both inclusive and optional (epoch ms UTC). */
  between(from = -Infinity, to = Infinity): Frame {
    const first = firstRowFrom(this.time, from);
    return this.slice(first, Math.max(first, this.rowAtOrBefore(to) + 1));
  }

  /** Last row whose time is at most `time`; -1 when there is none. */
  rowAtOrBefore(time: number): number {
    return rowAtOrBefore(this.time, time);
  }

  /** Row nearest to `time`, of equally near ones the later; the first or last row beyond the ends; -1 without rows. */
  nearestRow(time: number): number {
    return nearestRow(this.time, time);
  }

  /** Last row whose time is exactly `time`; -1 when there is none. */
  exactRow(time: number): number {
    return exactRow(this.time, time);
  }
}

function invalidFrame(detail: string): AppError {
  return new AppError('internal', detail, { code: 'invalid_frame' });
}

/** First row whose time is at least `time`; `times.length` when there is none. `times` ascending, duplicates allowed. */
export function firstRowFrom(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First row whose time is later than `time`; `times.length` when there is none. */
export function firstRowAfter(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Last row whose time is at most `time`; -1 when `time` lies before the first row. */
export const rowAtOrBefore = (times: Float64Array, time: number): number => firstRowAfter(times, time) - 1;

/** Last row whose time is exactly `time`; -1 when there is none. */
export function exactRow(times: Float64Array, time: number): number {
  const row = rowAtOrBefore(times, time);
  return row >= 0 && times[row] === time ? row : -1;
}

/**
 * The row nearest to `time`, whatever the distance; of rows equally near the later one. A time before the first row
 * gives the first, one after the last row the last; -1 only without rows.
 */
export function nearestRow(times: Float64Array, time: number): number {
  const after = firstRowAfter(times, time);
  if (after === times.length) return times.length - 1;
  const later = times[after] ?? Infinity;
  const earlier = times[after - 1] ?? -Infinity;
  return time - earlier < later - time ? after - 1 : rowAtOrBefore(times, later);
}
