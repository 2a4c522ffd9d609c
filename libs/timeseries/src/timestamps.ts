import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '#libs/kernel';

const ISO =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.(?<decimals>\d{1,9}))?)?(?:Z|(?<sign>[+-])(?<offsetHour>\d{2})(?::?(?<offsetMinute>\d{2}))?)?)?$/i;
const SYNC =
  /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4}) (?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})\.(?<decimals>\d{1,6})$/;

type Parts = Readonly<Record<string, string | undefined>>;

/** The moment that the parts of a timestamp name, by their names in the patterns above; NaN when it does not exist. */
function momentOf({ year, month, day, hour = '0', minute = '0', second = '0', decimals }: Parts): number {
  // Multiplied first, so that whole milliseconds stay whole.
  const ms = decimals === undefined ? 0 : (Number(decimals) * 1000) / 10 ** decimals.length;
  return civilToEpoch(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    ms,
  );
}

/**
 * Reads `YYYY-MM-DD`, `YYYY-MM-DD HH:MM[:SS[.f]]` and ISO-8601 with `T`, with or without an offset (`Z`, `+HH`, `+HHMM`,
 * `+HH:MM`). Without an offset the time is UTC, with one it is converted to UTC.
 * @returns epoch milliseconds (a fraction of one where the text has more than three decimals), or null when the text has
 *   another form or names a moment that does not exist, such as 30 February or hour 24
 */
export function parseTimestamp(text: string): number | null {
  const parts = ISO.exec(text)?.groups;
  if (!parts) return null;
  const { sign, offsetHour = '0', offsetMinute = '0' }: Parts = parts;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const local = momentOf(parts);
  if (Number.isNaN(local)) return null;
  const offset = Number(offsetHour) * HOUR_MS + Number(offsetMinute) * MINUTE_MS;
  return sign === '-' ? local + offset : local - offset;
}

/**
 * Reads the timestamps of the synchronous endpoints: `DD.MM.YYYY HH:MM:SS.f`. The fraction is mandatory, 1 to 6 digits;
 * leading zeros of day, month, hour, minute and second may be missing; anything else is null, also what
 * {@link parseTimestamp} would read.
 * @returns epoch milliseconds UTC, or null
 */
export function parseSyncTimestamp(text: string): number | null {
  const parts = SYNC.exec(text)?.groups;
  const time = parts ? momentOf(parts) : NaN;
  return Number.isNaN(time) ? null : time;
}

/** `2024-01-10T08:00:00Z`; a fraction of a second appears only when there is one, with 3 or else 6 digits. */
export const formatIso = (time: number): string => `${formatNaiveIso(time, 3)}Z`;

/**
 * `2024-01-10T08:00:00`, the form of data-file times in the original's answers: UTC without a mark; a fraction of a
 * second appears only when there is one.
 * @param shortest decimals of a fraction that is whole milliseconds: 6, as Python prints it, or 3
 */
export function formatNaiveIso(time: number, shortest: 3 | 6 = 6): string {
  const micros = Math.round((time - Math.floor(time)) * 1000);
  const millis = Math.floor(time) + (micros === 1000 ? 1 : 0);
  const text = new Date(millis).toISOString();
  const rest = micros % 1000;
  const whole = text.slice(0, -5);
  if (rest === 0 && text.endsWith('.000Z')) return whole;
  const decimals = `${text.slice(-4, -1)}${String(rest).padStart(3, '0')}`;
  return `${whole}.${rest === 0 ? decimals.slice(0, shortest) : decimals}`;
}

const MONTH_DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;

/** Days of a month (1 to 12) of the Gregorian calendar. */
const daysIn = (year: number, month: number): number =>
  month === 2 && isLeap(year) ? 29 : (MONTH_DAYS[month - 1] ?? 0);

/**
 * Epoch milliseconds of a civil date and time, or NaN when it does not exist (30 February, hour 24, second 60).
 * Years 1 to 9999, month 1 to 12; `millisecond` in [0, 1000), whole or not. The day count shifts the year to start in March, so
 * that the leap day is its last (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms").
 */
export function civilToEpoch(
  year: number,
  month: number,
  day: number,
  hour = 0,
  minute = 0,
  second = 0,
  millisecond = 0,
): number {
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return NaN;
  if (hour > 23 || minute > 59 || second > 59) return NaN;
  const shifted = month <= 2 ? year - 1 : year;
  const era = Math.floor(shifted / 400);
  const yearOfEra = shifted - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  const days = era * 146_097 + dayOfEra - 719_468;
  return days * DAY_MS + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + millisecond;
}

/** Day of the week of an epoch time in UTC; Monday is 0, Sunday 6. */
export function dayOfWeek(time: number): number {
  const days = Math.floor(time / DAY_MS);
  return (((days + 3) % 7) + 7) % 7;
}

/** Hour of the day, 0 to 23, in UTC. */
export const hourOfDay = (time: number): number =>
  Math.floor((time - Math.floor(time / DAY_MS) * DAY_MS) / HOUR_MS);

/** Day of the month, 1 to 31, in UTC. */
export const dayOfMonth = (time: number): number => new Date(time).getUTCDate();
