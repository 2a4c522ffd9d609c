import { DAY_MS, MINUTE_MS } from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';
import { INTERVAL_MS, isInterval } from '#libs/timeseries';
import { isDated, type MarketBar, type YahooInterval } from './exchange-days.js';

/** How a canonical bar length is asked for; bars of four hours are put together from those of one. */
export interface MarketInterval {
  readonly yahoo: YahooInterval;
  /** Length of the bars that are handed over. */
  readonly lengthMs: number;
  /** True when several of the service's bars make one. */
  readonly combined: boolean;
  /** Days of history that the service has; Infinity for all. */
  readonly reachDays: number;
  /** Days of history that it is asked for: a day less, where it counts from its own now. */
  readonly historyDays: number;
}

/** Days back that the service answers for, as it documents them. */
const REACH_DAYS: Readonly<Partial<Record<YahooInterval, number>>> = {
  '1m': 7,
  '2m': 60,
  '5m': 60,
  '15m': 60,
  '30m': 60,
  '90m': 60,
  '1h': 730,
};
const REACHES = '1m: 7 days, 2m to 30m and 90m: 60, 1h and 4h: 730, 1d and longer: all';

/** @throws PluginError `invalid_request` for a bar length that is none */
export function marketInterval(interval: string): MarketInterval {
  if (!isInterval(interval)) throw new PluginError('invalid_request', `there are no bars of ${interval}`);
  const yahoo = interval === '1w' ? '1wk' : interval === '4h' ? '1h' : interval;
  const reachDays = REACH_DAYS[yahoo] ?? Infinity;
  return {
    yahoo,
    lengthMs: INTERVAL_MS[interval],
    combined: interval === '4h',
    reachDays,
    // Of one-minute bars it has eight days.
    historyDays: yahoo === '1m' ? reachDays : reachDays - 1,
  };
}

/** Share of the hours of a year in which a stock exchange trades, and of the days. FX trades longer, so more bars come. */
const TRADED_HOURS = 0.19;
const TRADED_DAYS = 0.67;

/** Milliseconds of history that hold this many bars even of an instrument that only trades in exchange hours. */
export function historyMs(bars: number, lengthMs: number): number {
  const share = lengthMs < DAY_MS ? TRADED_HOURS : lengthMs < 7 * DAY_MS ? TRADED_DAYS : 1;
  return (bars * lengthMs) / share;
}

/** Moments in epoch ms UTC that a question needs bars of; `around` is the one that it is about. */
export interface WantedRange {
  readonly from: number;
  readonly to: number;
  readonly around?: number;
}

export interface MarketRange {
  /** Epoch ms UTC, inclusive. On round moments, so that questions within a minute are the same question. */
  readonly from: number;
  readonly to: number;
  /** True when the service has no bars from the wanted beginning. */
  readonly cut: boolean;
}

/**
 * The range to ask the service for: at most up to now, not further back than it answers for.
 * @throws PluginError `no_data` when all of the wanted range is too old or in the future
 */
export function marketRange(
  wanted: WantedRange,
  { historyDays, reachDays, yahoo }: MarketInterval,
  now: number,
): MarketRange {
  const minute = Math.ceil(now / MINUTE_MS) * MINUTE_MS;
  const oldest =
    historyDays === Infinity ? -Infinity : Math.ceil(now / DAY_MS) * DAY_MS - historyDays * DAY_MS;
  // A date's session may begin the evening before (Sydney) and does begin after its midnight UTC (New York).
  const aside = isDated(yahoo) ? DAY_MS : 0;
  const day = Math.floor(wanted.from / DAY_MS) * DAY_MS - aside;
  const from = Math.max(day, oldest, 0);
  const to = Math.min(Math.ceil(wanted.to / 1000) * 1000 + aside, minute);
  if (to <= from || (wanted.around ?? Infinity) < oldest) {
    const reach =
      reachDays === Infinity
        ? ' up to now only'
        : ` of the last ${reachDays} days up to now only (${REACHES}); ask for longer bars or a later moment`;
    throw new PluginError('no_data', `Yahoo Finance has ${yahoo} bars${reach}`);
  }
  return { from, to, cut: day < oldest };
}

/** Bars put together to longer ones that begin at multiples of `lengthMs` since midnight UTC. */
export function combinedBars(bars: readonly MarketBar[], lengthMs: number): readonly MarketBar[] {
  const combined: MarketBar[] = [];
  for (const bar of bars) {
    const time = Math.floor(bar.time / lengthMs) * lengthMs;
    const last = combined.at(-1);
    if (last?.time !== time) {
      combined.push({ ...bar, time });
      continue;
    }
    combined[combined.length - 1] = {
      time,
      openedAt: last.openedAt,
      open: last.open,
      high: Math.max(last.high, bar.high),
      low: Math.min(last.low, bar.low),
      close: bar.close,
      volume: last.volume + bar.volume,
    };
  }
  return combined;
}
