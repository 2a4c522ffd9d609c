import { CellTimes, type DateOrder } from '../times/cell-times.js';
import { countHint, periodFormat } from '../times/period-forms.js';
import type { TimeReader } from '../times/time-format.js';
import { isMissingText, nameText } from './cells.js';
import { datePartCells } from './column-roles.js';
import { isNumberText } from './numbers.js';
import { MAX_CELLS, RecordScanner, type ScannerPlace } from './record-scanner.js';

/** Rows by which a file is judged, at its top and at its end. */
export const SAMPLE_ROWS = 200;

/** The bytes that are in memory. */
export interface CsvWindow {
  readonly bytes: Buffer;
  readonly end: number;
  /** No bytes follow `end`. */
  readonly atEnd: boolean;
}

/** A record as text, blank cells at its end left out. */
export interface SampleRecord {
  readonly cells: readonly string[];
  /** Where it begins. */
  readonly place: ScannerPlace;
}

/** What a cell can be; `20240102` is both. */
const TIME = 1;
const NUMBER = 2;
const MISSING = 4;

/** The first records of a window that are not blank. */
export function sampleRecords(
  { bytes, end, atEnd }: CsvWindow,
  separator: number,
  from?: ScannerPlace,
  most = SAMPLE_ROWS,
): SampleRecord[] {
  const scanner = new RecordScanner(separator);
  if (from !== undefined) scanner.goTo(from);
  const records: SampleRecord[] = [];
  for (
    let place = scanner.place;
    records.length < most && scanner.next(bytes, end, atEnd);
    place = scanner.place
  ) {
    const count = Math.min(scanner.cells, MAX_CELLS);
    const cells = Array.from({ length: count }, (_, cell) =>
      nameText(bytes, scanner.spans[2 * cell] ?? 0, scanner.spans[2 * cell + 1] ?? 0),
    );
    while (cells.length > 0 && cells.at(-1) === '') cells.pop();
    if (cells.length > 0) records.push({ cells, place });
  }
  return records;
}

/** The end of a file that is in memory as a whole is looked at, too. */
const END_BYTES = 16 * 1024;

/** The last records of a file: of its last bytes, or of its first where no others are. The first of a window is a part of one. */
export function lastRecords(head: CsvWindow, tail: CsvWindow | null, separator: number): SampleRecord[] {
  const from = Math.max(0, head.end - END_BYTES);
  const end = head.atEnd
    ? { bytes: head.bytes.subarray(from, head.end), end: head.end - from, atEnd: true }
    : null;
  const window = tail ?? end;
  if (window === null) return [];
  // A file that is shorter than this end has been looked at from its first record on.
  const seen = tail === null && from === 0 ? SAMPLE_ROWS : 1;
  return sampleRecords(window, separator, undefined, Infinity).slice(seen).slice(-SAMPLE_ROWS);
}

const ORDERS = (['ymd', 'dmy', 'mdy'] as const).map((order) => new CellTimes(order));

/** Whether a text is a time in a form that is known, or in the configured one. */
export function isTimeText(text: string, configured?: TimeReader): boolean {
  if (configured !== undefined) return !Number.isNaN(timeOf(configured, text));
  return (
    epochOrder([text]) !== null ||
    periodFormat(text) !== null ||
    (text.length >= 6 && /\d/.test(text) && ORDERS.some((reader) => isPlausible(timeOf(reader, text))))
  );
}

/** The time in a text, see {@link CellTimes.read}. */
export function timeOf(reader: TimeReader, text: string): number {
  const bytes = Buffer.from(text);
  return reader.read(bytes, 0, bytes.length);
}

/** Markets of other centuries are no data but numbers that look like dates. */
const isPlausible = (time: number): boolean => time > Date.UTC(1600, 0) && time < Date.UTC(2200, 0);

/** The unit of counts since 1970, told from the largest of them; null when they are no such counts. */
export function epochOrder(texts: readonly string[]): DateOrder | null {
  const counts = texts.filter((text) => /^-?\d{9,19}(?:\.\d*)?$/.test(text)).map(Number);
  if (counts.length < 0.8 * texts.length || counts.length === 0) return null;
  if (
    texts.every(
      (text) =>
        /^(?:19|20)\d{10}(?:\d{2})?$/.test(text) &&
        ORDERS.some((reader) => !Number.isNaN(timeOf(reader, text))),
    )
  )
    return null;
  if (countHint(counts) !== null) return null;
  const largest = Math.max(...counts.map(Math.abs));
  const units = [
    ['epoch_s', 1e3],
    ['epoch_ms', 1],
    ['epoch_us', 1e-3],
    ['epoch_ns', 1e-6],
  ] as const;
  return (
    units.find(([, unit]) => largest * unit > Date.UTC(1973, 0) && largest * unit < Date.UTC(2100, 0))?.[0] ??
    null
  );
}

