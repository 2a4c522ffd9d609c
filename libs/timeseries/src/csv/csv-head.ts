import { cellNumber, cellText, isMissing } from './cells.js';
import { refuse, type CsvOptions } from './csv-format.js';
import { MAX_CELLS, type RecordScanner } from './record-scanner.js';

/** Rows at the top of a file by which its columns are judged. */
const SAMPLE_ROWS = 100;

export interface CsvColumn {
  readonly name: string;
  /** Which cell of a record. */
  readonly cell: number;
}

/** What the first lines of a file say about the rest. */
export interface CsvHead {
  readonly dateCell: number;
  readonly dateColumn: string;
  readonly columns: readonly CsvColumn[];
  readonly ignoredColumns: readonly string[];
  /** Cells that every record must have. */
  readonly width: number;
  /** Mean length of the sampled records; 0 when there are none. */
  readonly bytesPerRow: number;
}

/** The bytes that are in memory. */
export interface CsvWindow {
  readonly bytes: Buffer;
  readonly end: number;
  /** No bytes follow `end`. */
  readonly atEnd: boolean;
}

interface Sample {
  numbers: number;
  others: number;
  /** The first cell that is no number, and its line. */
  example?: { readonly text: string; readonly line: number };
}

/**
 * Reads header and sample from the first bytes of a file (without its byte order mark) and leaves the scanner below the
 * header.
 * @throws CsvRefused `csv_empty`, `csv_header_too_long`, `csv_too_many_columns`, `csv_duplicate_column`,
 *   `csv_missing_column`, `csv_column_not_numeric`
 */
export function readHead(
  file: string,
  scanner: RecordScanner,
  window: CsvWindow,
  options: CsvOptions,
): CsvHead {
  const { bytes, end, atEnd } = window;
  const names = readHeader(file, scanner, window);
  checkNames(file, names, options);
  const samples = names.map((): Sample => ({ numbers: 0, others: 0 }));
  const below = scanner.place;
  let rows = 0;
  for (; rows < SAMPLE_ROWS && scanner.next(bytes, end, atEnd); rows += 1) {
    if (scanner.cells === names.length) sampleRow(scanner, bytes, samples);
  }
  const sampledTo = scanner.position;
  scanner.goTo(below);
  const dateCell = names.indexOf(options.dateColumn);
  const all = names
    .map((name, cell): CsvColumn => ({ name, cell }))
    .filter((column) => column.cell !== dateCell && column.name !== '');
  const isNumeric = ({ cell }: CsvColumn): boolean => holdsNumbers(samples[cell], options);
  return {
    dateCell,
    dateColumn: options.dateColumn,
    columns: options.columns ? requested(file, options.columns, all, samples) : all.filter(isNumeric),
    ignoredColumns: options.columns ? [] : all.filter((one) => !isNumeric(one)).map((one) => one.name),
    width: names.length,
    bytesPerRow: rows === 0 ? 0 : (sampledTo - below.position) / rows,
  };
}

function readHeader(file: string, scanner: RecordScanner, { bytes, end, atEnd }: CsvWindow): string[] {
  for (;;) {
    if (!scanner.next(bytes, end, atEnd)) {
      if (atEnd) throw refuse('invalid', 'csv_empty', `${file} is empty: a header line is needed`);
      throw refuse('invalid', 'csv_header_too_long', `the header of ${file} has no end; is it a CSV file?`);
    }
    const cells = Math.min(scanner.cells, MAX_CELLS);
    const names = Array.from({ length: cells }, (_, cell) => {
      const [start, stop] = span(scanner, cell);
      return cellText(bytes, start, stop);
    });
    if (cells === 1 && names[0] === '') continue;
    if (scanner.cells > MAX_CELLS) {
      const detail = `${file} has ${scanner.cells} columns; at most ${MAX_CELLS} are read`;
      throw refuse('invalid', 'csv_too_many_columns', detail);
    }
    return names;
  }
}

function checkNames(file: string, names: readonly string[], { dateColumn, columns = [] }: CsvOptions): void {
  const twice = names.find((name, cell) => name !== '' && names.indexOf(name) !== cell);
  if (twice !== undefined) {
    throw refuse('invalid', 'csv_duplicate_column', `${file} has two columns named ${shown(twice)}`);
  }
  for (const [role, name] of [['date column', dateColumn], ...columns.map((one) => ['column', one])]) {
    if (name === undefined || names.includes(name)) continue;
    const present = names.slice(0, 60).map(shown).join(', ');
    const detail = `${file} has no ${role} ${shown(name)}; its columns are ${present}`;
    throw refuse('invalid', 'csv_missing_column', detail);
  }
}

function requested(
  file: string,
  wanted: readonly string[],
  all: readonly CsvColumn[],
  samples: readonly Sample[],
): CsvColumn[] {
  return wanted.map((name) => {
    const column = all.find((one) => one.name === name);
    if (!column) {
      const detail = `${shown(name)} is the date column of ${file}; it can't be a value column too`;
      throw refuse('invalid', 'csv_column_not_numeric', detail);
    }
    const sample = samples[column.cell];
    if (sample?.example && sample.numbers < sample.others) {
      const { text, line } = sample.example;
      const detail = `column ${shown(name)} of ${file} holds no numbers: line ${line} has ${shown(text)}`;
      throw refuse('invalid', 'csv_column_not_numeric', detail);
    }
    return column;
  });
}

/** A column without any value in the sample counts as numeric only where empty cells are legal. */
function holdsNumbers(sample: Sample | undefined, options: CsvOptions): boolean {
  if (!sample) return false;
  if (sample.numbers + sample.others === 0) return options.emptyCells === 'nan';
  return sample.numbers >= sample.others;
}

function sampleRow(scanner: RecordScanner, bytes: Buffer, samples: readonly Sample[]): void {
  for (const [cell, sample] of samples.entries()) {
    const [start, end] = span(scanner, cell);
    if (isMissing(bytes, start, end)) continue;
    if (!Number.isNaN(cellNumber(bytes, start, end))) sample.numbers += 1;
    else {
      sample.others += 1;
      sample.example ??= { text: cellText(bytes, start, end), line: scanner.line };
    }
  }
}

const span = (scanner: RecordScanner, cell: number): [number, number] => [
  scanner.spans[2 * cell] ?? 0,
  scanner.spans[2 * cell + 1] ?? 0,
];

/** A name or a cell for people: quoted, at most 40 characters, control characters replaced. */
export const shown = (text: string): string =>
  `"${text.length > 40 ? `${text.slice(0, 37)}...` : text}"`.replaceAll(/\p{Cc}/gu, '?');
