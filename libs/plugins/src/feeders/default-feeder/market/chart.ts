import { DAY_MS, isRecord } from '#libs/kernel';
import { canonicalInterval, formatIso } from '#libs/timeseries';
import {
  exchangeDays,
  exchangeZone,
  isDated,
  type MarketBar,
  mergedBars,
  type YahooInterval,
} from './exchange-days.js';

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
  readonly bars: readonly MarketBar[];
  /** Length of the instrument's regular session in ms; a day when the service does not tell. */
  readonly sessionMs: number;
  /** Zone of the exchange's clock for bars that are labelled by their moment; null for dates, and where it is not told. */
  readonly zone: string | null;
  /** What a reader should know of it, as in `Feeder.notes`. */
  readonly notes: readonly string[];
}

/**
 * Reads the service's answer: seconds, and for each of open, high, low, close and volume a list of the same length with
 * null where nothing was traded.
 * @param adjusted whether prices of whole days are multiplied so that their close is the adjusted one
 * @throws YahooFault `down` for an answer in any other form, `refused` for bars of another length
 */
export function chartOf(answer: unknown, { symbol, interval }: ChartQuestion, adjusted: boolean): Chart {
  if (!isRecord(answer) || !isRecord(answer['indicators'])) throw noChart('has no indicators');
  const { meta, timestamp: times } = answer;
  checkGranularity(meta, interval);
  const sessionMs = sessionLength(meta);
  const zone = isDated(interval) ? null : exchangeZone(meta);
  if (times === undefined) return { bars: [], sessionMs, zone, notes: [] };
  const quotes = answer['indicators']['quote'];
  const quote: unknown = Array.isArray(quotes) ? quotes[0] : undefined;
  if (!Array.isArray(times) || !isRecord(quote)) throw noChart('has no quotes');
  const read = rowsOf(times, quote);
  const fair = adjusted && isDated(interval) ? adjustedRows(read, answer['indicators']['adjclose']) : read;
  const rows = mergedBars(fair, interval, exchangeDays(meta));
  const bars = rows.filter(({ open, high, low, close }) => !Number.isNaN(open + high + low + close));
  const last = rows.at(-1);
  const isWhole = last === undefined || last === bars.at(-1);
  return { bars, sessionMs, zone, notes: isWhole ? [] : [noClose(symbol, last.time, interval)] };
}

/**
 * Each price times adjusted close / close, as yfinance's `auto_adjust` does; volume stays. An answer without adjusted closes
 * has nothing to adjust; in the newest row, which nothing follows, one may be missing.
 */
function adjustedRows(rows: readonly MarketBar[], lists: unknown): readonly MarketBar[] {
  const list: unknown = Array.isArray(lists) ? lists[0] : undefined;
  if (!isRecord(list) || list['adjclose'] === undefined) return rows;
  const closes = numbers(list['adjclose'], 'adjclose', rows.length);
  return rows.map((row, index) => {
    const close = closes[index] ?? (index === rows.length - 1 ? row.close : NaN);
    const factor = close === row.close ? 1 : close / row.close;
    return {
      ...row,
      open: row.open * factor,
      high: row.high * factor,
      low: row.low * factor,
      close,
    };
  });
}

function rowsOf(times: readonly unknown[], quote: Readonly<Record<string, unknown>>): readonly MarketBar[] {
  const column = (name: string) => numbers(quote[name], name, times.length);
  const [open, high, low, close] = [column('open'), column('high'), column('low'), column('close')];
  const volume = quote['volume'] === undefined ? [] : column('volume');
  return numbers(times, 'timestamp', times.length).flatMap((second, row): MarketBar[] => {
    if (second === null) return [];
    const price = (values: readonly (number | null)[]) => values[row] ?? NaN;
    const time = second * 1000;
    return [
      {
        time,
        openedAt: time,
        open: price(open),
        high: price(high),
        low: price(low),
        close: price(close),
        volume: volume[row] ?? 0,
      },
    ];
  });
}

const noClose = (symbol: string, time: number, interval: YahooInterval): string =>
  `no_close: ${symbol}: the newest bar, ${isDated(interval) ? formatIso(time).slice(0, 10) : formatIso(time)}, has no close yet and was left out`;

/** Hours that are in truth days would be forecast as hours. */
function checkGranularity(meta: unknown, interval: YahooInterval): void {
  const sent = isRecord(meta) ? meta['dataGranularity'] : undefined;
  if (typeof sent !== 'string' || canonicalInterval(sent) === canonicalInterval(interval)) return;
  throw new YahooFault('refused', `it has bars of ${sent.slice(0, 8)} and none of ${interval}`);
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
