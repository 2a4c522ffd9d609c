import { DAY_MS, SECOND_MS } from '#libs/kernel';
import { TIME_FORMATS, timeReader } from '../times/time-format.js';
import type { TimePlan } from '../times/time-plan.js';
import { zoneInLine, zoneInName, zoneOfWords } from '../times/time-words.js';
import { Zone, ZONES } from '../times/zones.js';
import { bare } from './column-names.js';
import { datePartCells, findName, isClockName, isRoleName, timeRank } from './column-roles.js';
import { shown } from './cells.js';
import { type Detected, type FileFormat, refuse } from './csv-format.js';
import type { CsvDialect } from './dialects.js';
import { missingColumn, type TimeCells, type View } from './layout-columns.js';
import { type ColumnSample, sampleColumn, type SampleRecord, timeOf } from './sample.js';

/** The column with the times: the configured one; where the name is the default one or empty, the one that holds times. */
export function timeCells(view: View, names: readonly string[]): TimeCells {
  const { rows, options, header, format, configured } = view;
  const wanted = format.names?.['DATE_TIME'] ?? options.dateColumn;
  const given = wanted === '' ? -1 : findName(names, wanted);
  const samples = names.map((_, cell) => sampleColumn(rows, cell, configured));
  // Of a column that is called so, half are enough: totals may stand below a short table.
  const isTime = (cell: number): boolean =>
    isMostly(samples[cell], 'times', names[cell] !== '' && timeRank(names[cell] ?? '') >= 0 ? 0.5 : 0.8);
  const ofClock = names.findIndex((name, cell) => {
    const isNamed = header.names !== null && isClockName(name);
    const form = isNamed ? CLOCK : header.names === null ? CLOCK_WITHOUT_NAME : CLOCK_WITH_COLONS;
    const mayBe = isNamed || (isTime(cell - 1) && !isRoleName(name));
    return (
      mayBe &&
      !isTime(cell) &&
      rows.length > 0 &&
      rows.filter(({ cells }) => form.test(cells[cell] ?? '')).length >= 0.8 * rows.length
    );
  });
  const mayLook = given >= 0 || header.names === null || wanted === '' || wanted === 'DATE_TIME';
  const parts = configured === undefined && header.names !== null ? datePartCells(names) : [];
  const isPart = given < 0 || parts.includes(given) || !isTime(given);
  if (
    parts.length > 0 &&
    isPart &&
    mayLook &&
    !names.some((name, cell) => timeRank(name) >= 0 && isTime(cell))
  )
    return { date: parts[0] ?? -1, clock: parts.length > 3 ? -1 : ofClock, parts };
  if (configured === undefined) refuseShortDates(view, names, given);
  if (given >= 0 && given !== ofClock)
    return { date: given, clock: hasClock(rows, given) ? -1 : ofClock, parts: [] };
  const ranked = names
    .map((name, cell) => ({ cell, rank: rankOf(name, samples[cell]) }))
    .filter(({ cell, rank }) => isTime(cell) && rank < Infinity)
    .toSorted((a, b) => a.rank - b.rank);
  const date = ranked[0]?.cell;
  if (mayLook && date !== undefined) return { date, clock: hasClock(rows, date) ? -1 : ofClock, parts: [] };
  if (given >= 0) return { date: given, clock: -1, parts: [] };
  throw timesOfDay(view) ?? missingColumn(view, 'date column', wanted, names);
}

const CLOCK = /^\d{1,2}[:h]\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s*[ap]m)?$|^\d{1,6}$/i;
/** Where no name says so, a time of day has colons or all its six digits. */
const CLOCK_WITHOUT_NAME = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?$|^(?:[01]\d|2[0-3])[0-5]\d[0-5]\d$/;
/** Below a name that says nothing, six digits may be the code of a share. */
const CLOCK_WITH_COLONS = /^\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?$/;
const hasClock = (rows: readonly SampleRecord[], cell: number): boolean =>
  rows.some(({ cells }) => /\d[T ,_]\d|:|^\d{9,}$/.test(cells[cell] ?? ''));

/** Names of times first, then other columns with times; numbers without such a name last. */
function rankOf(name: string, sample: ColumnSample | undefined): number {
  const rank = timeRank(name);
  if (rank >= 0) return rank;
  return sample !== undefined && sample.numbers > 0 ? 2000 : 1000;
}

const isMostly = (sample: ColumnSample | undefined, what: 'times' | 'numbers', share: number): boolean =>
  sample !== undefined && sample.values > 0 && sample[what] >= share * sample.values;

/** The text of a row's date, see {@link joinParts}. */
export const dateText = ({ cells }: SampleRecord, { date, parts }: TimeCells): string =>
  parts.length === 0 ? (cells[date] ?? '') : joinParts(parts.map((cell) => cells[cell] ?? ''));

/** `2024-1-30 09:05` from year, month, day, hour and minute. */
export function joinParts(parts: readonly string[]): string {
  const clock = parts.slice(3).map((part) => part.padStart(2, '0'));
  const time = clock.length === 1 ? [...clock, '00'] : clock;
  return [parts.slice(0, 3).join('-'), ...(time.length === 0 ? [] : [time.join(':')])].join(' ');
}

