import { civilToEpoch, HOUR_MS, MINUTE_MS, SECOND_MS } from '#libs/kernel';
import {
  clockOf,
  countedTime,
  dayFirstTime,
  isBetween,
  isDateOrder,
  isDateSign,
  isDigit,
  isInBrackets,
  isLetter,
  isOrdinal,
  isPointAtEnd,
  isSeparator,
  isWordByte,
  isWordStart,
  offsetAt,
  offsetMinutes,
  pair,
  plainTime,
  withPlainBlanks,
} from './plain-times.js';
import { monthNamed, wholeYear, zoneOfText } from './time-words.js';

/** In which order the parts of a date stand; `epoch_*` is a count since 1970, `excel` and `matlab` are days. */
export type DateOrder =
  | 'ymd'
  | 'dmy'
  | 'mdy'
  | 'epoch_s'
  | 'epoch_ms'
  | 'epoch_us'
  | 'epoch_ns'
  | 'excel'
  | 'matlab'
  | 'dotnet_ticks'
  | 'filetime';

/**
 * Reads times of one order of parts, whatever stands between them: `2024-01-30`, `30.01.2024 20:00:00.000`, `30-Jan-24`,
 * `20240130 200000`, `Jan 30, 2024 8:00 PM`, each with or without an offset. Hour 24 is midnight of the next day.
 */
export class CellTimes {
  /** Offset of the last time in minutes east of UTC; NaN where it had none. */
  offset = NaN;
  /** Zone behind the last time, such as `US/Eastern`; empty where there was none. */
  zone = '';
  /** The first two parts of the last date in their order; both 0 where the order can't be mistaken. */
  parts: [number, number] = [0, 0];
  private at = 0;
  private end = 0;
  private value = 0;

  constructor(readonly order: DateOrder) {}

  /** What the clock showed, as epoch ms as if it were UTC; NaN when the cell is no time. See {@link offset}. */
  read(bytes: Uint8Array, start: number, end: number): number {
    this.offset = NaN;
    if (this.zone !== '') this.zone = '';
    if (this.order === 'ymd' && end - start >= 10 && end - start <= 25) {
      const behind = offsetAt(bytes, end);
      const time = plainTime(bytes, start, behind);
      const offset = behind === end ? NaN : offsetMinutes(bytes, behind);
      if (!Number.isNaN(time) && (behind === end || Math.abs(offset) <= 1439)) {
        this.offset = offset;
        return time;
      }
    } else if (this.order === 'dmy' || this.order === 'mdy') {
      const time = dayFirstTime(bytes, start, end, this.order === 'mdy');
      if (!Number.isNaN(time)) {
        this.parts[0] = pair(bytes, start);
        this.parts[1] = pair(bytes, start + 3);
        return time;
      }
    }
    const plain = withPlainBlanks(bytes, start, end);
    if (plain !== null) return this.read(plain, 0, plain.length);
    this.at = start;
    this.end = end;
    while (this.end > this.at && bytes[this.end - 1] === 0x20) this.end -= 1;
    this.skip(bytes, 0x20);
    // A spreadsheet's sign that a cell is text.
    if (bytes[this.at] === 0x27) this.at += 1;
    if (!isDateOrder(this.order)) return countedTime(this.order, bytes, this.at, this.end);
    const day = this.date(bytes);
    if (Number.isNaN(day) || this.at === this.end) return day;
    const time = isInBrackets(bytes, this.at, this.end) ? 0 : this.clock(bytes);
    if (isInBrackets(bytes, this.at, this.end)) return day + time;
    this.zoneBehind(bytes);
    return this.at === this.end ? day + time : NaN;
  }

  /** The time of day in ms; at most six digits without colons are padded with zeros in front to `digits`. */
  readClock(bytes: Uint8Array, start: number, end: number, digits: number): number {
    this.offset = NaN;
    if (
      bytes[start + 2] === 0x3a &&
      (end - start === 5 || (end - start === 8 && bytes[start + 5] === 0x3a))
    ) {
      const [hour, minute, second] = [
        pair(bytes, start),
        pair(bytes, start + 3),
        end - start === 8 ? pair(bytes, start + 6) : 0,
      ];
      if (hour < 24 && minute < 60 && second < 60)
        return hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS;
    }
    this.at = start;
    this.end = end;
    this.skip(bytes, 0x20);
    const from = this.at;
    const length = this.number(bytes, 6);
    if (length > 0 && this.at === end && digits > 2) return clockOf(this.value, digits > 4 ? 6 : 4);
    this.at = from;
    const time = this.clock(bytes);
    this.zoneBehind(bytes);
    return this.at === this.end ? time : NaN;
  }

