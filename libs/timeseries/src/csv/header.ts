import type { TimeReader } from '../times/time-format.js';
import { bare } from './column-names.js';
import { refuse } from './csv-format.js';
import { isRoleName, timeRank } from './column-roles.js';
import { isData, isTimeText, type SampleRecord, type Split } from './sample.js';
import { isNumberText } from './numbers.js';

/** Where a table begins. */
export interface Header {
  /** Null for a file without a header. */
  readonly names: readonly string[] | null;
  /** Line of the header. */
  readonly line: number | null;
  /** Lines before the table, as text. */
  readonly preamble: readonly string[];
  /** Index of the first record below the header. */
  readonly first: number;
  /** Index of the first record that is data; -1 where none is. */
  readonly data: number;
}

/**
 * Finds the header: the record above the data that knows most names of columns, so that a title, a link, comments and a
 * line of units are passed over. The record that has a configured name is the header whatever it looks like.
 * @param wanted configured names of columns
 */
export function findHeader(
  { records, width }: Split,
  wanted: readonly string[],
  configured?: TimeReader,
): Header {
  const data = records.findIndex((record) => isData(record, configured));
  const above = data < 0 ? records.slice(0, 20) : records.slice(0, data);
  const named = above.findIndex(
    ({ cells }) =>
      (cells.length > 1 || width < 2) && cells.some((cell) => cell !== '' && wanted.includes(cell)),
  );
  const header = named >= 0 ? named : bestHeader(above, width, data);
  if (header < 0) {
    let first = data;
    while (first > 0 && records[first - 1]?.cells.length === width) first -= 1;
    return { names: null, line: null, preamble: texts(records.slice(0, first)), first, data };
  }
  const record = records[header];
  const cells = record?.cells ?? [];
  // R writes no name above the names of rows.
  const rowNames =
    data > header && records[data]?.cells.length === cells.length + 1 && !isTimeText(cells[0] ?? '');
  const isShifted = rowNames && records.slice(data).every((row) => row.cells.length === cells.length + 1);
  // pandas writes the index's name on a line of its own below names of two levels (yfinance).
  const below = header + 1 < data ? records[data - 1]?.cells : undefined;
  const index = below?.length === 1 && timeRank(below[0] ?? '') >= 0 ? below[0] : undefined;
  const levels = namesOfLevels(cells, records.slice(header + 1, Math.max(header, data)));
  const names = isShifted
    ? ['', ...cells]
    : levels.map((name, cell) => (cell === 0 ? (index ?? name) : name));
  const first = index === undefined ? header + 1 : data;
  return { names, line: record?.place.line ?? null, preamble: texts(records.slice(0, header)), first, data };
}

/** Names that stand several times, each with the symbol below it, as in a download of several symbols with yfinance. */
function namesOfLevels(cells: readonly string[], below: readonly SampleRecord[]): readonly string[] {
  const [second] = below;
  if (new Set(cells).size === cells.length || second?.cells.length !== cells.length) return cells;
  const joined = cells.map((name, cell) => (cell === 0 ? name : `${name}_${second.cells[cell] ?? ''}`));
  return new Set(joined).size === joined.length ? joined : cells;
}

/**
 * Makes sure that a row does not name the columns of the table anew in another order.
 * @throws CsvRefused `csv_second_table`
 */
export function checkOrder(
  file: string,
  line: number,
  cells: readonly string[],
  names: readonly string[],
): void {
  const [given, known] = [cells.map(bare), names.map(bare)];
  const isOther =
    given.join('\0') !== known.join('\0') &&
    given.every((cell) => cell !== '') &&
    given.toSorted().join('\0') === known.toSorted().join('\0');
  if (!isOther) return;
  const detail = `${file} names its columns anew in another order on line ${line}: it is two tables, split it there`;
  throw refuse('invalid', 'csv_second_table', detail);
}

const isText = (cell: string): boolean => !isNumberText(cell) && !isTimeText(cell);

function bestHeader(above: readonly SampleRecord[], width: number, data: number): number {
  let [best, most] = [-1, 0];
  for (const [index, { cells }] of above.entries()) {
    const isWhole = cells.length >= Math.max(width - 1, 1) && (cells.length > 1 || width < 2);
    const isNamed =
      cells.every(isText) ||
      (data >= 0 && index === 0 && cells.some((cell) => isText(cell) && bare(cell) !== ''));
    if (!isWhole || !isNamed) continue;
    const known = 1 + cells.filter((cell) => isRoleName(cell) || (cell !== '' && timeRank(cell) >= 0)).length;
    if (known > most) [best, most] = [index, known];
  }
  // Without any data the first line is the header, and the rows below say what is wrong with them.
  return best < 0 && data < 0 ? 0 : best;
}

const texts = (records: readonly SampleRecord[]): string[] =>
  records.map(({ cells }) => cells.join(' ').slice(0, 100));

/** Names of which none stands twice: as pandas does, the second `Plot` becomes `Plot.1`; and which did. */
export function uniqueNames(names: readonly string[]): { names: string[]; twice: string[] } {
  const seen = new Map<string, number>();
  const twice = new Set<string>();
  const unique = names.map((name) => {
    const count = seen.get(name) ?? 0;
    seen.set(name, count + 1);
    if (count === 0 || name === '') return name;
    twice.add(name);
    return `${name}.${count}`;
  });
  return { names: unique, twice: [...twice] };
}
