import { DAY_MS, MINUTE_MS } from '#libs/kernel';
import { bare } from '../csv/column-names.js';
import { datePartCells, isClockName, isRoleName, timeRank } from '../csv/column-roles.js';
import { type CsvOptions, refuse } from '../csv/csv-format.js';
import { formatIso } from '../timestamps.js';
import { Zone } from '../times/zones.js';

/** The text of a column's value in one row of those that are at hand; empty where it has none. */
export type CellText = (row: number) => string;

/** What a column of a file holds, as far as that decides whether it is needed and how it is written. */
export type ColumnKind = 'number' | 'text' | 'time' | 'other';

export interface TableColumn {
  readonly name: string;
  readonly kind: ColumnKind;
  /** Zone of moments; null for what clocks showed, and for values that are no times. */
  readonly zone: string | null;
}

/** The values of a column in the rows that are at hand. */
export interface ColumnCells {
  readonly text: CellText;
  /** The number, or the time as epoch ms, NaN where there is none; null for a column of other values. */
  readonly number: ((row: number) => number) | null;
}

/** Some rows of a table. */
export interface TablePiece {
  readonly rows: number;
  readonly cells: readonly ColumnCells[];
}

/** A table that is read in pieces. */
export interface ColumnarTable {
  /** `parquet` or `feather`, and how it is packed. */
  readonly what: string;
  readonly columns: readonly TableColumn[];
  /** Pieces of rows, the cells of wanted columns in their order; `wanted` are indexes of {@link columns}. */
  pieces: (wanted: readonly number[]) => AsyncGenerator<TablePiece>;
}

/**
 * Whether a column has to be read. Where columns are asked for, others need it only if they may hold times or play a role
 * in bars.
 */
function isNeeded({ name, kind }: TableColumn, { columns, format = {}, dateColumn }: CsvOptions): boolean {
  if (kind === 'other') return false;
  if (columns === undefined || kind !== 'number') return true;
  const asked = [dateColumn, ...columns, ...Object.values(format.names ?? {})].map(bare);
  const isTime = timeRank(name) >= 0 || isClockName(name) || datePartCells([name]).length > 0;
  return isTime || isDatePart(name) || isRoleName(name) || asked.includes(bare(name)) || asked.some(isPlace);
}

const isPlace = (name: string): boolean => /^column\d+$/.test(name);
const isDatePart = (name: string): boolean => /^(year|month|day|hour|minute|second)$/i.test(name);

/** Names as a CSV file has them: pandas' index has no name, and of names in two levels (yfinance) the one symbol goes. */
function headerNames(columns: readonly TableColumn[], { dateColumn, format = {} }: CsvOptions): string[] {
  const asked = [dateColumn, ...Object.values(format.names ?? {})];
  const levels = columns.map(({ name }) => /^\('([^']*)', '([^']*)'\)$/.exec(name));
  const symbols = new Set(
    levels.map((parts) => parts?.[2]).filter((symbol) => symbol !== undefined && symbol !== ''),
  );
  return columns.map(({ name }, index) => {
    if (asked.includes(name)) return name;
    if (/^__index_level_\d+__$/.test(name)) return '';
    return symbols.size === 1 ? (levels[index]?.[1] ?? name) : name;
  });
}

/** Rows that are handed over at once. */
const ROWS_AT_ONCE = 2000;
/** Text that is so many times the file is no data, but made to fill a disk; one value may stand for many rows, so more than of text. */
const MAX_RATIO = 1000;
const FREE_BYTES = 64 * 1024 * 1024;

/** A table with the columns in the order in which a CSV file has them. */
export class TableRows {
  /** The columns of the header. */
  readonly columns: readonly TableColumn[];
  readonly #wanted: readonly number[];
  readonly #order: readonly number[];