  private date(bytes: Uint8Array): number {
    this.parts[0] = 0;
    this.parts[1] = 0;
    if (isWordStart(bytes[this.at]) && this.month(bytes) === 0) this.skipWeekday(bytes);
    const first = this.part(bytes);
    const firstDigits = this.length;
    if (firstDigits === 8 || firstDigits === 12 || firstDigits === 14)
      return this.compact(first, firstDigits);
    const named = this.named;
    this.separator(bytes);
    const second = this.part(bytes);
    const secondDigits = this.length;
    const anyName = named || this.named;
    // `Jan 2024`
    if (named && secondDigits === 4 && this.at === this.end) return civilToEpoch(second, first, 1);
    if (secondDigits === 0) return NaN;
    // A month without a day; a price such as 1850.10 is none.
    if (this.at === this.end && firstDigits === 4)
      return bytes[this.at - secondDigits - 1] === 0x2e ? NaN : civilToEpoch(first, second, 1);
    this.separator(bytes);
    const third = this.part(bytes);
    if (this.length === 0) return NaN;
    if (isDateSign(bytes, this.at)) this.at += 3;
    // `2024. 1. 30.` (Hungary, Korea)
    else if (isPointAtEnd(bytes, this.at, this.end)) this.at += 1;
    if (firstDigits === 4) return civilToEpoch(first, second, third);
    const year = wholeYear(third, this.length);
    if (named) return civilToEpoch(year, first, second);
    // `24-Jan-30`: either may be the year.
    if (anyName && this.length > 2) return civilToEpoch(year, second, first);
    if (secondDigits > 2 || this.length === 3) return NaN;
    this.parts[0] = first;
    this.parts[1] = anyName ? third : second;
    if (anyName && this.order !== 'ymd') return civilToEpoch(year, second, first);
    if (this.order === 'ymd') return civilToEpoch(wholeYear(first, firstDigits), second, third);
    return this.order === 'dmy' ? civilToEpoch(year, second, first) : civilToEpoch(year, first, second);
  }

  private length = 0;
  private named = false;

  /** A number, or a month by its name; its digits in {@link length}. */
  private part(bytes: Uint8Array): number {
    this.named = isWordStart(bytes[this.at]);
    if (!this.named) {
      this.length = this.number(bytes, 14);
      if (this.length < 3 && isOrdinal(bytes, this.at)) this.at += 2;
      return this.value;
    }
    const month = this.month(bytes);
    this.length = month === 0 ? 0 : 2;
    if (month > 0) this.skipLetters(bytes);
    return month;
  }

  private compact(value: number, digits: number): number {
    const date = digits === 8 ? value : Math.floor(value / (digits === 12 ? 1e4 : 1e6));
    const day = civilToEpoch(Math.floor(date / 10_000), Math.floor(date / 100) % 100, date % 100);
    return digits === 8 ? day : day + clockOf(value - date * (digits === 12 ? 1e4 : 1e6), digits - 8);
  }

  /** The time of day behind a date, in ms. */
  private clock(bytes: Uint8Array): number {
    const from = this.at;
    while (this.at < this.end && isBetween(bytes[this.at])) this.at += 1;
    const digits = this.number(bytes, 9);
    if (digits === 0) {
      this.at = from;
      return 0;
    }
    const hour = this.value;
    if (digits >= 4) {
      const time = clockOf(digits > 6 ? Math.floor(hour / 10 ** (digits - 6)) : hour, digits > 4 ? 6 : 4);
      return (
        time + (digits > 6 ? ((hour % 10 ** (digits - 6)) * 1000) / 10 ** (digits - 6) : this.fraction(bytes))
      );
    }
    // `09-PM`, as CryptoDataDownload had it
    if (bytes[this.at] === 0x2d && isLetter(bytes[this.at + 1])) this.at += 1;
    if (!this.isClockSign(bytes)) return this.halfDay(bytes, hour, 0);
    const sign = bytes[this.at];
    this.at += 1;
    if (this.number(bytes, 2) !== 2 || this.value > 59) return NaN;
    let rest = this.value * MINUTE_MS;
    if (bytes[this.at] === sign && this.at < this.end) {
      this.at += 1;
      if (this.number(bytes, 2) !== 2 || this.value > 59) return NaN;
      rest += this.value * SECOND_MS + this.fraction(bytes);
    }
    return this.halfDay(bytes, hour, rest);
  }

