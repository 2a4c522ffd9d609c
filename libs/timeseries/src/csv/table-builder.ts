import { MINUTE_MS } from '#libs/kernel';
import type { DateOrder } from '../times/cell-times.js';
import { CellTimes } from '../times/cell-times.js';
import { ordersOf } from '../times/time-plan.js';
import type { Zone } from '../times/zones.js';
import { cellText, isMissing, shown } from './cells.js';
import {
  type BadCells,
  type BadRow,
  type BadRowRule,
  MAX_BAD_ROWS_LISTED,
  ReadAgain,
  refuse,
} from './csv-format.js';
import { checkOrder } from './header.js';
import type { Layout } from './layout.js';
import { numberEvidence, NumberReader } from './numbers.js';
import type { RecordScanner } from './record-scanner.js';
import { RowFilter } from './row-filter.js';
import { timeOf } from './sample.js';
import { joinParts } from './time-cells.js';
import type { ReadTimes } from './row-times.js';

/** Rows as they stand in the file: what clocks showed, and the values. */
export interface ReadRows extends ReadTimes {
  readonly values: readonly Float64Array[];
  /** Cells without a value in each column. */
  readonly missing: readonly number[];
  readonly badCells: readonly BadCells[];
}

const DAY_MINUTES = 1440;
/** Beyond the year 9999 there are no bars. */
const MAX_TIME_MS = Date.UTC(9999, 11, 31);

/** Turns records into columns: one growing array a column. A row counts when its time can be read; a cell that holds no number is NaN. */
export class TableBuilder {
  readonly badRows: BadRow[] = [];
  badRowCount = 0;

  private time: Float64Array;
  /** Offsets in minutes, while every time is midnight or all may still be; NaN where a time has none. */
  private offsets: Float32Array | null = null;
  private readonly values: Float64Array[];
  private rows = 0;
  private readonly cells: Int32Array;
  private readonly missing: Int32Array;
  private readonly bad: (BadCells | undefined)[];
  private readonly numbers: NumberReader;
  private readonly clock = new CellTimes('ymd');
  private orders: readonly DateOrder[];
  /** Which rows count. */
  readonly filter: RowFilter;

  /** @param expectedRows room to begin with; a good guess saves copying */
  constructor(
    private readonly file: string,
    private readonly layout: Layout,
    expectedRows: number,
  ) {
    const { columns, numbers, time } = layout;
    this.time = new Float64Array(expectedRows);
    if (time.hasOffsets) this.offsets = new Float32Array(expectedRows);
    this.values = columns.map(() => new Float64Array(expectedRows));
    this.cells = Int32Array.from(columns, ({ cell }) => cell);
    this.missing = new Int32Array(columns.length);
    this.bad = columns.map(() => undefined);
    this.numbers = new NumberReader(numbers);
    this.orders = time.orders;
    this.filter = new RowFilter(layout.choice);
  }

  /** @throws ReadAgain when the row shows that something was taken wrongly */
  add(scanner: RecordScanner, bytes: Buffer): void {
    const { names } = this.layout;
    if (scanner.cells !== names.length || scanner.badQuotes) {
      if (isBlank(scanner, bytes)) return;
      if (scanner.badQuotes) return this.reject(scanner.line, 'bad_quotes');
      if (scanner.cells < names.length) return this.reject(scanner.line, 'too_few_cells');
      if (!this.isBlankFrom(names.length, scanner, bytes)) return this.reject(scanner.line, 'too_many_cells');
    }
    if (this.rows === this.time.length) this.grow();
    const { spans } = scanner;
    if (!this.filter.keeps(spans, bytes)) return;
    const row = this.rows;
    const time = this.timeIn(spans, bytes);
    if (Number.isNaN(time)) return this.rejectTime(scanner, bytes);
    for (let index = 0; index < this.cells.length; index += 1) {
      const at = 2 * (this.cells[index] ?? 0);
      const value = this.numbers.read(bytes, spans[at] ?? 0, spans[at + 1] ?? 0);
      const column = this.values[index];
      if (column) column[row] = Number.isFinite(value) ? value : this.noValue(scanner, bytes, index);
    }
    this.time[row] = time;
    this.rows = row + 1;
  }

