import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, WEEK_MS } from '#libs/kernel';
import { SessionClock } from '../times/session-clock.js';
import { zoneInName } from '../times/time-words.js';
import { formatIso } from '../timestamps.js';
import { shown } from './cells.js';
import type { BadCells, BadRow, FileNote } from './csv-format.js';
import type { Layout } from './layout.js';
import { columnOf, type Series } from './series.js';
import { badRowText } from './table-builder.js';

interface Counted {
  readonly badRows: readonly BadRow[];
  readonly badRowCount: number;
  readonly badCells: readonly BadCells[];
}

/** Everything about a file that a reader of its data should know: what was left out, what was assumed, and what looks wrong. */
export function fileNotes(
  layout: Layout,
  series: Series,
  { badRows, badRowCount, badCells }: Counted,
): readonly FileNote[] {
  const notes: FileNote[] = [];
  const add = (code: FileNote['code'], text: string): number => notes.push({ code, text });
  const format = formatText(layout.detected);
  if (format !== '') add('format', format);
  const [firstBad] = badRows;
  if (firstBad) add('bad_rows', `${rows(badRowCount)} left out, the first: ${badRowText(firstBad)}`);
  for (const { column, count, line, value } of badCells) {
    add(
      'bad_cells',
      `${count === 1 ? '1 cell' : `${count} cells`} of ${column} ${count === 1 ? 'is no number and counts' : 'are no numbers and count'} as missing, the first on line ${line}: ${shown(value)} (decimal and thousands tell how numbers are written)`,
    );
  }
  if (layout.ignoredColumns.length > 0)
    add(
      'ignored_columns',
      `columns without numbers are left out: ${layout.ignoredColumns.slice(0, 20).join(', ')}`,
    );
  if (layout.repeated.length > 0)
    add(
      'repeated_columns',
      `several columns are named ${layout.repeated.join(', ')}; the second is ${layout.repeated[0]}.1, and so on`,
    );
  const { duplicateTimes: repeats } = series;
  if (repeats > 0) {
    const isOfDays = 2 * repeats >= series.time.length && series.time.every((time) => time % DAY_MS === 0);
    add(
      'duplicate_times',
      `${repeats === 1 ? '1 bar has' : `${repeats} bars have`} the time of the bar before${isOfDays ? '; all times are midnights: is the time of day in a column that was not understood?' : ''}`,
    );
  }
  notes.push(...zoneNotes(layout.detected), ...priceNotes(series), ...gapNotes(series, layout.zone.name));
  return notes;
}

const rows = (count: number): string => (count === 1 ? '1 row was' : `${count} rows were`);

/** What is not as in a plain CSV file with a header and times of ISO 8601; empty for such a file. */
function formatText(detected: Layout['detected']): string {
  const { separator, headerLine, timeColumns, timeFormat, decimal, dialect, barTime } = detected;
  const parts = [
    ...(separator === ',' ? [] : [`cells are separated by ${separatorName(separator)}`]),
    ...(headerLine === null ? ['there is no header'] : []),
    ...(timeColumns.length > 1 ? [`times are in ${timeColumns.join(' and ')}`] : []),
    ...(/^%Y-%m-%d(?:[ T]|$)/.test(timeFormat) ? [] : [`times are written ${timeFormat}`]),
    ...(decimal === ',' ? ['numbers have a decimal comma'] : []),
    ...(barTime === 'close' ? ['times are the ends of bars'] : []),
    ...(dialect === null ? [] : [`it looks like a file of ${dialect}`]),
  ];
  return parts.join(', ');
}

/** The name of a separator for people. */
export const separatorName = (separator: string): string =>
  ({ ',': 'commas', ';': 'semicolons', '\t': 'tabs', '|': 'bars', ' ': 'blanks' })[separator] ?? separator;

function whoTells(timeColumns: readonly string[]): string {
  const name = timeColumns.find((one) => zoneInName(one) !== null);
  return name === undefined
    ? 'a line above the table or a column beside them tells'
    : `the name ${shown(name)} tells`;
}

function zoneNotes({
  zone,
  zoneFrom,
  dialect,
  timeColumns,
  isDialectTold,
}: Layout['detected']): readonly FileNote[] {
  if (zoneFrom === 'header' && zone !== 'UTC')
    return [
      {
        code: 'time_zone',
        text: `times were converted from ${zone}, which ${whoTells(timeColumns)} (data_timezone overrides it)`,
      },
    ];
  if (zoneFrom === 'maker' && zone !== 'UTC')
    return [
      {
        code: 'time_zone',
        text: `times were converted from ${zone}, in which ${dialect ?? ''} writes (data_timezone overrides it${dialect === 'histdata' && !isDialectTold ? '; files of NinjaTrader look the same, whose times are ends of bars in UTC: set csv_dialect to ninjatrader for those' : ''})`,
      },
    ];
  if (zoneFrom !== 'assumed' || (dialect !== 'mt4' && dialect !== 'mt5')) return [];
  return [
    {
      code: 'time_zone',
      text: 'times were taken as UTC; MetaTrader writes the time of the broker, often EET or NY+7 (set data_timezone)',
    },
  ];
}

/** A price that is 100 times the one before, or a hundredth: units were mixed. */
const JUMP = 100;

function priceNotes({ time, columns }: Series): readonly FileNote[] {
  const byName = new Map(columns);
  const notes: FileNote[] = [];
  const close = columnOf(byName, 'CLOSE');
  if (close !== undefined) notes.push(...jumpNotes(time, close));
  const prices = (['OPEN', 'HIGH', 'LOW', 'CLOSE'] as const)
    .map((role) => columnOf(byName, role))
    .filter((one) => one !== undefined);
  let [zeros, first] = [0, -1];
  for (let row = 0; row < time.length; row += 1) {
    if (!prices.some((column) => column[row] === 0)) continue;
    zeros += 1;
    if (first < 0) first = row;
  }
  if (zeros > 0)
    notes.push({
      code: 'zero_prices',
      text: `${zeros === 1 ? '1 bar has' : `${zeros} bars have`} a price of 0, the first at ${formatIso(time[first] ?? 0)}`,
    });
  return notes;
}

