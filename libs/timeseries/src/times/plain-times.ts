import { civilToEpoch, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '#libs/kernel';
import { COUNTED_FROM, EPOCH_UNITS } from './time-words.js';

/** Whether a byte is a digit. */
export const isDigit = (byte: number | undefined): boolean =>
  byte !== undefined && byte >= 0x30 && byte <= 0x39;

/** Whether a byte is an ASCII letter. */
export const isLetter = (byte: number | undefined): boolean =>
  byte !== undefined && (byte | 0x20) >= 0x61 && (byte | 0x20) <= 0x7a;
/** Letters with accents are bytes above the ASCII ones. */
export const isWordByte = (byte: number | undefined): boolean => isLetter(byte) || (byte ?? 0) >= 0x80;
/** The first byte of a Latin, Greek or Cyrillic letter in UTF-8; signs of dates begin higher. */
export const isWordStart = (byte: number | undefined): boolean =>
  isLetter(byte) || ((byte ?? 0) >= 0xc3 && (byte ?? 0) <= 0xd3);

/** A cell with its no-break and narrow blanks (U+00A0, U+2009, U+202F: `9:30 AM` of a browser) as plain ones; null where it has none. */
export function withPlainBlanks(bytes: Uint8Array, start: number, end: number): Uint8Array | null {
  for (let index = start; index < end; index += 1) {
    if (bytes[index] !== 0xc2 && bytes[index] !== 0xe2) continue;
    const text = new TextDecoder().decode(bytes.subarray(start, end));
    const plain = text.replaceAll(/[\u00a0\u2009\u202f]/g, ' ');
    return plain === text ? null : new TextEncoder().encode(plain);
  }
  return null;
}

/** Between the parts of a date: `-` `.` `/` `,` or a blank. */
export const isSeparator = (byte: number | undefined): boolean =>
  byte === 0x2d || byte === 0x2e || byte === 0x2f || byte === 0x2c || byte === 0x20;
/** Between date and time: a blank, T, `_`, `-`, `,` or (SAS) `:`. */
export const isBetween = (byte: number | undefined): boolean =>
  byte === 0x20 ||
  byte === 0x54 ||
  byte === 0x74 ||
  byte === 0x5f ||
  byte === 0x2d ||
  byte === 0x2c ||
  byte === 0x3a;

/** `HHMM` or `HHMMSS` as a number, in ms; NaN for what is no time of day. */
export function clockOf(value: number, digits: number): number {
  const whole = digits === 4 ? value * 100 : value;
  const [hour, minute, second] = [Math.floor(whole / 10_000), Math.floor(whole / 100) % 100, whole % 100];
  if (hour > 24 || minute > 59 || second > 59 || (hour === 24 && whole !== 240_000)) return NaN;
  return hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
}

/** A count of units of so many ms since 1970, in ms; NaN when it is none. */
export function epochTime(bytes: Uint8Array, start: number, end: number, unit: number): number {
  let value = 0;
  let index = bytes[start] === 0x2d ? start + 1 : start;
  if (index === end) return NaN;
  for (; index < end && isDigit(bytes[index]); index += 1) value = value * 10 + (bytes[index] ?? 0) - 0x30;
  if (index < end) {
    const text = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 40)));
    if (!/^-?\d+(?:\.\d*)?$/.test(text)) return NaN;
    value = Math.abs(Number(text));
  }
  const time = unit >= 1 ? value * unit : value / Math.round(1 / unit);
  return bytes[start] === 0x2d ? -time : time;
}

/**
 * `YYYY?MM?DD`, with ` HH:MM` and `…:SS`, with one sign between the parts of the date, and `YYYYMMDD HHMMSS`, without looking for parts;
 * NaN otherwise.
 */
export function plainTime(bytes: Uint8Array, start: number, end: number): number {
  if (end - start === 15) return compactTime(bytes, start);
  const between = bytes[start + 10];
  const sign = bytes[start + 4];
  if (end - start === 10)
    return sign === bytes[start + 7] && isSeparator(sign) ? plainDate(bytes, start) : NaN;
  const seconds = end - start === 19;
  if (sign !== bytes[start + 7] || !isSeparator(sign) || bytes[start + 13] !== 0x3a) return NaN;
  if ((between !== 0x20 && between !== 0x54) || (seconds ? bytes[start + 16] !== 0x3a : end - start !== 16))
    return NaN;
  const hour = pair(bytes, start + 11);
  return civilToEpoch(
    pair(bytes, start) * 100 + pair(bytes, start + 2),
    pair(bytes, start + 5),
    pair(bytes, start + 8),
    hour,
    pair(bytes, start + 14),
    seconds ? pair(bytes, start + 17) : 0,
  );
}

/** The same with the year behind: `DD?MM?YYYY HH:MM`, `…:SS` and `…:SS.fff`, or with the month in front. */
export function dayFirstTime(bytes: Uint8Array, start: number, end: number, isMonthFirst: boolean): number {
  const length = end - start;
  const between = bytes[start + 10];
  const sign = bytes[start + 2];
  if (sign !== bytes[start + 5] || !isSeparator(sign) || bytes[start + 13] !== 0x3a) return NaN;
  if (between !== 0x20 && between !== 0x54) return NaN;
  if (length !== 16 && ((length !== 19 && length !== 23) || bytes[start + 16] !== 0x3a)) return NaN;
  if (length === 23 && bytes[start + 19] !== 0x2e) return NaN;
  const [first, second] = [pair(bytes, start), pair(bytes, start + 3)];
  return civilToEpoch(
    pair(bytes, start + 6) * 100 + pair(bytes, start + 8),
    isMonthFirst ? first : second,
    isMonthFirst ? second : first,
    pair(bytes, start + 11),
    pair(bytes, start + 14),
    length === 16 ? 0 : pair(bytes, start + 17),
    length === 23 ? pair(bytes, start + 20) * 10 + (pair(bytes, start + 21) % 10) : 0,
  );
}