  /**
   * Adds rows of a table whose values are numbers, the time first.
   * @param zone of times that are moments; null where they are what clocks showed
   */
  addNumbers(
    rows: number,
    [timeAt, ...columns]: readonly ((row: number) => number)[],
    zone: Zone | null,
  ): void {
    for (let row = 0; row < rows; row += 1) {
      const time = timeAt?.(row) ?? NaN;
      const line = this.rows + this.badRowCount + 2;
      if (!(Math.abs(time) < MAX_TIME_MS)) {
        this.reject(line, 'bad_date', this.layout.names[this.layout.dateCell] ?? '', '');
        continue;
      }
      if (this.rows === this.time.length) this.grow();
      const offset = zone?.offsetAt(time) ?? 0;
      this.time[this.rows] = time + offset;
      if (this.offsets !== null) this.offsets[this.rows] = offset / MINUTE_MS;
      for (let index = 0; index < columns.length; index += 1) {
        const value = columns[index]?.(row) ?? NaN;
        const column = this.values[index];
        if (column) column[this.rows] = Number.isFinite(value) ? value : this.noNumber(value, index, line);
      }
      this.rows += 1;
    }
  }

  private noNumber(value: number, index: number, line: number): number {
    this.missing[index] = (this.missing[index] ?? 0) + 1;
    if (!Number.isNaN(value)) this.noteCell(index, line, String(value));
    return NaN;
  }

  /** @throws CsvRefused `csv_no_rows` without a good row, `csv_ambiguous_numbers`; ReadAgain */
  finish(): ReadRows {
    if (this.rows === 0) throw this.noRows();
    this.checkNumbers();
    const { rows } = this;
    return {
      local: this.time.subarray(0, rows),
      offsets: this.offsets?.subarray(0, rows) ?? null,
      orders: this.orders,
      values: this.values.map((values) => values.subarray(0, rows)),
      missing: [...this.missing],
      badCells: this.bad.filter((one) => one !== undefined),
    };
  }

  private timeIn(spans: Int32Array, bytes: Buffer): number {
    const { layout } = this;
    const { reader } = layout.time;
    const at = 2 * layout.dateCell;
    let time =
      layout.partCells.length === 0
        ? reader.read(bytes, spans[at] ?? 0, spans[at + 1] ?? 0)
        : timeOf(reader, this.partsText(spans, bytes));
    if (
      this.orders.length > 1 &&
      !(reader.parts[0] <= 12 && reader.parts[1] <= 12 && !Number.isNaN(time) && !this.orders.includes('ymd'))
    )
      this.narrow(bytes, spans[at] ?? 0, spans[at + 1] ?? 0);
    let { offset } = reader;
    if (layout.clockCell >= 0) {
      const clockAt = 2 * layout.clockCell;
      time += this.clock.readClock(bytes, spans[clockAt] ?? 0, spans[clockAt + 1] ?? 0, layout.clockDigits);
      if (Number.isNaN(offset)) ({ offset } = this.clock);
    }
    if (this.offsets !== null) this.offsets[this.rows] = offset;
    // Offsets in the middle of a file that began without them.
    else if (!Number.isNaN(offset)) {
      this.offsets = new Float32Array(this.time.length).fill(NaN);
      this.offsets[this.rows] = offset;
    }
    return Math.abs(offset) > DAY_MINUTES ? NaN : time;
  }

  private partsText(spans: Int32Array, bytes: Buffer): string {
    return joinParts(
      this.layout.partCells.map((cell) => cellText(bytes, spans[2 * cell] ?? 0, spans[2 * cell + 1] ?? 0)),
    );
  }

  /** Strikes orders of date parts that this date does not allow; a broken date strikes none. */
  private narrow(bytes: Buffer, start: number, end: number): void {
    const left = ordersOf(cellText(bytes, start, end), this.orders);
    if (left.length === 0 || left.length === this.orders.length) return;
    if (left[0] !== this.orders[0]) throw new ReadAgain({ orders: left });
    this.orders = left;
  }

  /** NaN for a cell that holds no number, which is counted. */
  private noValue(scanner: RecordScanner, bytes: Buffer, index: number): number {
    const at = 2 * (this.cells[index] ?? 0);
    const [start, end] = [scanner.spans[at] ?? 0, scanner.spans[at + 1] ?? 0];
    this.missing[index] = (this.missing[index] ?? 0) + 1;
    if (isMissing(bytes, start, end)) return NaN;
    const text = cellText(bytes, start, end);
    if (
      !this.layout.numbers.settled &&
      !this.numbers.sawDecimals &&
      /^[-+\d.,]+$/.test(text) &&
      numberEvidence(text) === ','
    )
      throw new ReadAgain({ decimal: ',' });
    this.noteCell(index, scanner.line, text.slice(0, 40));
    return NaN;
  }

