import { cellText } from './cells.js';

/** The sign before the decimals of numbers. */
export type DecimalSign = '.' | ',';
/** The sign between thousands. */
export type ThousandsSign = '.' | ',' | ' ' | "'" | '_';

/** How numbers are written in a file. */
export interface NumberStyle {
  readonly decimal: DecimalSign;
  /** Null: whatever sign is met, but not the decimal one. */
  readonly thousands: ThousandsSign | null;
  /** Whether something decided the signs. When false, `.` is assumed until a number tells otherwise. */
  readonly settled: boolean;
}

const BLANK = 0x20;
const DOLLAR = 0x24;
const PERCENT = 0x25;
const POWERS_OF_TEN = Float64Array.from({ length: 23 }, (_, power) => 10 ** power);
const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;
const INFINITE = /^[+-]?inf(?:inity)?$/i;
/** A sign of money before or behind a number, and a percent sign. */
const ORNAMENTS =
  /^([+-]?)\s*(?:(?:us|r|hk|a|c|s|nz)?[\p{Sc}₿]|usdt?|eur|gbp|chf|jpy|cny|inr|cad|aud|btc|rs\.?)\s*|\s*(?:[\p{Sc}₿%]|usdt?|eur|gbp|chf|jpy|cny|inr|cad|aud|btc|sek|nok|dkk|pln|czk|huf|rub|krw|brl|zł|kr\.?|원|元|円|圆|руб\.?|kč|ft|tl)$/giu;