  /** @param maxBytes what the rows may take at most */
  constructor(
    private readonly file: string,
    private readonly table: ColumnarTable,
    private readonly fileBytes: number,
    options: CsvOptions,
    private readonly maxBytes: number,
  ) {
    const names = headerNames(table.columns, options);
    this.#wanted = table.columns
      .map((column, at) => (isNeeded(column, options) ? at : -1))
      .filter((at) => at >= 0);
    // pandas' index comes last in the file, and first in its CSV.
    this.#order = names
      .map((_, at) => at)
      .toSorted((a, b) => Number(names[b] === '') - Number(names[a] === '') || a - b);
    this.columns = this.#order.flatMap((at) => ({
      kind: 'other',
      zone: null,
      ...table.columns[at],
      name: names[at] ?? '',
    }));
  }

  /**
   * Lines of text with commas and a header, so that the table is understood with the same settings and notes as any other file.
   * @throws CsvRefused `csv_too_large`
   */
  async *text(): AsyncGenerator<Buffer> {
    yield Buffer.from(`${this.columns.map(({ name }) => quoted(name)).join(',')}\n`);
    let size = 0;
    for await (const { rows, cells } of this.table.pieces(this.#wanted)) {
      const texts = this.#placed(cells).map((cell): CellText => cell?.text ?? (() => ''));
      for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
        const bytes = Buffer.from(linesOf(texts, first, Math.min(rows, first + ROWS_AT_ONCE)));
        size += bytes.length;
        this.#check(size);
        yield bytes;
      }
    }
  }

  /**
   * The values of some columns as they are, without a text in between.
   * @param places of columns that hold numbers or times, in the header
   * @throws CsvRefused `csv_too_large`
   */
  async *numbers(
    places: readonly number[],
  ): AsyncGenerator<{ rows: number; columns: readonly ((row: number) => number)[] }> {
    const wanted = [...new Set(places.map((place) => this.#order[place] ?? -1))].toSorted((a, b) => a - b);
    let size = 0;
    for await (const { rows, cells } of this.table.pieces(wanted)) {
      size += rows * places.length * Float64Array.BYTES_PER_ELEMENT;
      this.#check(size);
      const columns = places.map((place) => cells[wanted.indexOf(this.#order[place] ?? -1)]?.number);
      yield { rows, columns: columns.map((number) => number ?? (() => NaN)) };
    }
  }

  #placed(cells: readonly ColumnCells[]): readonly (ColumnCells | undefined)[] {
    return this.#order.map((at) => cells[this.#wanted.indexOf(at)]);
  }

  #check(size: number): void {
    if (size <= this.maxBytes && (size <= FREE_BYTES || size <= MAX_RATIO * this.fileBytes)) return;
    const detail = `${this.file} unpacks to more than ${Math.floor(size / 1e6)} MB, which is more than is read`;
    throw refuse('too_large', 'csv_too_large', detail);
  }
}

function linesOf(texts: readonly CellText[], from: number, to: number): string {
  let lines = '';
  for (let row = from; row < to; row += 1) {
    let line = '';
    // An iterator with its pairs would cost more than the text.
    for (let place = 0; place < texts.length; place += 1) {
      if (place > 0) line += ',';
      line += texts[place]?.(row) ?? '';
    }
    lines += `${line}\n`;
  }
  return lines;
}

/** A text as a cell. */
export const quoted = (text: string): string =>
  /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;

/** A number as a cell; NaN is no value. */
export const numberText = (value: number): string => (Number.isNaN(value) ? '' : String(value));

/** A moment or what clocks showed (epoch ms) as a cell: `2024-01-02T05:00:00`, with the offset of its zone where it has one. */
export class TimeText {
  readonly #zone: Zone | null;
  #day = NaN;
  #date = '';

  /** @param zone null: what clocks showed */
  constructor(zone: string | null) {
    this.#zone = zoneOfMoments(zone);
  }

  text(time: number): string {
    if (!(Math.abs(time) < MAX_TIME_MS)) return '';
    const offset = this.#zone?.offsetAt(time) ?? 0;
    const shown = this.#shown(time + offset);
    if (this.#zone === null) return shown;
    if (offset === 0) return `${shown}Z`;
    const minutes = Math.abs(offset) / MINUTE_MS;
    return `${shown}${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(Math.round(minutes % 60))}`;
  }

  /** The date is kept from row to row: of a million moments it takes half of the time. */
  #shown(time: number): string {
    const day = Math.floor(time / DAY_MS);
    if (day !== this.#day) [this.#day, this.#date] = [day, dayText(day)];
    const rest = time - day * DAY_MS;
    if (rest % 1000 !== 0) return formatIso(time).slice(0, -1);
    const seconds = rest / 1000;
    const clock = `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    return `${this.#date}T${clock}`;
  }
}

const TWO = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const two = (number: number): string => TWO[number] ?? '';

/** Beyond the year 9999 there are no bars, and dates have no four digits. */
const MAX_TIME_MS = Date.UTC(9999, 11, 31);

/** A zone that this platform does not know is UTC: the moments are right, only whole days may begin at another hour. */
export function zoneOfMoments(name: string | null): Zone | null {
  if (name === null) return null;
  try {
    return new Zone(name);
  } catch {
    return new Zone('UTC');
  }
}

/** Days since 1970 as a cell. */
export const dayText = (days: number): string => {
  const time = days * DAY_MS;
  return Math.abs(time) < MAX_TIME_MS ? new Date(time).toISOString().slice(0, 10) : '';
};

/** Milliseconds since midnight as a cell. */
export const clockText = (time: number): string =>
  time >= 0 && time < DAY_MS ? new Date(time).toISOString().slice(11, 23) : '';
