import { timeHint } from '../times/period-forms.js';
import type { TimeReader } from '../times/time-format.js';
import type { BarRole } from './column-names.js';
import { findName, namesWithoutHeader, rolesOf, timeRank } from './column-roles.js';
import { shown } from './cells.js';
import { type CsvOptions, type FileFormat, refuse } from './csv-format.js';
import { DIALECTS, type CsvDialect } from './dialects.js';
import type { Header } from './header.js';
import { NumberReader } from './numbers.js';
import { type ColumnSample, isTimeText, sampleColumn, type SampleRecord, type Split } from './sample.js';

export interface CsvColumn {
  /** Name in the frame. */
  readonly name: string;
  /** Which cell of a record. */
  readonly cell: number;
}

/** What can be seen of a file before it is read. */
export interface View {
  readonly file: string;
  readonly options: CsvOptions;
  readonly format: FileFormat;
  readonly split: Split;
  readonly header: Header;
  /** What reads the times, where that is known beforehand. */
  readonly configured: TimeReader | undefined;
  readonly rows: readonly SampleRecord[];
}

/** The cells with the times. */
export interface TimeCells {
  readonly date: number;
  /** Of the time of day, where it stands apart; else -1. */
  readonly clock: number;
  /** Of year, month and day, and behind them of hour, minute and second, where each has a column; else empty. */
  readonly parts: readonly number[];
}

/** Every cell that a time is made of. */
export const cellsOf = ({ date, clock, parts }: TimeCells): readonly number[] => [
  ...(parts.length > 0 ? parts : [date]),
  ...(clock < 0 ? [] : [clock]),
];

/** Names for a file without a header. */
export function headless(
  { rows, split, format }: View,
  given: readonly string[],
  times: TimeCells,
): string[] {
  const isValue = (cell: number): boolean => {
    const { numbers, values: count } = sampleColumn(rows, cell);
    return !cellsOf(times).includes(cell) && 2 * numbers >= count;
  };
  // What stands before the time is the name of a symbol or the length of its bars.
  const numeric = Array.from({ length: split.width }, (_, cell) => cell).filter(isValue);
  const behind = numeric.filter((cell) => cell > Math.max(...cellsOf(times)));
  const values = behind.length > 0 ? behind : numeric;
  const preset: CsvDialect | null = format.dialect == null ? null : DIALECTS[format.dialect];
  const reader = new NumberReader({ decimal: format.decimal ?? '.', thousands: null, settled: true });
  const texts = rows.map(({ cells }) => values.map((cell) => cells[cell] ?? ''));
  const made = namesWithoutHeader(values.length, texts, (text) => reader.ofText(text), preset?.names);
  return given.map((_, cell) => {
    if (cell === times.date) return 'DATE_TIME';
    const name = cell === times.clock ? 'TIME' : (made[values.indexOf(cell)] ?? '');
    return /^column \d+$/.test(name) ? `column ${cell + 1}` : name;
  });
}

/** The columns that are read, and the others. */
export interface ChosenColumns {
  readonly columns: readonly CsvColumn[];
  readonly aliases: readonly (readonly [string, string])[];
  readonly ignoredColumns: readonly string[];
}

/**
 * The columns to read: those that are wanted, or all that hold numbers.
 * @throws CsvRefused `csv_missing_column`, `csv_column_not_numeric`
 */
