const DAY_MS = 86_400_000;
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
  return days * DAY_MS + hour * 3_600_000 + minute * 60_000 + second * 1000 + millisecond;
}

/** Day of the week of an epoch time in UTC; Monday is 0, Sunday 6. */
export function dayOfWeek(time: number): number {
  const days = Math.floor(time / DAY_MS);
  return (((days + 3) % 7) + 7) % 7;
}

/** Hour of the day, 0 to 23, in UTC. */
export const hourOfDay = (time: number): number =>
  Math.floor((time - Math.floor(time / DAY_MS) * DAY_MS) / 3_600_000);

/** Day of the month, 1 to 31, in UTC. */
export const dayOfMonth = (time: number): number => new Date(time).getUTCDate();