const SHORT_FORMATS = ['%y%m%d', '%d%m%y', '%m%d%y'];

/**
 * Six digits are a date in several orders, which no value decides.
 * @param given the column that is named as that of the times, or -1
 * @throws CsvRefused `csv_ambiguous_dates`
 */
function refuseShortDates({ file, rows }: View, names: readonly string[], given: number): void {
  const mayBe = (name: string, cell: number): boolean =>
    given >= 0 ? cell === given : cell === 0 && (timeRank(name) >= 0 || /^\d{6}$/.test(name));
  const cell = names.findIndex(mayBe);
  const texts = rows.map(({ cells }) => cells[cell] ?? '').filter((text) => text !== '');
  if (texts.length === 0 || !texts.every((text) => /^\d{6}$/.test(text))) return;
  const formats = SHORT_FORMATS.filter((format) => {
    const reader = timeReader(format);
    return texts.every((text) => !Number.isNaN(timeOf(reader, text)));
  });
  if (formats.length === 0) return;
  const detail = `${file} has dates such as ${shown(texts[0] ?? '')}, whose years have two digits and may stand first or last: set time_format to ${formats.join(' or ')}`;
  throw refuse('invalid', 'csv_ambiguous_dates', detail);
}

/** A refusal of rows that begin with milliseconds since midnight, as those of LEAN do; null for others. */
function timesOfDay({ file, rows, header }: View): Error | null {
  // Without a time in sight the first row was taken for the header.
  const firsts = [header.names?.[0] ?? '', ...rows.map(({ cells }) => cells[0] ?? '')];
  const times = firsts.filter((text) => /^\d+$/.test(text)).map(Number);
  const isOfDay = times.every(
    (time, row) => time < DAY_MS && time % SECOND_MS === 0 && !(time <= (times[row - 1] ?? -1)),
  );
  if (times.length < firsts.length - 1 || times.length < 2 || !isOfDay || (times.at(-1) ?? 0) < SECOND_MS)
    return null;
  const detail = `${file} seems to have milliseconds since midnight, as the files of LEAN: set csv_dialect to lean, and let the name of the file have the date, as 20131007_trade.csv`;
  return refuse('invalid', 'csv_missing_date', detail);
}

/** Names of columns whose times are the ends of bars. */
const END_NAMES = new Set(
  'closetime timeclose closedatetime closingtime end endtime barend periodend candleend intervalend hourending he'.split(
    ' ',
  ),
);

/** Whether times are beginnings or ends of bars, and how that is known. */
export function barTimeOf(
  { barTime }: FileFormat,
  usual: CsvDialect,
  timeColumns: readonly string[],
): Pick<Detected, 'barTime' | 'barTimeFrom'> {
  if (barTime != null) return { barTime, barTimeFrom: 'setting' };
  if (usual.barTime !== undefined) return { barTime: usual.barTime, barTimeFrom: 'maker' };
  const areEnds = timeColumns.some((name) => END_NAMES.has(bare(name)));
  return areEnds ? { barTime: 'close', barTimeFrom: 'header' } : { barTime: 'open', barTimeFrom: 'assumed' };
}

/** The zone of times without an offset, and how it is known. */
export function zoneOf(
  { format, header, rows }: View,
  names: readonly string[],
  time: TimePlan,
  dialect: { zone: boolean } | null,
  usual: CsvDialect,
  timeNames: readonly string[],
): { zone: Zone; from: Detected['zoneFrom'] } {
  const epoch = time.reader.order.startsWith('epoch');
  if (format.zone != null && !epoch)
    return { zone: checkedSetting('data_timezone', () => new Zone(format.zone ?? '')), from: 'setting' };
  if (time.hasOffsets || epoch) return { zone: new Zone('UTC'), from: 'file' };
  if (time.zone !== '')
    return { zone: checkedSetting('data_timezone', () => new Zone(time.zone)), from: 'file' };
  const told = [
    ...timeNames.map(zoneInName),
    ...header.preamble.map(zoneInLine),
    zoneInColumn(rows, names),
  ].find((one) => one !== null);
  if (told !== undefined)
    return { zone: checkedSetting('data_timezone', () => new Zone(told)), from: 'header' };
  const known = dialect?.zone === true;
  return { zone: new Zone((known ? usual.zone : undefined) ?? 'UTC'), from: known ? 'maker' : 'assumed' };
}

const ZONE_COLUMNS = new Set(['tz', 'timezone', 'zone', 'timezonename', 'exchangetimezone']);

/** The zone that stands in a column of its own, the same in every row but for summer time; null where none does. */
function zoneInColumn(rows: readonly SampleRecord[], names: readonly string[]): string | null {
  const cell = names.findIndex((name) => ZONE_COLUMNS.has(bare(name)));
  return cell < 0 ? null : zoneOfWords(new Set(rows.map(({ cells }) => cells[cell] ?? '')));
}

const ALLOWED = { time_format: TIME_FORMATS, data_timezone: ZONES } as const;

/** Runs a check of a setting; its RangeError becomes a refusal that names the setting. */
export function checkedSetting<T>(setting: keyof typeof ALLOWED, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw refuse(
      'invalid',
      'csv_format',
      `${setting} can't be used: ${error.message}; ${ALLOWED[setting]} is allowed`,
    );
  }
}