/** What a cell can be, as bits; 0 for other text. */
function kindOf(text: string, configured?: TimeReader): number {
  if (isMissingText(text)) return MISSING;
  return (isTimeText(text, configured) ? TIME : 0) | (isNumberText(text) ? NUMBER : 0);
}

/** What the cells of a column are: shares of those that are not missing. */
export interface ColumnSample {
  readonly times: number;
  readonly numbers: number;
  /** Cells that are not missing. */
  readonly values: number;
  /** The first cell that is no number. */
  readonly other: { readonly text: string; readonly line: number } | null;
}

/** Judges the cells of one column. */
export function sampleColumn(
  rows: readonly SampleRecord[],
  cell: number,
  configured?: TimeReader,
): ColumnSample {
  let [times, numbers, values] = [0, 0, 0];
  let other: ColumnSample['other'] = null;
  for (const { cells, place } of rows) {
    const text = cells[cell] ?? '';
    const kind = kindOf(text, configured);
    if (kind === MISSING) continue;
    values += 1;
    if ((kind & TIME) !== 0) times += 1;
    if ((kind & NUMBER) !== 0) numbers += 1;
    else other ??= { text, line: place.line };
  }
  return { times, numbers, values, other };
}

/** Whether a record is data: a time, and a number beside it. */
export function isData({ cells }: SampleRecord, configured?: TimeReader): boolean {
  const kinds = cells.map((text) => kindOf(text, configured));
  const time = kinds.findIndex((kind) => (kind & TIME) !== 0);
  return time >= 0 && kinds.some((kind, cell) => cell !== time && (kind & NUMBER) !== 0);
}

const SEPARATORS = [',', ';', '\t', '|', ' '] as const;

/** A separator with what it makes of the first lines. */
export interface Split {
  readonly separator: string;
  readonly records: readonly SampleRecord[];
  /** Most frequent number of cells, those at a record's end that are blank left out. */
  readonly width: number;
}

/** The separator that makes the best table of the first lines; where none makes one, the first that cuts all alike. */
export function chooseSplit(window: CsvWindow, configured?: TimeReader): Split {
  let best: (Split & { readonly score: number }) | null = null;
  const splits = SEPARATORS.map((separator) => splitBy(window, separator));
  for (const split of splits) {
    const score = scoreOf(split, configured);
    if (score > (best?.score ?? 0) + 1e-9) best = { ...split, score };
  }
  const isEven = ({ records, width }: Split): boolean =>
    width > 1 && records.every(({ cells }) => cells.length === width);
  return best ?? splits.find(isEven) ?? splits[0] ?? splitBy(window, ',');
}

function splitBy(window: CsvWindow, separator: string): Split {
  const records = sampleRecords(window, separator.charCodeAt(0));
  const counts = new Map<number, number>();
  for (const { cells } of records) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
  const [width = 0] = [...counts].toSorted((a, b) => b[1] - a[1] || b[0] - a[0])[0] ?? [];
  return { separator, records, width };
}

/** Whether cells between blanks hold other separators, as where the times of a file are not understood. */
const hasOther = (records: readonly SampleRecord[]): boolean =>
  records.slice(-20).some(({ cells }) => cells.some((cell) => /[;|]|[^\d],|,[^\d]/.test(cell)));

/** Share of records of the usual width times the share of their cells that are times or numbers; 0 for no table. */
function scoreOf({ separator, records, width }: Split, configured?: TimeReader): number {
  if (width < 2 || (separator === ' ' && hasOther(records))) return 0;
  const rows = records.filter(({ cells }) => cells.length === width).slice(-40);
  let [good, all] = [0, 0];
  const hasParts = records.slice(0, 20).some(({ cells }) => datePartCells(cells).length > 0);
  for (const row of rows) {
    if (!isData(row, configured) && !(hasParts && row.cells.filter(isNumberText).length > 3)) continue;
    all += width;
    good += row.cells.filter((text) => kindOf(text, configured) > 0).length;
  }
  if (all === 0) return 0;
  // A cell more is more understood: of two readings with whole rows the finer one is right.
  return (
    ((all / width / rows.length) *
      (good / all) *
      records.filter(({ cells }) => cells.length === width).length) /
      records.length +
    width * 1e-6
  );
}
