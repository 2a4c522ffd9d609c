import { civilToEpoch, DAY_MS } from '#libs/kernel';
import { monthNamed, wholeYear } from './time-words.js';

/** How periods are written: quarters, weeks of ISO 8601 and months, each with what it is in the notation of `strptime`. */
const FORMS: readonly (readonly [form: RegExp, format: (...parts: string[]) => string])[] = [
  [/^\d{4}([-:/. ]?)Q[1-4]$/i, (sign) => `%Y${sign}Q%q`],
  [/^Q[1-4]([-:/. ]?)(\d{4})$/i, (sign) => `Q%q${sign}%Y`],
  [/^[1-4]Q([-:/. ]?)(\d{4})$/i, (sign) => `%qQ${sign}%Y`],
  [/^\d{4}([- ]?)W\d{2}$/i, (sign) => `%G${sign}W%V`],
  [/^\d{4}(-?)W\d{2}(-?)[1-7]$/i, (sign, before) => `%G${sign}W%V${before}%u`],
  [/^\d{4}([-: ]?)M\d{1,2}$/i, (sign) => `%Y${sign}M%m`],
  [/^\d{1,2}([-/])\d{4}$/, (sign) => `%m${sign}%Y`],
];

/** The format of a text that names a quarter, a week or a month and can be nothing else; null for others. */
export function periodFormat(text: string): string | null {
  for (const [form, format] of FORMS) {
    const match = form.exec(text);
    if (match !== null) return format(...match.slice(1));
  }
  return null;
}

const isAny = (): boolean => true;

/** Numbers and words that may be times among others, so that a setting must say it. */
const HINTS: readonly (readonly [
  form: RegExp,
  isOne: (value: number) => boolean,
  format: string,
  what: string,
])[] = [
  [/^\d{5}(?:\.\d+)?$/, (days) => days > 20_000 && days < 80_000, 'excel', 'days of a spreadsheet'],
  [/^\d{6}(?:\.\d+)?$/, (days) => days > 693_000 && days < 780_000, 'matlab', 'days of MATLAB (datenum)'],
  [/^\d{4}$/, (year) => year >= 1700 && year < 2200, '%Y', 'years'],
  [/^\d{6}$/, (one) => one % 100 >= 1 && one % 100 <= 12, '%Y%m', 'years and months'],
  [/^\d{7}$/, (one) => one % 1000 >= 1 && one % 1000 <= 366, '%Y%j', 'years and their days'],
  [/^\d{4}-\d{3}$/, isAny, '%Y-%j', 'years and their days'],
  [/^[A-Z]{3}-\d{2}$/i, isAny, '%b-%y', 'months and years'],
  [/^[A-Z]{3} \d{2}$/i, isAny, '%b %y', 'months and years'],
  [/^\d{2}-[A-Z]{3}$/i, isAny, '%y-%b', 'years and months'],
];

/** Counts of 100 ns that nanoseconds since 1970 could be, too: 1973 to 1975, and 1989 to 1991. */
const COUNTS = [
  {
    from: 1.1e17,
    to: 1.6e17,
    format: 'filetime or epoch_ns',
    what: 'counts of Windows (FILETIME) or nanoseconds',
  },
  { from: 6.2e17, to: 6.6e17, format: 'dotnet_ticks or epoch_ns', what: 'ticks of .NET or nanoseconds' },
] as const;

/** What these counts may be, where that is not certain; null otherwise. */
export const countHint = (counts: readonly number[]): (typeof COUNTS)[number] | null =>
  COUNTS.find(({ from, to }) => counts.every((count) => count > from && count < to)) ?? null;

/** What all of these texts may be: the `time_format` for it, and in words; null where nothing is known. */
export function timeHint(
  texts: readonly string[],
): { readonly format: string; readonly what: string } | null {
  if (texts.length === 0) return null;
  const hint = HINTS.find(([form, isOne]) => texts.every((text) => form.test(text) && isOne(Number(text))));
  if (hint !== undefined) return { format: hint[2], what: hint[3] };
  return texts.every((text) => /^\d{18}$/.test(text)) ? countHint(texts.map(Number)) : null;
}

/** Parts of a date by their directives of `strptime`; `q` is a quarter. */
type DateParts = Readonly<Partial<Record<'Y' | 'y' | 'm' | 'b' | 'd' | 'j' | 'q' | 'G' | 'V' | 'u', string>>>;

/** The day (epoch ms) that these parts name; of a year, quarter, month or week without a day its first. NaN where there is none. */
export function dayOfParts({ Y, y = '', m, b, d = '1', j, q, G, V, u = '1' }: DateParts): number {
  if (G !== undefined) return dayOfWeekYear(Number(G), Number(V), Number(u));
  const year = Y === undefined ? wholeYear(Number(y), 2) : Number(Y);
  if (j !== undefined) {
    const day = civilToEpoch(year, 1, 1) + (Number(j) - 1) * DAY_MS;
    return new Date(day).getUTCFullYear() === year ? day : NaN;
  }
  if (q !== undefined) return civilToEpoch(year, 3 * Number(q) - 2, Number(d));
  return civilToEpoch(year, b === undefined ? Number(m ?? 1) : monthNamed(b), Number(d));
}

/** ISO 8601: week 1 has the year's first Thursday, and weeks begin on Monday. */
function dayOfWeekYear(year: number, week: number, day: number): number {
  const fourth = civilToEpoch(year, 1, 4);
  const monday = fourth - ((new Date(fourth).getUTCDay() + 6) % 7) * DAY_MS + (week - 1) * 7 * DAY_MS;
  const isInYear = new Date(monday + 3 * DAY_MS).getUTCFullYear() === year;
  return week >= 1 && isInYear ? monday + (day - 1) * DAY_MS : NaN;
}