const SCALED = /^(.*\d)\s*([kmbt])$/i;
const SCALES: Readonly<Record<string, number>> = { k: 1e3, m: 1e6, b: 1e9, t: 1e12 };
const IN_BRACKETS = /^\((.*\d.*)\)$/;
/** Groups as in 1,234,567 or 1,23,45,678 (India). */
const GROUPED = /^[+-]?\d{1,3}(?:\d*|(?:([.,'’_ \u00a0\u202f\u2009])\d{2,3}(?:\1\d{2,3})*(?<=\1\d{3})))$/;

/**
 * Reads numbers of one style. Plain ones are read from the bytes; thousands, signs of money, percent (`1.5 %` is 1.5) and
 * K, M, B, T (`24.82M`) through text.
 */
export class NumberReader {
  /** A number with decimals was read, so the decimal sign is no guess. */
  sawDecimals = false;
  /** Numbers such as `1,234` that were read as thousands although nothing decided that. */
  undecided = 0;
  /** The first of them. */
  undecidedText = '';
  private readonly decimalByte: number;
  private readonly groupByte: number;

  constructor(private readonly style: NumberStyle) {
    this.decimalByte = style.decimal.charCodeAt(0);
    this.groupByte = (style.thousands ?? (style.decimal === '.' ? ',' : '.')).charCodeAt(0);
  }

  /**
   * The number in a cell, correctly rounded; NaN when there is none, infinite when it is too large or says so.
   *
   * Up to 15 digits with at most 22 decimals need no text: digits and power of ten are exact doubles and one division
   * rounds once (W. D. Clinger, "How to Read Floating Point Numbers Accurately", 1990).
   */
  read(bytes: Buffer, from: number, to: number): number {
    let start = from;
    let end = to;
    while (start < end && (bytes[start] === BLANK || bytes[start] === DOLLAR)) start += 1;
    while (start < end && (bytes[end - 1] === BLANK || bytes[end - 1] === PERCENT)) end -= 1;
    let index = start;
    const sign = bytes[index];
    if (sign === 0x2d || sign === 0x2b) index += 1;
    let mantissa = 0;
    let decimals = -1;
    let digits = 0;
    for (; index < end; index += 1) {
      const byte = bytes[index] ?? 0;
      const digit = byte - 0x30;
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        digits += 1;
        if (decimals >= 0) decimals += 1;
      } else if (byte === this.decimalByte && decimals < 0) decimals = 0;
      else if (byte === this.groupByte && decimals < 0 && digits > 0 && digits <= 3)
        return this.readGroups(bytes, start, end);
      else return this.ofText(cellText(bytes, start, end));
    }
    if (digits < 1 || mantissa >= 1e15 || decimals > 22) return this.ofText(cellText(bytes, start, end));
    if (decimals <= 0) return sign === 0x2d ? -mantissa : mantissa;
    this.sawDecimals = true;
    const value = mantissa / (POWERS_OF_TEN[decimals] ?? NaN);
    return sign === 0x2d ? -value : value;
  }

  /** A number with thousands, `1,234,567.5`, without making a text of it. */
  private readGroups(bytes: Buffer, start: number, end: number): number {
    const sign = bytes[start];
    let mantissa = 0;
    let decimals = -1;
    let group = 0;
    for (let index = sign === 0x2d || sign === 0x2b ? start + 1 : start; index < end; index += 1) {
      const byte = bytes[index] ?? 0;
      const digit = byte - 0x30;
      if (digit >= 0 && digit <= 9) {
        mantissa = mantissa * 10 + digit;
        if (decimals < 0) group += 1;
        else decimals += 1;
      } else if (byte === this.groupByte && decimals < 0 && group >= 1 && group <= 3) group = 0;
      else if (byte === this.decimalByte && decimals < 0 && group === 3) decimals = 0;
      else return this.ofText(cellText(bytes, start, end));
    }
    // Without decimals the text decides whether the sign is one of thousands at all.
    if (decimals < 1 || mantissa >= 1e15 || decimals > 22) return this.ofText(cellText(bytes, start, end));
    this.sawDecimals = true;
    const value = mantissa / (POWERS_OF_TEN[decimals] ?? NaN);
    return sign === 0x2d ? -value : value;
  }

  /** As {@link read}, from text. */
  ofText(text: string): number {
    const { decimal } = this.style;
    const plain = decimal === '.' ? text : text.replace(',', '.');
    if (DECIMAL.test(plain) && (decimal === '.' || !text.includes('.'))) {
      if (plain.includes('.')) this.sawDecimals = true;
      return Number(plain);
    }
    if (INFINITE.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
    if (!/\d/.test(text)) return NaN;
    const bracketed = IN_BRACKETS.exec(text)?.[1];
    if (bracketed !== undefined) return -this.ofText(bracketed);
    const bare = text
      .replaceAll(ORNAMENTS, '$1')
      .replace(/^[\u2212\u2013](?=\d)/, '-')
      .replace(/^'(?=[-+.\d])/, '')
      .replace(/^(\d.*\d)\s?[-\u2212]$/, '-$1');
    if (bare !== text) return this.ofText(bare);
    const scaled = SCALED.exec(text);
    // Divided by a power of ten and multiplied again, 24.82M would come out as 24820000.000000004.
    if (scaled)
      return (
        Math.round(this.ofText(scaled[1] ?? '') * (SCALES[scaled[2]?.toLowerCase() ?? ''] ?? NaN) * 1e6) / 1e6
      );
    return this.ofGroups(text);
  }

  private ofGroups(text: string): number {
    const { decimal, thousands, settled } = this.style;
    const point = text.lastIndexOf(decimal);
    const whole = point < 0 ? text : text.slice(0, point);
    const groups = GROUPED.exec(whole);
    const sign = groups?.[1];
    if (sign === undefined || sign === decimal) return NaN;
    if (
      thousands !== null &&
      !(sign === thousands || (thousands === ' ' && /\s/.test(sign)) || (thousands === "'" && sign === '’'))
    )
      return NaN;
    const decimals = point < 0 ? '' : `.${text.slice(point + 1)}`;
    if (!/^\.?\d*$/.test(decimals)) return NaN;
    if (point >= 0) this.sawDecimals = true;
    else if (!settled && sign === ',' && whole.indexOf(',') === whole.lastIndexOf(',')) {
      if (this.undecided === 0) this.undecidedText = text;
      this.undecided += 1;
    }
    return Number(whole.replaceAll(sign, '') + decimals);
  }
}

/** What one text says about the signs: the decimal sign, or that it could be either. */
export type NumberEvidence = DecimalSign | 'either' | null;

/** What one number tells: `1,5` and `1.234,5` a decimal comma, `1,234.5` and `1.5` a point, `1,234` could be either. */
export function numberEvidence(text: string): NumberEvidence {
  const bare = text.replace(/(?<=\d)e[-+]?\d+$/i, '').replaceAll(/[^\d.,]/g, '');
  const [commas, points] = [bare.split(',').length - 1, bare.split('.').length - 1];
  if (commas === 0 && points === 0) return null;
  if (commas > 0 && points > 0) return bare.lastIndexOf(',') > bare.lastIndexOf('.') ? ',' : '.';
  if (commas > 1) return '.';
  if (points > 1) return ',';
  const [sign, other] = commas === 1 ? ([',', '.'] as const) : (['.', ','] as const);
  const [before = '', after = ''] = bare.split(sign);
  if (after.length === 3 && /^[1-9]\d{0,2}$/.test(before)) return 'either';
  return after === '' && before.length > 3 ? other : sign;
}

/** Whether a text is a number in some style: what {@link NumberReader} reads with one of the decimal signs. */
export const isNumberText = (text: string): boolean =>
  /\d/.test(text) && (Number.isFinite(ANY_POINT.ofText(text)) || Number.isFinite(ANY_COMMA.ofText(text)));

const ANY_POINT = new NumberReader({ decimal: '.', thousands: null, settled: true });
const ANY_COMMA = new NumberReader({ decimal: ',', thousands: null, settled: true });
