import { planTimes, type TimePlan } from '../times/time-plan.js';
import { CellTimes } from '../times/cell-times.js';
import { dayInName, DayTimes, timeReader, type TimeReader } from '../times/time-format.js';
import type { Zone } from '../times/zones.js';
import { type CsvOptions, type Detected, type FileFormat, type Learned, refuse } from './csv-format.js';
import { DIALECTS, type CsvDialect, type DialectName, recognised } from './dialects.js';
import { findHeader, type Header, uniqueNames } from './header.js';
import {
  cellsOf,
  chooseColumns,
  type CsvColumn,
  headless,
  type TimeCells,
  type View,
} from './layout-columns.js';
import { type DecimalSign, numberEvidence, type NumberStyle } from './numbers.js';
import { MAX_CELLS, type ScannerPlace } from './record-scanner.js';
import { chooseRows, type RowChoice } from './row-filter.js';
import { chooseSplit, type CsvWindow, lastRecords, type SampleRecord, type Split } from './sample.js';
import { barTimeOf, checkedSetting, dateText, timeCells, zoneOf } from './time-cells.js';

/** How the rows of a file are read. */
export interface Layout {
  readonly separator: number;
  /** Where the first row begins. */
  readonly start: ScannerPlace;
  readonly names: readonly string[];
  readonly dateCell: number;
  /** The cell with the time of day, where date and time stand apart; else -1. */
  readonly clockCell: number;
  /** The cells of year, month and day (hour, minute, second), where each stands in a column of its own; else empty. */
  readonly partCells: readonly number[];
  /** Digits of a time of day without colons, the zeros in front included. */
  readonly clockDigits: number;
  readonly time: TimePlan;
  readonly zone: Zone;
  readonly numbers: NumberStyle;
  readonly columns: readonly CsvColumn[];
  /** Further names of columns: name and the name in {@link columns}. */
  readonly aliases: readonly (readonly [alias: string, name: string])[];
  readonly ignoredColumns: readonly string[];
  readonly choice: RowChoice;
  /** Prices are to be divided by 10,000. */
  readonly scaled: boolean;
  /** Names that stand twice in the header. */
  readonly repeated: readonly string[];
  /** Mean length of the sampled records; 0 when there are none. */
  readonly bytesPerRow: number;
  readonly detected: Omit<Detected, 'columns' | 'container' | 'encoding'>;
}

/**
 * Finds out how a file is written from its first and its last bytes.
 * @param tail the last bytes of the file, or null where only the first can be seen
 * @throws CsvRefused `csv_empty`, `csv_header_too_long`, `csv_too_many_columns`, `csv_missing_column`,
 *   `csv_column_not_numeric`, `csv_format` (a setting that can't be)
 */
export function detectLayout(
  file: string,
  head: CsvWindow,
  tail: CsvWindow | null,
  options: CsvOptions,
  learned: Learned = {},
): Layout {
  const { format = {} } = options;
  const demanded = checkedSetting('time_format', () => demandedTimes(file, format));
  const configured = demanded?.reader;
  const split = chooseSplit(head, configured);
  if (split.records.length === 0) throw nothing(file, head);
  const header = findHeader(split, wantedNames(options), configured);
  if (Math.max(header.names?.length ?? 0, split.width) > MAX_CELLS - 1)
    throw tooManyColumns(file, head, split);
  const separator = split.separator.charCodeAt(0);
  const last = lastRecords(head, tail, separator);
  const view: View = {
    file,
    options,
    format,
    split,
    header,
    configured,
    rows: tableRows(split, header, [...split.records.slice(Math.max(header.first, header.data)), ...last]),
  };
  const { names: given, twice } = namesOf(view);
  const times = timeCells(view, given);
  const names = header.names === null ? headless(view, given, times) : given;
  const dialect = dialectOf(view, names, times.date);
  const usual: CsvDialect = dialect === null ? { maker: '' } : DIALECTS[dialect.name];
  const time = timePlan(view, times, demanded, learned);
  const timeColumns = cellsOf(times).map((cell) => names[cell] ?? '');
  const zone = zoneOf(view, names, time, dialect, usual, timeColumns);
  const numbers = numberStyle(view, times, usual, learned.decimal);
  const chosen = chooseColumns(view, names, times);
  return {
    separator,
    start: startOf(split, header),
    names,
    dateCell: times.date,
    clockCell: times.clock,
    partCells: times.parts,
    clockDigits: clockDigits(view, times),
    time,
    zone: zone.zone,
    numbers,
    ...chosen,
    choice: chooseRows(file, names, options),
    scaled: usual.scaled === true,
    repeated: twice,
    bytesPerRow: bytesPerRow(split.records, header.first),
    detected: {
      separator: split.separator,
      headerLine: header.line,
      preamble: header.preamble,
      timeColumns,
      timeFormat: times.clock < 0 ? time.format : `${time.format} and a time of day`,
      zone: zone.zone.name,
      zoneFrom: zone.from,
      ...barTimeOf(format, usual, timeColumns),
      decimal: numbers.decimal,
      dialect: dialect?.name ?? null,
      isDialectTold: format.dialect != null,
    },
  };
}

