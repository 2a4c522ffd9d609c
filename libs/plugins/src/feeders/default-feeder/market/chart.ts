import { DAY_MS } from '#libs/kernel';
import type { Bar } from '#libs/plugin-sdk';
import { INTERVAL_MS } from '#libs/timeseries';

/** Bar lengths that the service knows, by its names for them. */
export type YahooInterval =
  '1m' | '2m' | '5m' | '15m' | '30m' | '1h' | '90m' | '1d' | '5d' | '1wk' | '1mo' | '3mo';

/** Nominal length of a bar in ms. */
export const yahooIntervalMs = (interval: YahooInterval): number =>
  INTERVAL_MS[interval === '1wk' ? '1w' : interval];

/** A chart to ask for; moments in epoch ms UTC, both included. */
export interface ChartQuestion {
  readonly symbol: string;
  readonly interval: YahooInterval;
  readonly from: number;
  readonly to: number;
}

/**
 * What went wrong with one request to the chart service:
 * - `unknown`: it has no such symbol, or no bars of it
 * - `refused`: it does not answer the question as asked (400, 422)
 * - `busy`: it wants to be left alone (429, 401, 403)
 * - `down`: it failed, did not answer, or sent something that is no chart
 */
export type YahooFaultKind = 'unknown' | 'refused' | 'busy' | 'down';

/** One failed request. The message carries what the service said, shortened, and no address. */
export class YahooFault extends Error {
  constructor(
    readonly kind: YahooFaultKind,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = 'YahooFault';
  }
}

/** A checked answer of the chart service. */
export interface Chart {
  /** Ascending; bars without a trade are left out. */
  readonly bars: readonly Bar[];
  /** Length of the instrument's regular session in ms; a day when the service does not tell. */
  readonly sessionMs: number;
}

type Json = Readonly<Record<string, unknown>>;
const isRecord = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/**
 * Reads the service's answer: seconds, and for each of open, high, low, close and volume a list of the same length with
 * null where nothing was traded.
 * @throws YahooFault `down` for an answer in any other form
 */
export function chartOf(answer: unknown, interval: YahooInterval): Chart {
  if (!isRecord(answer) || !isRecord(answer['indicators'])) throw noChart('has no indicators');
  const sessionMs = sessionLength(answer['meta']);
  const times = answer['timestamp'];
  if (times === undefined) return { bars: [], sessionMs };
  const quotes = answer['indicators']['quote'];
  const quote: unknown = Array.isArray(quotes) ? quotes[0] : undefined;
  if (!Array.isArray(times) || !isRecord(quote)) throw noChart('has no quotes');
  const column = (name: string) => numbers(quote[name], name, times.length);
  const [open, high, low, close] = [column('open'), column('high'), column('low'), column('close')];
  const volume = quote['volume'] === undefined ? [] : column('volume');
  const seconds = numbers(times, 'timestamp', times.length);
  const bars = seconds.flatMap((second, row): Bar[] => {
    const [o, h, l, c] = [open[row], high[row], low[row], close[row]];
    if (second === null || o == null || h == null || l == null || c == null) return [];
    return [{ time: second * 1000, open: o, high: h, low: l, close: c, volume: volume[row] ?? 0 }];
  });
  return { bars: settled(bars, interval), sessionMs };
}

function numbers(values: unknown, name: string, length: number): readonly (number | null)[] {
  if (!Array.isArray(values) || values.length !== length) throw noChart(`has not one ${name} for each bar`);
  const list = values as unknown[];
  if (!list.every((value) => value === null || (typeof value === 'number' && Number.isFinite(value)))) {
    throw noChart(`has a ${name} that is no number`);
  }
  return list as (number | null)[];
}

const noChart = (what: string): YahooFault => new YahooFault('down', `its answer is not a chart: it ${what}`);

/**
 * Ascending, one bar for each moment. The service ends a list with the newest trade as a bar of its own, which stands less
 * than half a bar behind the one it belongs to; it is left out, the running bar carries it already.
 */
function settled(bars: readonly Bar[], interval: YahooInterval): readonly Bar[] {
  const inOrder = bars.toSorted((left, right) => left.time - right.time);
  const single = inOrder.filter((bar, row) => bar.time !== inOrder[row + 1]?.time);
  const [last, before] = [single.at(-1), single.at(-2)];
  const lengthMs = yahooIntervalMs(interval);
  return last && before && last.time - before.time < lengthMs / 2 ? single.slice(0, -1) : single;
}

function sessionLength(meta: unknown): number {
  const period = isRecord(meta) && isRecord(meta['currentTradingPeriod']) ? meta['currentTradingPeriod'] : {};
  const regular = period['regular'];
  if (!isRecord(regular)) return DAY_MS;
  const length = moment(regular['end']) - moment(regular['start']);
  return length > 0 && length < DAY_MS ? length : DAY_MS;
}

/** Epoch ms of the service's seconds, which the client library may have turned into a `Date`. */
const moment = (value: unknown): number =>
  value instanceof Date ? value.getTime() : typeof value === 'number' ? value * 1000 : NaN;
