import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '#libs/kernel';

const ISO =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(?:(Z)|([+-])(\d{2})(?::?(\d{2}))?)?)?$/i;
const SYNC = /^(\d{1,2})\.(\d{1,2})\.(\d{4}) (\d{1,2}):(\d{1,2}):(\d{1,2})\.(\d{1,6})$/;

/** Decimals of a second as milliseconds; multiplied first, so that whole milliseconds stay whole. */
const milliseconds = (decimals: string | undefined): number =>
  decimals === undefined ? 0 : (Number(decimals) * 1000) / 10 ** decimals.length;

/**
 * Reads `YYYY-MM-DD`, `YYYY-MM-DD HH:MM[:SS[.f]]` and ISO-8601 with `T`, with or without an offset (`Z`, `+HH`, `+HHMM`,
 * `+HH:MM`). Without an offset the time is UTC, with one it is converted to UTC.
 * @returns epoch milliseconds (a fraction of one where the text has more than three decimals), or null when the text has
 *   another form or names a moment that does not exist, such as 30 February or hour 24
 */
export function parseTimestamp(text: string): number | null {
  const match = ISO.exec(text);
  if (!match) return null;
  const [
    ,
    year,
    month,
    day,
    hour = 0,
    minute = 0,
    second = 0,
    decimals,
    ,
    sign,
    offsetHour = 0,
    offsetMinute = 0,
  ] = match;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) return null;
  const local = civilToEpoch(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds(decimals),
  );
  if (Number.isNaN(local)) return null;
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * MINUTE_MS;
  return sign === '-' ? local + offset : local - offset;
}

/**
 * Reads the timestamps of the synchronous endpoints: `DD.MM.YYYY HH:MM:SS.f`. The fraction is mandatory, 1 to 6 digits;
 * leading zeros of day, month, hour, minute and second may be missing; anything else is null, also what
 * {@link parseTimestamp} would read.
 * @returns epoch milliseconds UTC, or null
 */
export function parseSyncTimestamp(text: string): number | null {
  const match = SYNC.exec(text);
  if (!match) return null;
  const [, day, month, year, hour, minute, second, decimals] = match;
  const time = civilToEpoch(
    Number(year),
    Number(month),
    Number(day),
    Number(hour),
    Number(minute),
    Number(second),
    milliseconds(decimals),
  );
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