export function chooseColumns(view: View, names: readonly string[], times: TimeCells): ChosenColumns {
  const { options, rows } = view;
  const all = names
    .map((name, cell): CsvColumn => ({ name: name === '' ? `column ${cell + 1}` : name, cell }))
    .filter(({ cell }) => !cellsOf(times).includes(cell));
  const samples = new Map(all.map(({ cell }) => [cell, sampleColumn(rows, cell)]));
  const isNumeric = ({ cell }: CsvColumn): boolean =>
    names[cell] !== '' &&
    2 * (samples.get(cell)?.numbers ?? 0) >= (samples.get(cell)?.values ?? 0) &&
    (samples.get(cell)?.values ?? 0) > 0;
  const numeric = all.filter(isNumeric);
  const mapped = mapNames(view, names, all);
  const roles = rolesOf(
    numeric.map(({ name }) => name).filter((name) => ![...mapped.values()].includes(name)),
  );
  const found = new Map<string, string>([...roles].filter(([role]) => !mapped.has(role)));
  for (const [alias, name] of mapped) found.set(alias, name);
  if (options.columns === undefined) {
    const kept = all.filter((column) => isNumeric(column) || [...mapped.values()].includes(column.name));
    const present = new Set(kept.map(({ name }) => name));
    return {
      columns: kept,
      aliases: [...found].filter(([alias]) => !present.has(alias) || mapped.has(alias)),
      ignoredColumns: all.filter((one) => !kept.includes(one)).map(({ name }) => name),
    };
  }
  const columns = options.columns.map((wanted) => {
    const name =
      mapped.get(wanted) ??
      (all.some((one) => one.name === wanted)
        ? wanted
        : (found.get(wanted.toUpperCase() as BarRole) ?? wanted));
    const column =
      all.find((one) => one.name === name) ?? all.find(({ cell }) => cell === findName(names, name));
    const place = findName(names, wanted);
    const isTime = cellsOf(times).includes(place);
    if (column === undefined)
      throw isTime ? timeAsValue(view, wanted) : missingColumn(view, 'column', wanted, names);
    mustHoldNumbers(view, column, samples.get(column.cell));
    return { name: wanted, cell: column.cell };
  });
  return { columns, aliases: [], ignoredColumns: [] };
}

/** The configured names of columns, each with the file's own. */
function mapNames(
  view: View,
  names: readonly string[],
  all: readonly CsvColumn[],
): ReadonlyMap<string, string> {
  const mapped = new Map<string, string>();
  for (const [alias, name] of Object.entries(view.format.names ?? {})) {
    if (alias === 'DATE_TIME') continue;
    const column = all.find(({ cell }) => cell === findName(names, name));
    if (column === undefined) throw missingColumn(view, 'column', name, names);
    mapped.set(alias, column.name);
  }
  return mapped;
}

function mustHoldNumbers({ file }: View, { name }: CsvColumn, sample: ColumnSample | undefined): void {
  if (!sample?.other || sample.numbers >= sample.values - sample.numbers) return;
  const detail = `column ${shown(name)} of ${file} holds no numbers: line ${sample.other.line} has ${shown(sample.other.text)}`;
  throw refuse('invalid', 'csv_column_not_numeric', detail);
}

function timeAsValue({ file }: View, wanted: string): Error {
  const detail = `${shown(wanted)} is the date column of ${file}; it can't be a value column too`;
  return refuse('invalid', 'csv_column_not_numeric', detail);
}

export function missingColumn(
  { file, split, header, rows }: View,
  role: string,
  wanted: string,
  names: readonly string[],
): Error {
  const present = (header.names ?? names).slice(0, 60).map(shown).join(', ');
  if (role === 'date column') {
    if (header.first >= split.records.length)
      return refuse('invalid', 'csv_no_rows', `${file} has no data: nothing stands below the header`);
    const texts = timeTexts(rows, names);
    const hint = timeHint(texts);
    if (hint !== null)
      return refuse(
        'invalid',
        'csv_missing_date',
        `${file} has no times that are understood; what is written as ${shown(texts[0] ?? '')} may be ${hint.what}: set time_format to ${hint.format}`,
      );
  }
  const hint =
    role === 'date column'
      ? dateHint(split, header, names)
      : 'columns maps names, for example {"CLOSE": "Last"}';
  return refuse(
    'invalid',
    'csv_missing_column',
    `${file} has no ${role} ${shown(wanted)}; its columns are ${present} (${hint})`,
  );
}

function dateHint({ records, width }: Split, { first }: Header, names: readonly string[]): string {
  if (width < 2) return 'cells are to be separated by commas, semicolons, tabs, bars or blanks';
  const [text] = timeTexts(records.slice(first), names);
  const [example] = records[first]?.cells ?? [];
  if (example !== undefined && isTimeText(example))
    return `date_column names the column with the times, here perhaps ${shown(names[0] ?? '')}`;
  const unread = text === undefined ? '' : `; ${shown(text)} is no form of a time that is known`;
  return `date_column names the column with the times, time_format tells how they are written${unread}`;
}

/** The cells of the column that by its name has the times, or of the first. */
function timeTexts(rows: readonly SampleRecord[], names: readonly string[]): readonly string[] {
  const named = names.findIndex((name) => name !== '' && timeRank(name) >= 0);
  return rows.map(({ cells }) => cells[Math.max(0, named)] ?? '').filter((text) => text !== '');
}
