import { civilToEpoch, DAY_MS, HOUR_MS, momentOfParts, readMoment } from '#libs/kernel';

const SYNC =
  /^(?<day>\d{1,2})\.(?<month>\d{1,2})\.(?<year>\d{4}) (?<hour>\d{1,2}):(?<minute>\d{1,2}):(?<second>\d{1,2})\.(?<decimals>\d{1,6})$/;

/**
 * Reads the forms of {@link readMoment}.
 * @returns epoch milliseconds (a fraction of one where the text has more than three decimals), or null when the text has
 *   another form or names a moment that does not exist, such as 30 February or hour 24
 */
export function parseTimestamp(text: string): number | null {
  const time = readMoment(text);
  return typeof time === 'number' ? time : null;
}

/**
 * Reads the timestamps of the synchronous endpoints: `DD.MM.YYYY HH:MM:SS.f`. The fraction is mandatory, 1 to 6 digits;
 * leading zeros of day, month, hour, minute and second may be missing; anything else is null, also what
 * {@link parseTimestamp} would read.
 * @returns epoch milliseconds UTC, or null
 */
export function parseSyncTimestamp(text: string): number | null {
  if (isUsual(text)) return usualMoment(text);
  const parts = SYNC.exec(text)?.groups;
  const time = parts ? momentOfParts(parts) : NaN;
  return Number.isNaN(time) ? null : time;
}

/** `DD.MM.YYYY HH:MM:SS.fff`, whatever stands between the marks: read by places in a tenth of the pattern's time. */
const isUsual = (text: string): boolean =>
  text.length === 23 &&
  text.charCodeAt(2) === POINT &&
  text.charCodeAt(5) === POINT &&
  text.charCodeAt(10) === BLANK &&
  text.charCodeAt(13) === COLON &&
  text.charCodeAt(16) === COLON &&
  text.charCodeAt(19) === POINT;
const [POINT, BLANK, COLON, ZERO] = [46, 32, 58, 48];

function usualMoment(text: string): number | null {
  const time = civilToEpoch(
    digits(text, 6, 10),
    digits(text, 3, 5),
    digits(text, 0, 2),
    digits(text, 11, 13),
    digits(text, 14, 16),
    digits(text, 17, 19),
    digits(text, 20, 23),
  );
  return Number.isNaN(time) ? null : time;
}

/** The number that these places write; NaN when one of them is no digit. */
function digits(text: string, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 1) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    number = number * 10 + digit;
  }
  return number;
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
