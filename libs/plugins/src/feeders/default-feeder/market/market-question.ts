import { DAY_MS, MINUTE_MS } from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';
import { INTERVAL_MS, isInterval } from '#libs/timeseries';
import { isDated, type MarketBar, type YahooInterval } from './exchange-days.js';

const PAIR = /^([A-Z]{3})[_/]?([A-Z]{3})$/;
const currencies = new Set(Intl.supportedValuesOf('currency'));

/** The service's name of a symbol: pairs of currencies (`EURUSD`, `EUR_USD`, `EUR/USD`) are `EURUSD=X` there. */
export function marketSymbol(symbol: string, map: Readonly<Record<string, string>>): string {
  if (Object.hasOwn(map, symbol)) return map[symbol] ?? symbol;
  const [, base = '', quote = ''] = PAIR.exec(symbol) ?? [];
  return currencies.has(base) && currencies.has(quote) ? `${base}${quote}=X` : symbol;
}

/** How a canonical bar length is asked for; bars of four hours are put together from those of one. */
export interface MarketInterval {
  readonly yahoo: YahooInterval;
  /** Length of the bars that are handed over. */
  readonly lengthMs: number;
  /** True when several of the service's bars make one. */
  readonly combined: boolean;
  /** Days of history that the service has; Infinity for all. */
  readonly historyDays: number;
}

/** Days back that the service answers for, a day less than its documented limits because it counts from its own now. */
const HISTORY_DAYS: Readonly<Partial<Record<YahooInterval, number>>> = {
  '1m': 7,
  '2m': 59,
  '5m': 59,
  '15m': 59,
  '30m': 59,
  '90m': 59,
  '1h': 729,
};

/** @throws PluginError `invalid_request` for a bar length that is none */
export function marketInterval(interval: string): MarketInterval {
  if (!isInterval(interval)) throw new PluginError('invalid_request', `there are no bars of ${interval}`);
  const yahoo = interval === '1w' ? '1wk' : interval === '4h' ? '1h' : interval;
  return {
    yahoo,
    lengthMs: INTERVAL_MS[interval],
    combined: interval === '4h',
    historyDays: HISTORY_DAYS[yahoo] ?? Infinity,
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
  wanted: { readonly from: number; readonly to: number },
  { historyDays, yahoo }: MarketInterval,
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
  if (to <= from) {
    const reach = historyDays === Infinity ? '' : ` of the last ${historyDays} days`;
    throw new PluginError('no_data', `Yahoo Finance has ${yahoo} bars${reach} up to now only`);
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