function compactTime(bytes: Uint8Array, start: number): number {
  if (bytes[start + 8] !== 0x20) return NaN;
  return civilToEpoch(
    pair(bytes, start) * 100 + pair(bytes, start + 2),
    pair(bytes, start + 4),
    pair(bytes, start + 6),
    pair(bytes, start + 9),
    pair(bytes, start + 11),
    pair(bytes, start + 13),
  );
}

/** Where the offset of a time of ISO 8601 begins, `Z` or `+02:00` at its end; the end where it has none. */
export function offsetAt(bytes: Uint8Array, end: number): number {
  if (bytes[end - 1] === 0x5a) return end - 1;
  const sign = bytes[end - 6];
  return (sign === 0x2b || sign === 0x2d) && bytes[end - 3] === 0x3a ? end - 6 : end;
}

/** The minutes in such an offset. */
export const offsetMinutes = (bytes: Uint8Array, at: number): number =>
  bytes[at] === 0x5a ? 0 : (bytes[at] === 0x2d ? -1 : 1) * (pair(bytes, at + 1) * 60 + pair(bytes, at + 4));

/** `YYYY?MM?DD`, the signs between not looked at. */
export const plainDate = (bytes: Uint8Array, start: number): number =>
  civilToEpoch(
    pair(bytes, start) * 100 + pair(bytes, start + 2),
    pair(bytes, start + 5),
    pair(bytes, start + 8),
  );

/** Two digits as a number; NaN for anything else. */
export function pair(bytes: Uint8Array, at: number): number {
  const tens = (bytes[at] ?? 0) - 0x30;
  const ones = (bytes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}

/** Whether the sign for year, month or day of Chinese and Japanese dates stands here, in UTF-8. */
export const isDateSign = (bytes: Uint8Array, at: number): boolean =>
  (bytes[at] === 0xe5 && bytes[at + 1] === 0xb9 && bytes[at + 2] === 0xb4) ||
  (bytes[at] === 0xe6 && bytes[at + 1] === 0x9c && bytes[at + 2] === 0x88) ||
  (bytes[at] === 0xe6 && bytes[at + 1] === 0x97 && bytes[at + 2] === 0xa5);

/** Whether the rest of a cell is a word in brackets, `(Tue)`, ASCII ones or those of Japan. */
export function isInBrackets(bytes: Uint8Array, at: number, end: number): boolean {
  const first = bytes[at] === 0x20 ? bytes[at + 1] : bytes[at];
  // Most rows end here: a text of each would take longer than all else.
  if ((first !== 0x28 && first !== 0xef) || at >= end) return false;
  const rest = end - at < 16 ? String.fromCharCode(...bytes.subarray(at, end)) : '';
  return /^ ?(?:\([^()\d]+\)|\u00ef\u00bc\u0088[^\d]+\u00ef\u00bc\u0089)$/.test(rest);
}

/** Whether a point stands at the end of a date. */
export const isPointAtEnd = (bytes: Uint8Array, at: number, end: number): boolean =>
  bytes[at] === 0x2e && (at + 1 === end || bytes[at + 1] === 0x20);

/** Whether the ending of `31st` stands here. */
export function isOrdinal(bytes: Uint8Array, at: number): boolean {
  if (!isLetter(bytes[at])) return false;
  const ending = String.fromCharCode(bytes[at] ?? 0, bytes[at + 1] ?? 0).toLowerCase();
  return ['st', 'nd', 'rd', 'th'].includes(ending) && !isLetter(bytes[at + 2]);
}

/** Days that are counted from 1970 on: by a spreadsheet, whose day 1 is 1900-01-01 and which has a 29th of February in that year, and by MATLAB. */
const DAY_COUNTS: Readonly<Record<string, number>> = { excel: 25_569, matlab: 719_529 };

/** Whether an order is one of the parts of a date, and no way of counting. */
export const isDateOrder = (order: string): boolean => order === 'ymd' || order === 'dmy' || order === 'mdy';

/** The moment in a count of days, seconds or their parts, as epoch ms; NaN when it is none. */
export function countedTime(order: string, bytes: Uint8Array, start: number, end: number): number {
  const since = DAY_COUNTS[order];
  if (since !== undefined) return countedDays(bytes, start, end, since);
  const time = epochTime(bytes, start, end, EPOCH_UNITS[order] ?? NaN);
  const from = COUNTED_FROM[order];
  // 18 digits are more than a double holds; these clocks are right to a millisecond anyhow.
  return from === undefined ? time : Math.round(time) - from;
}

/** Days with a fraction, `45321.5`, in whole seconds. */
function countedDays(bytes: Uint8Array, start: number, end: number, since: number): number {
  const text = String.fromCharCode(...bytes.subarray(start, Math.min(end, start + 40)));
  if (!/^\d{4,6}(?:[.,]\d*)?$/.test(text)) return NaN;
  const days = Number(text.replace(',', '.')) - since;
  return Math.round((days * DAY_MS) / SECOND_MS) * SECOND_MS;
}