function jumpNotes(time: Float64Array, close: Float64Array): readonly FileNote[] {
  let [jumps, first, before] = [0, -1, NaN];
  for (let row = 0; row < close.length; row += 1) {
    const now = close[row] ?? NaN;
    if (!(now > 0)) continue;
    if (now >= JUMP * before || before >= JUMP * now) {
      jumps += 1;
      if (first < 0) first = row;
    }
    before = now;
  }
  if (jumps === 0) return [];
  const where = `at ${formatIso(time[first] ?? 0)}`;
  return [
    {
      code: 'price_jump',
      text: `the close is ${JUMP} times the one before, or a hundredth of it, ${jumps === 1 ? where : `${jumps} times, first ${where}`}`,
    },
  ];
}

/** Slots of the week that most weeks have a bar in. */
function openSlots(time: Float64Array, step: number): { open: Uint8Array; count: number } {
  const span = (time.at(-1) ?? 0) - (time[0] ?? 0);
  const counts = new Uint32Array(WEEK_MS / step);
  let before = NaN;
  for (const now of time) {
    const slot = Math.floor((((now % WEEK_MS) + WEEK_MS) % WEEK_MS) / step);
    if (now !== before) counts[slot] = (counts[slot] ?? 0) + 1;
    before = now;
  }
  const weeks = span / WEEK_MS;
  const open = Uint8Array.from(counts, (count) => (count >= 0.5 * weeks ? 1 : 0));
  return { open, count: open.reduce((sum, one) => sum + one, 0) };
}

/** Bars that are missing. */
export interface Gaps {
  /** How often bars are missing. */
  readonly count: number;
  /** How many bars are missing altogether. */
  readonly missing: number;
  /** Bars missing in the longest gap, and the bar before it (epoch ms UTC). */
  readonly longest: number;
  readonly longestAfter: number;
}

/**
 * Counts bars that are missing: in hours of the week in which most weeks have one, or in a row of days, weeks or months.
 * Hours are those of the market's clock, which may keep summer time.
 * @param time epoch ms UTC, ascending
 * @param step usual distance of bars in ms
 * @param zone of the market's clock, where the source tells it; null to find it out from the openings
 */
export function gapsOf(time: Float64Array, step: number, zone: string | null): Gaps {
  const gaps = { count: 0, missing: 0, longest: 0, longestAfter: 0 };
  if (!(step >= SECOND_MS) || time.length < 3) return gaps;
  const isLong = (time.at(-1) ?? 0) - (time[0] ?? 0) >= 2 * WEEK_MS;
  const mayHaveHours = step <= DAY_MS && isLong && WEEK_MS % step === 0;
  const local = mayHaveHours ? new SessionClock(time, step, zone).shown(time) : time;
  const slots = mayHaveHours ? openSlots(local, step) : null;
  for (let row = 1; row < time.length; row += 1) {
    const [before, now] = [time[row - 1] ?? NaN, time[row] ?? NaN];
    if (now - before <= 1.5 * step) continue;
    const count =
      slots === null
        ? Math.round((now - before) / step) - 1
        : openBetween(slots, local[row - 1] ?? NaN, local[row] ?? NaN, step);
    if (count < 1 || (slots === null && isClosed(before, now, step))) continue;
    gaps.count += 1;
    gaps.missing += count;
    if (count > gaps.longest) [gaps.longest, gaps.longestAfter] = [count, before];
  }
  return gaps;
}

function gapNotes({ time, stepMs: step }: Series, zone: string): readonly FileNote[] {
  const { count, missing, longest, longestAfter } = gapsOf(time, step, zone);
  if (count === 0) return [];
  const bars = missing === 1 ? '1 bar is' : `${missing} bars are`;
  const text = `${bars} missing in ${count === 1 ? '1 gap' : `${count} gaps`} of bars that are ${lengthText(step)} apart; the longest is ${longest} after ${formatIso(longestAfter)}`;
  return [{ code: 'gaps', text }];
}

function openBetween(
  { open, count }: { open: Uint8Array; count: number },
  before: number,
  now: number,
  step: number,
): number {
  const between = Math.round((now - before) / step) - 1;
  const weeks = Math.floor(between / open.length);
  const first = Math.floor((((before % WEEK_MS) + WEEK_MS) % WEEK_MS) / step) + 1;
  let found = weeks * count;
  for (let index = 0; index < between % open.length; index += 1)
    found += open[(first + index) % open.length] ?? 0;
  return found;
}

/** Hours without bars that are rather a closed market, where too few weeks are known to tell. */
const CLOSED_MS = 4 * HOUR_MS;

/** A weekend of daily bars, and whatever is longer than a pause in shorter ones. */
function isClosed(before: number, now: number, step: number): boolean {
  if (step < DAY_MS) return now - before > CLOSED_MS;
  return step === DAY_MS && now - before <= 3 * DAY_MS && new Date(before).getUTCDay() === 5;
}

/** `1 h`, `30 min`, `1 d`: the length of a bar for people. */
export function lengthText(ms: number): string {
  const units = [
    [DAY_MS, 'd'],
    [HOUR_MS, 'h'],
    [MINUTE_MS, 'min'],
  ] as const;
  const [unit, name] = units.find(([one]) => ms >= one) ?? [SECOND_MS, 's'];
  return `${Math.round((ms / unit) * 100) / 100} ${name}`;
}
