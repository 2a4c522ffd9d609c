import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './clock.js';

const ISO =
  /^(?<year>\d{4})-(?<month>\d{2})-(?<day>\d{2})(?:[T ](?<hour>\d{2}):(?<minute>\d{2})(?::(?<second>\d{2})(?:\.(?<decimals>\d{1,9}))?)?(?:Z|(?<sign>[+-])(?<offsetHour>\d{2})(?::?(?<offsetMinute>\d{2}))?)?)?$/i;
const SHORTEST = '2024-01-10'.length;

/** Epoch milliseconds of 0001-01-01T00:00:00Z. Earlier moments have no date of four digits in UTC. */
export const FIRST_MOMENT = -62_135_596_800_000;
/** Epoch milliseconds of 10000-01-01T00:00:00Z: the first moment after those with a date of four digits in UTC. */
const PAST_MOMENTS = 253_402_300_800_000;

/** The parts of a date and time, as text. */
export type MomentParts = Readonly<Record<string, string | undefined>>;

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

/** Epoch milliseconds of the moment that these parts name (`year`, `month`, …, `decimals`); NaN when it does not exist. */
export function momentOfParts({
  year,
  month,
  day,
  hour = '0',
  minute = '0',
  second = '0',
  decimals,
}: MomentParts): number {
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
 * The one reader of moments: `YYYY-MM-DD`, `YYYY-MM-DD HH:MM[:SS[.f]]` and ISO 8601 with `T`, with or without an offset
 * (`Z`, `+HH`, `+HHMM`, `+HH:MM`). Without an offset the time is UTC, with one it is converted to UTC. Moments outside of
 * the years 0001 to 9999 in UTC are refused: they are stored as text that sorts by time, which more digits would break.
 * @returns epoch milliseconds (a fraction of one where the text has more than three decimals), or what is wrong
 */
export function readMoment(text: string): number | { readonly fault: string } {
  if (text.length < SHORTEST) return { fault: 'input is too short' };
  const parts = ISO.exec(text)?.groups;
  if (parts === undefined) return { fault: 'invalid character or format' };
  const { sign, offsetHour = '0', offsetMinute = '0' }: MomentParts = parts;
  if (Number(offsetHour) > 23 || Number(offsetMinute) > 59) {
    return { fault: 'timezone offset is outside expected range' };
  }
  const local = momentOfParts(parts);
  if (Number.isNaN(local)) return { fault: faultOfParts(parts) };
  const offset = Number(offsetHour) * HOUR_MS + Number(offsetMinute) * MINUTE_MS;
  const time = sign === '-' ? local + offset : local - offset;
  return time < FIRST_MOMENT || time >= PAST_MOMENTS ? OUTSIDE : time;
}

const OUTSIDE = { fault: 'the year must be 0001 to 9999 in UTC' };

function faultOfParts({ year, month, hour = '0', minute = '0', second = '0' }: MomentParts): string {
  if (Number(year) < 1) return OUTSIDE.fault;
  if (Number(month) < 1 || Number(month) > 12) return 'month value is outside expected range of 1-12';
  if (Number(hour) > 23) return 'hour value is outside expected range of 0-23';
  if (Number(minute) > 59) return 'minute value is outside expected range of 0-59';
  if (Number(second) > 59) return 'second value is outside expected range of 0-59';
  return 'day value is outside expected range';
}