const clockDigits = ({ rows }: View, { clock }: TimeCells): number =>
  Math.max(
    0,
    ...rows.map(({ cells }) => (/^\d+$/.test(cells[clock] ?? '') ? (cells[clock] ?? '').length : 0)),
  );

/** How times are to be read, where a setting says it, or the maker and the name of the file together do. */
function demandedTimes(
  file: string,
  { timeFormat, dialect }: FileFormat,
): { reader: TimeReader; format: string } | null {
  if (timeFormat != null) return { reader: timeReader(timeFormat), format: timeFormat };
  const day = dialect === 'lean' ? dayInName(file) : NaN;
  if (Number.isNaN(day)) return null;
  const date = new Date(day).toISOString().slice(0, 10);
  return {
    reader: new DayTimes(day),
    format: `in ms since midnight of ${date}, the date in the file's name`,
  };
}

function timePlan(
  { rows, format }: View,
  times: TimeCells,
  demanded: ReturnType<typeof demandedTimes>,
  { orders }: Learned,
): TimePlan {
  const dates = rows.map((row) => dateText(row, times));
  // The names of three columns leave no doubt which part is which.
  const named = times.parts.length > 0 ? { reader: new CellTimes('ymd'), format: '%Y-%m-%d' } : null;
  return planTimes(dates, demanded ?? named, format.dialect ?? null, orders);
}

/** Records that may be rows; a line of text below the table is none, nor the header of a file that was put below another. */
const tableRows = (
  { width }: Split,
  { names }: Header,
  records: readonly SampleRecord[],
): readonly SampleRecord[] =>
  records.filter(
    ({ cells }) => (width < 2 || cells.length > 1) && cells.join('\0') !== (names ?? []).join('\0'),
  );

const wantedNames = ({ dateColumn, columns = [], format = {} }: CsvOptions): string[] =>
  [dateColumn, ...columns, ...Object.values(format.names ?? {})].filter((name) => name !== '');

function namesOf({ header, split }: View): { names: string[]; twice: string[] } {
  const names = header.names ?? [];
  return uniqueNames([
    ...names,
    ...Array.from({ length: Math.max(0, split.width - names.length) }, () => ''),
  ]);
}

function startOf({ records }: Split, { first }: Header): ScannerPlace {
  const record = records[first];
  if (record !== undefined) return record.place;
  // Nothing stands below the header: the rows begin behind everything.
  const last = records.at(-1)?.place ?? { position: 0, line: 1 };
  return { position: Number.MAX_SAFE_INTEGER, line: last.line + 1 };
}

function dialectOf(
  { format, header, split, rows }: View,
  names: readonly string[],
  date: number,
): { name: DialectName; zone: boolean } | null {
  if (format.dialect != null) return { name: format.dialect, zone: true };
  const [first] = rows;
  return recognised({
    header: header.names === null ? null : names,
    separator: split.separator,
    preamble: header.preamble,
    firstCell: first?.cells[date] ?? '',
    width: split.width,
  });
}

function numberStyle(
  { rows, format }: View,
  times: TimeCells,
  usual: CsvDialect,
  learned?: DecimalSign,
): NumberStyle {
  const decimal = format.decimal ?? learned ?? usual.decimal;
  const thousands = format.thousands ?? null;
  if (decimal !== undefined)
    return { decimal, thousands: thousands === decimal ? null : thousands, settled: true };
  if (thousands === ',' || thousands === '.')
    return { decimal: thousands === ',' ? '.' : ',', thousands, settled: true };
  const evidence = rows.flatMap(({ cells }) =>
    cells.filter((text, cell) => !cellsOf(times).includes(cell) && NUMERIC.test(text)).map(numberEvidence),
  );
  const [points, commas] = [
    evidence.filter((one) => one === '.').length,
    evidence.filter((one) => one === ',').length,
  ];
  if (commas > points) return { decimal: ',', thousands, settled: true };
  return { decimal: '.', thousands, settled: points > 0 };
}

const NUMERIC = /^[-+(]?\s*[a-z]{0,3}\s?[\p{Sc}]?\s*[\d.,]*\d[\d.,\s']*(?:e[-+]?\d+)?\s*[\p{Sc}%kmbt)]*$/iu;

function nothing(file: string, { atEnd, end }: CsvWindow): Error {
  if (atEnd || end === 0) return refuse('invalid', 'csv_empty', `${file} is empty: a header line is needed`);
  return refuse('invalid', 'csv_header_too_long', `the header of ${file} has no end; is it a CSV file?`);
}

function tooManyColumns(file: string, head: CsvWindow, { width, separator }: Split): Error {
  const count = Math.max(
    width,
    head.bytes.toString('latin1', 0, head.end).split('\n')[0]?.split(separator).length ?? 0,
  );
  return refuse(
    'invalid',
    'csv_too_many_columns',
    `${file} has ${count} columns; at most ${MAX_CELLS} are read`,
  );
}

function bytesPerRow(records: readonly SampleRecord[], first: number): number {
  const [from, to] = [records[first]?.place.position, records.at(-1)?.place.position];
  const rows = records.length - 1 - first;
  return from === undefined || to === undefined || rows < 1 ? 0 : (to - from) / rows;
}
