import { civilToEpoch } from './calendar.js';

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
  const offset = (Number(offsetHour) * 60 + Number(offsetMinute)) * 60_000;
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
