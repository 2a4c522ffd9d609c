import { cellNumber, cellText, cellTime, isMissing } from './cells.js';
import { MAX_BAD_ROWS_LISTED, refuse, type BadRow, type BadRowRule, type CsvOptions } from './csv-format.js';
import { shown, type CsvHead } from './csv-head.js';
import type { RecordScanner } from './record-scanner.js';

/** Turns records into columns: one growing array a column, a row counted only when all its cells are good. */
export class TableBuilder {
  readonly badRows: BadRow[] = [];
  badRowCount = 0;

  private time: Float64Array;
  private readonly values: Float64Array[];
  private rows = 0;
  private ascending = true;
  private readonly refuseBadRows: boolean;
  private readonly emptyIsNan: boolean;

  /** @param expectedRows room to begin with; a good guess saves copying */
  constructor(
    private readonly file: string,
    private readonly head: CsvHead,
    options: CsvOptions,
    expectedRows: number,
  ) {
    this.time = new Float64Array(expectedRows);
    this.values = head.columns.map(() => new Float64Array(expectedRows));
    this.refuseBadRows = options.onBadRow === 'refuse';
    this.emptyIsNan = options.emptyCells === 'nan';
  }

  /** @throws CsvRefused `csv_bad_row` where bad rows are refused */
  add(scanner: RecordScanner, bytes: Buffer): void {
    const { head } = this;
    if (scanner.cells === 1 && isBlank(scanner, bytes)) return;
    if (scanner.cells !== head.width || scanner.badQuotes) {
      if (scanner.badQuotes) return this.reject(scanner.line, 'bad_quotes');
      return this.reject(scanner.line, scanner.cells < head.width ? 'too_few_cells' : 'too_many_cells');
    }
    if (this.rows === this.time.length) this.grow();
    const { spans } = scanner;
    const row = this.rows;
    const at = 2 * head.dateCell;
    const time = cellTime(bytes, spans[at] ?? 0, spans[at + 1] ?? 0);
    if (Number.isNaN(time))
      return this.rejectCell(scanner, bytes, 'bad_date', head.dateColumn, head.dateCell);
    for (let index = 0; index < head.columns.length; index += 1) {
      const cell = head.columns[index]?.cell ?? 0;
      const value = cellNumber(bytes, spans[2 * cell] ?? 0, spans[2 * cell + 1] ?? 0);
      if (!Number.isFinite(value) && !this.mayBe(value, scanner, bytes, index)) return;
      const column = this.values[index];
      if (column) column[row] = value;
    }
    this.time[row] = time;
    if (row > 0 && (this.time[row - 1] ?? 0) > time) this.ascending = false;
    this.rows = row + 1;
  }

  /** @throws CsvRefused `csv_no_rows` when no good row was added */
  finish(): {
    readonly time: Float64Array;
    readonly columns: readonly (readonly [string, Float64Array])[];
    readonly reordered: boolean;
    readonly duplicateTimes: number;
  } {
    if (this.rows === 0) throw this.noRows();
    const order = this.ascending ? undefined : this.order();
    const sorted = (values: Float64Array): Float64Array => {
      const filled = values.subarray(0, this.rows);
      return order ? Float64Array.from(order, (row) => filled[row] ?? NaN) : filled;
    };
    const time = sorted(this.time);
    return {
      time,
      columns: this.head.columns.map(
        ({ name }, index) => [name, sorted(this.values[index] ?? time)] as const,
      ),
      reordered: order !== undefined,
      duplicateTimes: countRepeats(time),
    };
  }

  /** Whether NaN or infinity is legal in this cell; otherwise the row is rejected with the right rule. */
  private mayBe(value: number, scanner: RecordScanner, bytes: Buffer, index: number): boolean {
    const column = this.head.columns[index];
    if (!column) return false;
    const at = 2 * column.cell;
    if (!Number.isNaN(value)) this.rejectCell(scanner, bytes, 'not_finite', column.name, column.cell);
    else if (!isMissing(bytes, scanner.spans[at] ?? 0, scanner.spans[at + 1] ?? 0)) {
      this.rejectCell(scanner, bytes, 'not_a_number', column.name, column.cell);
    } else if (this.emptyIsNan) return true;
    else this.rejectCell(scanner, bytes, 'missing_cell', column.name, column.cell);
    return false;
  }

  private rejectCell(
    scanner: RecordScanner,
    bytes: Buffer,
    rule: BadRowRule,
    column: string,
    cell: number,
  ): void {
    const text = cellText(bytes, scanner.spans[2 * cell] ?? 0, scanner.spans[2 * cell + 1] ?? 0);
    this.reject(scanner.line, rule, column, text.slice(0, 40));
  }

  private reject(line: number, rule: BadRowRule, column?: string, value?: string): void {
    this.badRowCount += 1;
    if (this.badRows.length < MAX_BAD_ROWS_LISTED) {
      this.badRows.push(column === undefined ? { line, rule } : { line, rule, column, value: value ?? '' });
    }
    if (!this.refuseBadRows) return;
    throw refuse('invalid', 'csv_bad_row', `${this.file} has a bad row: ${sentence(this.badRows[0])}`);
  }

  private noRows(): Error {
    const first = this.badRows[0];
    const why = first
      ? `all ${this.badRowCount} rows are bad, the first: ${sentence(first)}`
      : 'there is nothing below the header';
    return refuse('invalid', 'csv_no_rows', `${this.file} has no data: ${why}`);
  }

  private grow(): void {
    const room = Math.max(1024, Math.ceil(this.time.length * 1.5));
    const wider = (values: Float64Array): Float64Array => {
      const grown = new Float64Array(room);
      grown.set(values);
      return grown;
    };
    this.time = wider(this.time);
    for (const [index, values] of this.values.entries()) this.values[index] = wider(values);
  }

  private order(): Uint32Array {
    const { time } = this;
    const rows = Uint32Array.from({ length: this.rows }, (_, row) => row);
    return rows.sort((a, b) => (time[a] ?? 0) - (time[b] ?? 0) || a - b);
  }
}

function isBlank({ spans }: RecordScanner, bytes: Buffer): boolean {
  return cellText(bytes, spans[0] ?? 0, spans[1] ?? 0) === '';
}

function sentence(bad: BadRow | undefined): string {
  if (!bad) return '';
  const cell = bad.column === undefined ? '' : `, ${bad.column} ${shown(bad.value ?? '')}`;
  return `line ${bad.line}, ${bad.rule.replaceAll('_', ' ')}${cell}`;
}

function countRepeats(time: Float64Array): number {
  let count = 0;
  for (let row = 1; row < time.length; row += 1) if (time[row] === time[row - 1]) count += 1;
  return count;
}
