import { DAY_MS, HOUR_MS, isRecord, WEEK_MS } from '#libs/kernel';
import type { Bar } from '#libs/plugin-sdk';
import { barsLater, INTERVAL_MS, Zone } from '#libs/timeseries';

/** Bar lengths that the service knows, by its names for them. */
export type YahooInterval =
  '1m' | '2m' | '5m' | '15m' | '30m' | '1h' | '90m' | '1d' | '5d' | '1wk' | '1mo' | '3mo';

/** Nominal length of a bar in ms. */
export const yahooIntervalMs = (interval: YahooInterval): number =>
  INTERVAL_MS[interval === '1wk' ? '1w' : interval];

/** When a bar with this label has ended. */
export const endOfBar = (time: number, interval: YahooInterval): number =>
  barsLater(time, interval === '1wk' ? '1w' : interval, 1);

/** A bar of the market; prices are NaN in a row for which the service has none. */
export interface MarketBar extends Bar {
  /** Moment at which its session began, epoch ms UTC. `time` is its label: of whole days midnight UTC of their date. */
  readonly openedAt: number;
}

/** Whether bars of this length are labelled by the exchange's date; shorter ones are labelled by their moment. */
export const isDated = (interval: YahooInterval): boolean => yahooIntervalMs(interval) >= DAY_MS;

/** Turns a moment (epoch ms UTC) into midnight UTC of the date that the exchange's calendar shows then. */
export type ExchangeDay = (moment: number) => number;

/**
 * Dates of an exchange, from what the service says of it. The name of its zone wins: `gmtoffset` is that of today, while
 * half of the bars lie in the other half of the year.
 */
export function exchangeDays(meta: unknown): ExchangeDay {
  const { exchangeTimezoneName: name, gmtoffset } = isRecord(meta) ? meta : {};
  const zone = typeof name === 'string' ? zoneNamed(name) : null;
  const dayOf = (local: number) => Math.floor(local / DAY_MS) * DAY_MS;
  if (zone !== null) return (moment) => dayOf(moment + zone.offsetAt(moment));
  const offset = typeof gmtoffset === 'number' ? gmtoffset * 1000 : 0;
  return (moment) => {
    const local = moment + offset;
    // 23:00 sharp by the winter's offset is a midnight of the summer: no session begins then.
    return dayOf(local - dayOf(local) === DAY_MS - HOUR_MS ? local + HOUR_MS : local);
  };
}

/** The name of the exchange's zone; null where the service tells none that this platform knows. */
export function exchangeZone(meta: unknown): string | null {
  const name = isRecord(meta) ? meta['exchangeTimezoneName'] : undefined;
  return typeof name === 'string' ? (zoneNamed(name)?.name ?? null) : null;
}

function zoneNamed(name: string): Zone | null {
  try {
    return new Zone(name);
  } catch (error) {
    // A name that this platform does not know: the offset that stands beside it is used.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/**
 * Ascending, one row for each bar. The service ends a list with the newest trade as a row of its own, at the moment of the
 * trade. Of whole days and longer bars that row is merged into the bar that it belongs to, as yfinance does
 * (`fix_Yahoo_returning_live_separate`), or becomes the bar that is not there yet. Of shorter bars it is left out when it
 * stands less than one bar behind the bar before, which carries the trade already.
 */
export function mergedBars(
  rows: readonly MarketBar[],
  interval: YahooInterval,
  dayOf: ExchangeDay,
): readonly MarketBar[] {
  const inOrder = rows.toSorted((left, right) => left.openedAt - right.openedAt);
  const single = inOrder.filter((row, index) => row.openedAt !== inOrder[index + 1]?.openedAt);
  if (!isDated(interval)) {
    const [last, before] = [single.at(-1), single.at(-2)];
    const isRepeated = last && before && last.time - before.time < yahooIntervalMs(interval);
    return isRepeated ? single.slice(0, -1) : single;
  }
  const bars: MarketBar[] = [];
  for (const [index, row] of single.entries()) {
    const before = bars.at(-1);
    const date = dayOf(row.openedAt);
    const isLast = index === single.length - 1;
    const time = before && isLast ? beginningOfBar(date, before.time, interval) : date;
    if (before?.time === time) bars[bars.length - 1] = merged(before, row, interval);
    else bars.push({ ...row, time });
  }
  return bars;
}

/** The date of the bar that a date belongs to, by the date of the bar before. */
function beginningOfBar(date: number, before: number, interval: YahooInterval): number {
  switch (interval) {
    case '5d':
      return date - before < yahooIntervalMs(interval) ? before : date;
    case '1wk':
      return before + Math.floor((date - before) / WEEK_MS) * WEEK_MS;
    case '1mo':
      return monthOf(before) === monthOf(date) ? before : monthOf(date);
    case '3mo': {
      let quarters = Math.floor((date - before) / LONGEST_QUARTER_MS);
      while (barsLater(before, interval, quarters + 1) <= date) quarters += 1;
      return barsLater(before, interval, quarters);
    }
    default:
      return date;
  }
}

const LONGEST_QUARTER_MS = 93 * DAY_MS;

const monthOf = (time: number): number => {
  const date = new Date(time);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth());
};

/** A day's last row repeats the day so far; the last row of a longer bar has the newest day, which the bar lacks. */
function merged(bar: MarketBar, row: MarketBar, interval: YahooInterval): MarketBar {
  const join = (left: number, right: number, how: (left: number, right: number) => number) =>
    Number.isNaN(left) ? right : Number.isNaN(right) ? left : how(left, right);
  return {
    time: bar.time,
    openedAt: bar.openedAt,
    open: join(bar.open, row.open, (first) => first),
    high: join(bar.high, row.high, Math.max),
    low: join(bar.low, row.low, Math.min),
    close: join(bar.close, row.close, (_, newest) => newest),
    volume: interval === '1d' ? Math.max(bar.volume, row.volume) : bar.volume + row.volume,
  };
}
