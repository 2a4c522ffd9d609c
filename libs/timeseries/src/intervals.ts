import { DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS } from '#libs/kernel';

/** The canonical bar lengths with their nominal length in ms; a month counts 30 days. */
export const INTERVAL_MS = {
  '1m': MINUTE_MS,
  '2m': 2 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '90m': 90 * MINUTE_MS,
  '4h': 4 * HOUR_MS,
  '1d': DAY_MS,
  '5d': 5 * DAY_MS,
  '1w': WEEK_MS,
  '1mo': 30 * DAY_MS,
  '3mo': 90 * DAY_MS,
} as const;

/** A canonical bar length. */
export type Interval = keyof typeof INTERVAL_MS;

/** Spellings of bar lengths that clients use, and the canonical one. The order is that of the API's description. */
const CANONICAL: Readonly<Record<string, Interval>> = {
  '1m': '1m',
  '2m': '2m',
  '5m': '5m',
  '15m': '15m',
  '30m': '30m',
  '60m': '1h',
  '1h': '1h',
  '90m': '90m',
  '4h': '4h',
  '1d': '1d',
  '5d': '5d',
  '1w': '1w',
  '1wk': '1w',
  '1M': '1mo',
  '1mo': '1mo',
  '3mo': '3mo',
  // MetaTrader's names, which the original's users send.
  H1: '1h',
  H4: '4h',
  D1: '1d',
  M15: '15m',
  M30: '30m',
};

/** Every accepted spelling of a bar length. */
export const INTERVALS: readonly string[] = Object.keys(CANONICAL);

/** The canonical bar length; null for one that isn't known. */
export const canonicalInterval = (interval: string): Interval | null =>
  Object.hasOwn(CANONICAL, interval) ? (CANONICAL[interval] ?? null) : null;

/** Whether a text is a canonical bar length, as in `FetchRequest.interval`. */
export const isInterval = (text: string): text is Interval => Object.hasOwn(INTERVAL_MS, text);

/** Nominal length in ms of a canonical bar length; NaN for any other text. */
export const intervalMs = (interval: string): number => (isInterval(interval) ? INTERVAL_MS[interval] : NaN);

/** A canonical bar length, or one that is none of them in ms. */
export type BarLength = Interval | number;

/** The length of bars that lie so far apart: canonical within a tenth (months differ). */
export function barLength(stepMs: number): BarLength {
  const lengths = Object.keys(INTERVAL_MS).filter(isInterval);
  return lengths.find((one) => Math.abs(stepMs / INTERVAL_MS[one] - 1) <= 0.1) ?? stepMs;
}

/** Nominal length in ms. */
export const lengthMs = (length: BarLength): number =>
  typeof length === 'number' ? length : INTERVAL_MS[length];

/** When the bar begins that lies `bars` bars after one at `time` (epoch ms UTC). Months are those of the calendar. */
export function barsLater(time: number, interval: Interval, bars: number): number {
  if (interval === '1mo') return monthsLater(time, bars);
  return interval === '3mo' ? monthsLater(time, 3 * bars) : time + bars * INTERVAL_MS[interval];
}

/** The same day and time so many months later, or the month's last day where it has no such day; epoch ms UTC. */
export function monthsLater(time: number, months: number): number {
  const date = new Date(time);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const daysInMonth = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  return date.setUTCDate(Math.min(day, daysInMonth));
}