  /** `20:15`, `20.15`, `20h15` */
  private isClockSign(bytes: Uint8Array): boolean {
    const sign = bytes[this.at];
    return sign === 0x3a || ((sign === 0x2e || sign === 0x68) && isDigit(bytes[this.at + 1]));
  }

  private fraction(bytes: Uint8Array): number {
    const mark = bytes[this.at];
    // NinjaTrader writes the 100 ns of a tick behind a blank.
    const isMark =
      mark === 0x2e || mark === 0x2c || mark === 0x3a || (mark === 0x20 && this.end - this.at === 8);
    if (this.at >= this.end || !isMark || !isDigit(bytes[this.at + 1])) return 0;
    this.at += 1;
    const digits = this.number(bytes, 9);
    return (this.value * 1000) / 10 ** digits;
  }

  /** Hours of a day in ms, `am` and `pm` minded; 24:00 is the day's end. */
  private halfDay(bytes: Uint8Array, hour: number, rest: number): number {
    const from = this.at;
    this.skip(bytes, 0x20);
    const letter = (bytes[this.at] ?? 0) | 0x20;
    const dots = bytes[this.at + 1] === 0x2e ? 1 : 0;
    if (
      ((bytes[this.at + 1 + dots] ?? 0) | 0x20) === 0x6d &&
      (letter === 0x61 || letter === 0x70) &&
      this.at + 1 + dots < this.end &&
      !isLetter(bytes[this.at + 2 + dots])
    ) {
      this.at += 2 + dots;
      if (bytes[this.at] === 0x2e && this.at < this.end) this.at += 1;
      if (hour < 1 || hour > 12) return NaN;
      return ((hour % 12) + (letter === 0x70 ? 12 : 0)) * HOUR_MS + rest;
    }
    this.at = from;
    return hour < 24 || (hour === 24 && rest === 0) ? hour * HOUR_MS + rest : NaN;
  }

  /** What stands behind the time: an offset, an abbreviation, or the name of a zone. */
  private zoneBehind(bytes: Uint8Array): void {
    this.skip(bytes, 0x20);
    if (this.at >= this.end) return;
    const text = String.fromCharCode(...bytes.subarray(this.at, Math.min(this.end, this.at + 40)));
    const found = zoneOfText(text);
    if (found === null) return;
    if (typeof found === 'string') this.zone = found;
    else this.offset = found;
    this.at = this.end;
  }

  /** Reads up to `most` digits into {@link value}; how many there were. */
  private number(bytes: Uint8Array, most: number): number {
    const from = this.at;
    let value = 0;
    while (this.at < this.end && this.at - from < most && isDigit(bytes[this.at])) {
      value = value * 10 + (bytes[this.at] ?? 0) - 0x30;
      this.at += 1;
    }
    this.value = value;
    return this.at - from;
  }

  private month(bytes: Uint8Array): number {
    let end = this.at;
    while (end < Math.min(this.end, this.at + 12) && isWordByte(bytes[end])) end += 1;
    return monthNamed(Buffer.from(bytes.subarray(this.at, end)).toString('utf8'));
  }

  private separator(bytes: Uint8Array): void {
    // 2024年01月31日
    if (isDateSign(bytes, this.at)) this.at += 3;
    else while (this.at < this.end && isSeparator(bytes[this.at])) this.at += 1;
  }

  private skip(bytes: Uint8Array, byte: number): void {
    while (this.at < this.end && bytes[this.at] === byte) this.at += 1;
  }

  private skipLetters(bytes: Uint8Array): void {
    while (this.at < this.end && isWordByte(bytes[this.at])) this.at += 1;
  }

  private skipWeekday(bytes: Uint8Array): void {
    this.skipLetters(bytes);
    while (this.at < this.end && (bytes[this.at] === 0x2c || bytes[this.at] === 0x20)) this.at += 1;
  }
}
