import { timeReader } from '../times/time-format.js';
import { bare, isClockName, namesWithoutHeader, type BarRole, rolesOf, timeRank } from './column-roles.js';
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
  readonly rows: readonly SampleRecord[];
}

/** The cells with the times. */
export interface TimeCells {
  readonly date: number;
  /** Of the time of day, where it stands apart; else -1. */
  readonly clock: number;
}

/** The column with the times: the configured one; where the name is the default one or empty, the one that holds times. */
export function timeCells(view: View, names: readonly string[]): TimeCells {
  const { rows, options, header, format } = view;
  const wanted = format.names?.['DATE_TIME'] ?? options.dateColumn;
  const configured = format.timeFormat == null ? undefined : timeReader(format.timeFormat);
  const given = wanted === '' ? -1 : findName(names, wanted);
  const samples = names.map((_, cell) => sampleColumn(rows, cell, configured));
  const isTime = (cell: number): boolean => isMostly(samples[cell], 'times');
  const ofClock = names.findIndex((name, cell) => {
    const form = header.names === null ? CLOCK_WITHOUT_NAME : CLOCK;
    const mayBe = header.names === null ? cell > 0 && cell < 3 : isClockName(name);
    return (
      mayBe &&
      !isTime(cell) &&
      rows.length > 0 &&
      rows.filter(({ cells }) => form.test(cells[cell] ?? '')).length >= 0.8 * rows.length
    );
  });
  if (given >= 0 && given !== ofClock) return { date: given, clock: hasClock(rows, given) ? -1 : ofClock };
  const mayLook = given >= 0 || header.names === null || wanted === '' || wanted === 'DATE_TIME';
  const ranked = names
    .map((name, cell) => ({ cell, rank: rankOf(name, samples[cell]) }))
    .filter(({ cell, rank }) => isTime(cell) && rank < Infinity)
    .toSorted((a, b) => a.rank - b.rank);
  const date = ranked[0]?.cell;
  if (mayLook && date !== undefined) return { date, clock: hasClock(rows, date) ? -1 : ofClock };
  if (given >= 0) return { date: given, clock: -1 };
  throw missingColumn(view, 'date column', wanted, names);
}

const CLOCK = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[ap]m)?$|^\d{1,6}$/i;
/** Where no name says so, a time of day has colons or all its six digits. */
const CLOCK_WITHOUT_NAME = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?$|^(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$/;
const hasClock = (rows: readonly SampleRecord[], cell: number): boolean =>
  rows.some(({ cells }) => /\d[T ,_]\d|:|^\d{9,}$/.test(cells[cell] ?? ''));

/** Names of times first, then other columns with times; numbers without such a name last. */
function rankOf(name: string, sample: ColumnSample | undefined): number {
  const rank = timeRank(name);
  if (rank >= 0) return rank;
  return sample !== undefined && sample.numbers > 0 ? 2000 : 1000;
}

const isMostly = (sample: ColumnSample | undefined, what: 'times' | 'numbers'): boolean =>
  sample !== undefined && sample.values > 0 && sample[what] >= 0.8 * sample.values;

/** A column by its name: exactly, then whatever its case and brackets; `column 3` is the third; -1 when there is none. */
function findName(names: readonly string[], wanted: string): number {
  const exact = names.indexOf(wanted);
  if (exact >= 0) return exact;
  const place = /^column (\d+)$/.exec(wanted)?.[1];
  if (place !== undefined && Number(place) >= 1 && Number(place) <= names.length) return Number(place) - 1;
  return names.findIndex((name) => bare(name) === bare(wanted) && bare(name) !== '');
}

/** Names for a file without a header. */
export function headless(
  { rows, split, format }: View,
  given: readonly string[],
  times: TimeCells,
): string[] {
  const values = Array.from({ length: split.width }, (_, cell) => cell).filter(
    (cell) => cell !== times.date && cell !== times.clock,
  );
  const preset: CsvDialect | null = format.dialect == null ? null : DIALECTS[format.dialect];
  const reader = new NumberReader({ decimal: format.decimal ?? '.', thousands: null, settled: true });
  const cellsOf = rows.map(({ cells }) => values.map((cell) => cells[cell] ?? ''));
  const made = namesWithoutHeader(values.length, cellsOf, (text) => reader.ofText(text), preset?.names);
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
    .filter(({ cell }) => cell !== times.date && cell !== times.clock);
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
    const isTime = place >= 0 && (place === times.date || place === times.clock);
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

function missingColumn(
  { file, split, header }: View,
  role: string,
  wanted: string,
  names: readonly string[],
): Error {
  const present = (header.names ?? names).slice(0, 60).map(shown).join(', ');
  const [example] = split.records[header.first]?.cells ?? [];
  const hint =
    role === 'date column'
      ? `date_column names the column with the times${example === undefined || !isTimeText(example) ? '' : `, here perhaps ${shown(names[0] ?? '')}`}`
      : 'columns maps names, for example {"CLOSE": "Last"}';
  return refuse(
    'invalid',
    'csv_missing_column',
    `${file} has no ${role} ${shown(wanted)}; its columns are ${present} (${hint})`,
  );
}
