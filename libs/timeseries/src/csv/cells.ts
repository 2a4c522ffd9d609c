import { civilToEpoch } from '#libs/kernel';
import { parseTimestamp } from '../timestamps.js';

const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => 10 ** power);
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
const MISSING = new Set(['', 'nan', 'na', 'n/a', 'null', 'none']);

/** The text of a cell without surrounding blanks; doubled quotes become one. */
export function cellText(bytes: Buffer, start: number, end: number): string {
  return bytes.toString('utf8', start, end).replaceAll('""', '"').trim();
}

/**
 * The number in a cell, correctly rounded; NaN when there is none, infinite when it is too large or says so.
 *
 * Up to 15 digits with at most 22 decimals need no text: digits and power of ten are exact doubles and one division
 * rounds once (W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990).
 */
export function cellNumber(bytes: Buffer, start: number, end: number): number {
  let index = start;
  const sign = bytes[index];
  if (sign === 0x2d || sign === 0x2b) index += 1;
  let mantissa = 0;
  let decimals = -1;
  const first = index;
  for (; index < end; index += 1) {
    const digit = (bytes[index] ?? 0) - 0x30;
    if (digit >= 0 && digit <= 9) {
      mantissa = mantissa * 10 + digit;
      if (decimals >= 0) decimals += 1;
    } else if (digit === -2 && decimals < 0) decimals = 0;
    else return textNumber(bytes, start, end);
  }
  const digits = index - first - (decimals >= 0 ? 1 : 0);
  if (digits < 1 || mantissa >= 1e15 || decimals > 22) return textNumber(bytes, start, end);
  const value = decimals > 0 ? mantissa / (POWERS_OF_TEN[decimals] ?? NaN) : mantissa;
  return sign === 0x2d ? -value : value;
}

function textNumber(bytes: Buffer, start: number, end: number): number {
  const text = cellText(bytes, start, end);
  if (DECIMAL.test(text)) return Number(text);
  if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return NaN;
}

/** Whether a cell says that there is no value. */
export const isMissing = (bytes: Buffer, start: number, end: number): boolean =>
  MISSING.has(cellText(bytes, start, end).toLowerCase());

/** Epoch milliseconds of the timestamp in a cell, NaN when it is none. `YYYY-MM-DD HH:MM:SS` is read without text. */
export function cellTime(bytes: Buffer, start: number, end: number): number {
  if (end - start === 19 && isPlain(bytes, start)) {
    return civilToEpoch(
      pair(bytes, start) * 100 + pair(bytes, start + 2),
      pair(bytes, start + 5),
      pair(bytes, start + 8),
      pair(bytes, start + 11),
      pair(bytes, start + 14),
      pair(bytes, start + 17),
    );
  }
  return parseTimestamp(cellText(bytes, start, end)) ?? NaN;
}

/** `-` and `:` in their places and a blank or T between; the digits are checked by {@link pair}. */
function isPlain(bytes: Buffer, start: number): boolean {
  const between = bytes[start + 10];
  return (
    bytes[start + 4] === 0x2d &&
    bytes[start + 7] === 0x2d &&
    (between === 0x20 || between === 0x54) &&
    bytes[start + 13] === 0x3a &&
    bytes[start + 16] === 0x3a
  );
}

/** Two digits as a number; NaN for anything else. */
function pair(bytes: Buffer, at: number): number {
  const tens = (bytes[at] ?? 0) - 0x30;
  const ones = (bytes[at + 1] ?? 0) - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
