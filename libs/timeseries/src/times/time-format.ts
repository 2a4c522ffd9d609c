import { civilToEpoch, DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '#libs/kernel';
import { CellTimes, type DateOrder } from './cell-times.js';
import { epochTime } from './plain-times.js';
import { dayOfParts } from './period-forms.js';

/** What reads the times of a column; {@link CellTimes} where it can, a pattern for forms of their own. */
export type TimeReader = Pick<CellTimes, 'read' | 'offset' | 'zone' | 'parts' | 'order'>;

const COUNTS: readonly DateOrder[] = [
  'epoch_s',
  'epoch_ms',
  'epoch_us',
  'epoch_ns',
  'excel',
  'matlab',
  'dotnet_ticks',
  'filetime',
];
const PATTERNS: Readonly<Record<string, string>> = {
  Y: '(?<Y>\\d{4})',
  y: '(?<y>\\d{2})',
  m: '(?<m>\\d{1,2})',
  d: '(?<d>\\d{1,2})',
  j: '(?<j>\\d{1,3})',
  q: '(?<q>[1-4])',
  G: '(?<G>\\d{4})',
  V: '(?<V>\\d{1,2})',
  u: '(?<u>[1-7])',
  H: '(?<H>\\d{1,2})',
  I: '(?<I>\\d{1,2})',
  M: '(?<M>\\d{1,2})',
  S: '(?<S>\\d{1,2})',
  f: '(?<f>\\d{1,9})',
  p: '(?<p>[AaPp])\\.?[Mm]\\.?',
  b: '(?<b>\\p{L}{3,9})\\.?',
  B: '(?<b>\\p{L}{3,9})',
  z: '(?<z>Z|[+-]\\d{2}:?\\d{2})',
  Z: '[A-Za-z]+',
  a: '[A-Za-z]+',
  A: '[A-Za-z]+',
  '%': '%',
};

/** What `time_format` may be, for messages. */
export const TIME_FORMATS =
  'a format such as %Y-%m-%d %H:%M:%S (%Y %y %m %d %b %B %j %q %G %V %u %H %I %p %M %S %f %z %Z %a %A), or epoch_s, epoch_ms, epoch_us, epoch_ns, excel (days of a spreadsheet), matlab (datenum), dotnet_ticks or filetime';

/**
 * The reader of a configured format in the notation of `strptime`, one of `epoch_s|ms|us|ns`, `excel` or `matlab`.
 * Besides: `%q` is a quarter, and a year alone or a week (`%G`, `%V`) is its beginning.
 * @throws RangeError for any other text
 */
export function timeReader(format: string): TimeReader {
  const epoch = COUNTS.find((order) => order === format);
  if (epoch !== undefined) return new CellTimes(epoch);
  const used = [...format.matchAll(/%(.)?/g)].map(([, directive = '']) => directive);
  const wrong = used.find((directive) => PATTERNS[directive] === undefined);
  if (wrong !== undefined) throw new RangeError(`%${wrong} is not known`);
  const has = (...directives: string[]): boolean => directives.some((one) => used.includes(one));
  const isYear = used.length === 1 && has('Y');
  const isWeek = has('G') && has('V');
  if (!isWeek && !isYear && !(has('Y', 'y') && has('m', 'b', 'B', 'j', 'q')))
    throw new RangeError('a year and a month (or %q, %j, or %G and %V) are needed');
  const order = orderOf(used);
  const common = new CellTimes(order);
  const sample = Buffer.from(sampleOf(format));
  const isOwn = isYear || has('j', 'q', 'G', 'V', 'u');
  return !isOwn && common.read(sample, 0, sample.length) === expectedOf(used)
    ? common
    : new PatternTimes(format, order);
}

function orderOf(used: readonly string[]): DateOrder {
  const at = (...directives: string[]): number => used.findIndex((one) => directives.includes(one));
  if (at('Y', 'y') < Math.max(at('d'), at('m', 'b', 'B'))) return 'ymd';
  return at('d') < at('m', 'b', 'B') ? 'dmy' : 'mdy';
}

const SAMPLE: Readonly<Record<string, string>> = {
  Y: '2031',
  y: '31',
  m: '02',
  d: '03',
  H: '16',
  I: '04',
  M: '05',
  S: '06',
  f: '500',
  p: 'PM',
  b: 'Feb',
  B: 'February',
  z: '+00:00',
  Z: 'UTC',
  a: 'Mon',
  A: 'Monday',
  '%': '%',
};
const sampleOf = (format: string): string =>
  format.replaceAll(/%(.)/g, (_, directive: string) => SAMPLE[directive] ?? '');

function expectedOf(used: readonly string[]): number {
  const value = (directive: string, unit: number): number =>
    used.includes(directive) ? Number(SAMPLE[directive]) * unit : 0;
  const hours = used.includes('I')
    ? value('I', HOUR_MS) + (used.includes('p') ? 12 * HOUR_MS : 0)
    : value('H', HOUR_MS);
  return (
    civilToEpoch(2031, 2, used.includes('d') ? 3 : 1) +
    hours +
    value('M', MINUTE_MS) +
    value('S', SECOND_MS) +
    value('f', 1)
  );
}

/** Reads whole milliseconds since midnight of one day, as in the files of LEAN; other cells as {@link CellTimes} does. */
export class DayTimes extends CellTimes {
  /** @param day midnight, epoch ms UTC */
  constructor(private readonly day: number) {
    super('ymd');
  }

  override read(bytes: Uint8Array, start: number, end: number): number {
    const time = end - start > 8 ? NaN : epochTime(bytes, start, end, 1);
    if (!(time >= 0 && time < DAY_MS)) return super.read(bytes, start, end);
    this.offset = NaN;
    this.parts = [0, 0];
    return this.day + time;
  }
}

/** The day (epoch ms UTC) that a file is named after, such as `20131007_trade.zip`; NaN where its name has none. */
export function dayInName(file: string): number {
  const [, year, month, day] = /(?:^|\D)(\d{4})(\d{2})(\d{2})(?:\D|$)/.exec(file) ?? [];
  return year === undefined ? NaN : civilToEpoch(Number(year), Number(month), Number(day));
}

/** Reads times by a regular expression: slower, for forms such as `%H:%M %d.%m.%Y`. */
class PatternTimes implements TimeReader {
  offset = NaN;
  zone = '';
  parts: [number, number] = [0, 0];
  private readonly pattern: RegExp;

  constructor(
    format: string,
    readonly order: DateOrder,
  ) {
    const seen = new Set<string>();
    const source = format.replaceAll(/%(.)|[^%]/g, (text, directive?: string) => {
      if (directive === undefined) return text === ' ' ? '\\s+' : text.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
      if (seen.has(directive)) throw new RangeError(`%${directive} stands twice`);
      seen.add(directive);
      return PATTERNS[directive] ?? '';
    });
    this.pattern = new RegExp(`^\\s*${source}\\s*$`, 'iu');
  }

  read(bytes: Uint8Array, start: number, end: number): number {
    this.offset = NaN;
    const parts = this.pattern.exec(
      Buffer.from(bytes.subarray(start, Math.min(end, start + 80))).toString('utf8'),
    )?.groups;
    if (parts === undefined) return NaN;
    const { H = '0', I, M = '0', S = '0', f = '', p = '', z } = parts;
    const hour = I === undefined ? Number(H) : (Number(I) % 12) + (/p/i.test(p) ? 12 : 0);
    if (z !== undefined)
      this.offset = z === 'Z' ? 0 : Number(`${z[0]}1`) * (Number(z.slice(1, 3)) * 60 + Number(z.slice(-2)));
    const [minute, second] = [Number(M), Number(S)];
    const isEnd = hour === 24 && minute === 0 && second === 0;
    if ((hour > 23 && !isEnd) || minute > 59 || second > 59) return NaN;
    const decimals = f === '' ? 0 : (Number(f) * 1000) / 10 ** f.length;
    return dayOfParts(parts) + hour * HOUR_MS + minute * MINUTE_MS + second * SECOND_MS + decimals;
  }
}

/** The format of a text that {@link CellTimes} reads in this order, in the notation of `strptime`, for people. */
export function formatOf(text: string, order: DateOrder): string {
  if (COUNTS.includes(order)) return order;
  const compact = /^(\d{8})(\d{4})?(\d{2})?(?!\d)/.exec(text);
  const date = compact
    ? `%Y%m%d${compact[2] === undefined ? '' : '%H%M'}${compact[3] === undefined ? '' : '%S'}`
    : '';
  const rest = compact ? text.slice(compact[0].length) : text;
  const names = compact ? [] : dateParts(rest, order);
  const clock = compact?.[2] === undefined ? ['%H', '%M', '%S', '%f'] : ['%f'];
  let inClock = compact !== null;
  const shape = rest.replaceAll(
    /\s*(?:[A-Z][a-z]*\/[A-Za-z_/]+|(?:UTC|GMT|[A-Z]{3,4})?(?<=\d:?\d{2}[^-]*)[+-]\d{2}:?\d{2}$|(?<=\d)Z$|\b[A-Z]{3,4}$)|[A-Za-z]+|\d+/g,
    (run) => {
      if (/\//.test(run)) return ' %Z';
      if (/[+-]\d|^\s*(?:Z|UTC|GMT|[A-Z]{3,4})$/.test(run) && inClock)
        return run.startsWith(' ') ? ' %z' : '%z';
      if (/^[ap]m?$/i.test(run)) return clock[0] === '%H' ? run : '%p';
      if (run === 'T') return run;
      if (/^[A-Za-z]/.test(run) && names[0] !== '%b') return '%a';
      if (names.length > 0) return names.shift() ?? '';
      inClock = true;
      if (run.length >= 4) return run.length > 4 ? '%H%M%S' : '%H%M';
      return clock.shift() ?? run;
    },
  );
  return /%p/.test(shape) ? `${date}${shape}`.replace('%H', '%I') : `${date}${shape}`;
}

/** The directives of a date's three parts, in the order in which they stand in the text. */
function dateParts(text: string, order: DateOrder): string[] {
  const year = /^\D*\d{4}/.test(text) || /\d{4}/.test(text) ? '%Y' : '%y';
  const month =
    /^[^\d]*\d+[^\d:]*[A-Za-z]{3}/.test(text) ||
    /^(?:[a-z]{3,9},? )?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i.test(text)
      ? '%b'
      : '%m';
  if (/^\d{4}[-/]\d{2}$/.test(text)) return ['%Y', '%m'];
  if (/^[A-Za-z]{3,9}[ -]\d{4}$/.test(text)) return ['%b', '%Y'];
  if (/^\D*\d{4}/.test(text) && !/^(?:[a-z]{3,9})/i.test(text)) return [year, month, '%d'];
  if (month === '%b')
    return /^\D*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)/i.test(text)
      ? ['%b', '%d', year]
      : order === 'ymd' && year === '%y'
        ? [year, '%b', '%d']
        : ['%d', '%b', year];
  if (order === 'ymd') return [year, '%m', '%d'];
  return order === 'dmy' ? ['%d', '%m', year] : ['%m', '%d', year];
}