  private noteCell(index: number, line: number, value: string): void {
    const known = this.bad[index];
    const column = this.layout.columns[index]?.name ?? '';
    this.bad[index] = known ? { ...known, count: known.count + 1 } : { column, count: 1, line, value };
  }

  /** Numbers such as `1,234` throughout may be one and a quarter or one thousand. */
  private checkNumbers(): void {
    const { numbers, layout } = this;
    if (layout.numbers.settled || numbers.sawDecimals || numbers.undecided === 0) return;
    const example = shown(numbers.undecidedText);
    const detail = `${this.file} has numbers such as ${example}, and none that tells whether the comma stands before decimals or between thousands: set decimal to "," or to "."`;
    throw refuse('invalid', 'csv_ambiguous_numbers', detail);
  }

  private isBlankFrom(first: number, scanner: RecordScanner, bytes: Buffer): boolean {
    for (let cell = first; cell < Math.min(scanner.cells, scanner.spans.length / 2); cell += 1) {
      if (cellText(bytes, scanner.spans[2 * cell] ?? 0, scanner.spans[2 * cell + 1] ?? 0) !== '')
        return false;
    }
    return true;
  }

  private rejectTime(scanner: RecordScanner, bytes: Buffer): void {
    const { dateCell, clockCell, names, partCells } = this.layout;
    const text = (cell: number): string =>
      cellText(bytes, scanner.spans[2 * cell] ?? 0, scanner.spans[2 * cell + 1] ?? 0);
    const cells = names.map((_, cell) => text(cell));
    checkOrder(this.file, scanner.line, cells, names);
    const date = partCells.length === 0 ? text(dateCell) : this.partsText(scanner.spans, bytes);
    const value = clockCell < 0 ? date : `${date} ${text(clockCell)}`;
    this.reject(scanner.line, 'bad_date', names[dateCell] ?? '', value.slice(0, 40));
  }

  private reject(line: number, rule: BadRowRule, column?: string, value?: string): void {
    this.badRowCount += 1;
    if (this.badRows.length < MAX_BAD_ROWS_LISTED) {
      this.badRows.push(column === undefined ? { line, rule } : { line, rule, column, value: value ?? '' });
    }
  }

  private noRows(): Error {
    const first = this.badRows[0];
    const { reason } = this.filter;
    const why =
      reason !== ''
        ? reason
        : first
          ? `all ${this.badRowCount} rows are bad, the first: ${badRowText(first)}`
          : 'there is nothing below the header';
    return refuse('invalid', 'csv_no_rows', `${this.file} has no data: ${why}`);
  }

  private grow(): void {
    const room = Math.max(1024, Math.ceil(this.time.length * 1.5));
    const wider = <T extends Float64Array | Float32Array>(values: T, grown: T): T => {
      grown.set(values);
      return grown;
    };
    this.time = wider(this.time, new Float64Array(room));
    if (this.offsets !== null) this.offsets = wider(this.offsets, new Float32Array(room).fill(NaN));
    for (const [index, values] of this.values.entries())
      this.values[index] = wider(values, new Float64Array(room));
  }
}

/** Blank lines and comments are no rows. */
function isBlank(scanner: RecordScanner, bytes: Buffer): boolean {
  const [start = 0, end = 0] = scanner.spans;
  if (bytes[start] === 0x23 && start < end) return true;
  for (let cell = 0; cell < scanner.cells; cell += 1) {
    if (cellText(bytes, scanner.spans[2 * cell] ?? 0, scanner.spans[2 * cell + 1] ?? 0) !== '') return false;
  }
  return true;
}

const RULES: Readonly<Record<BadRowRule, string>> = {
  too_few_cells: 'too few cells',
  too_many_cells: 'too many cells',
  bad_quotes: 'bad quotes',
  bad_date: 'bad date',
};

/** A bad row in words: `line 2, bad date, DATE_TIME "x" (time_format tells how times are written)`. */
export function badRowText(bad: BadRow): string {
  const cell = bad.column === undefined ? '' : `, ${bad.column} ${shown(bad.value ?? '')}`;
  const hint =
    bad.rule === 'bad_date' ? ' (time_format tells how times are written, for example %d.%m.%Y %H:%M)' : '';
  return `line ${bad.line}, ${RULES[bad.rule]}${cell}${hint}`;
}
