import { BINANCE_NAMES, OHLCV } from './column-roles.js';
import type { DateOrder } from '../times/cell-times.js';
import type { DecimalSign } from './numbers.js';

/** What is usual in the files of one maker; a setting of its own overrides each. */
export interface CsvDialect {
  /** Who writes such files, for people. */
  readonly maker: string;
  /** Zone of times without an offset; UTC when absent. */
  readonly zone?: string;
  /** How a date is read that could be read in two ways. */
  readonly order?: DateOrder;
  readonly decimal?: DecimalSign;
  /** Whether a bar's time is its beginning (default) or its end. */
  readonly barTime?: 'close';
  /** Names of the values behind the time, where the file has no header. */
  readonly names?: readonly string[];
  /** Prices in whole numbers are ten-thousandths. */
  readonly scaled?: true;
}

/** The makers that `csv_dialect` knows. Sources of zones and labels: docs/data.md. */
export const DIALECTS = {
  mt4: { maker: 'MetaTrader 4', zone: 'EET', order: 'ymd', names: OHLCV },
  mt5: { maker: 'MetaTrader 5', zone: 'EET', order: 'ymd', names: [...OHLCV, 'TICKVOL', 'SPREAD'] },
  ctrader: { maker: 'cTrader', order: 'dmy' },
  dukascopy: { maker: 'Dukascopy', order: 'dmy' },
  histdata: { maker: 'HistData.com', zone: 'EST', order: 'ymd', names: OHLCV },
  ninjatrader: { maker: 'NinjaTrader', order: 'ymd', barTime: 'close', names: OHLCV },
  tradestation: { maker: 'TradeStation', zone: 'America/New_York', order: 'mdy', barTime: 'close' },
  finam: { maker: 'Finam', zone: 'Europe/Moscow', order: 'dmy' },
  stooq: { maker: 'Stooq', zone: 'Europe/Warsaw', order: 'ymd' },
  binance: { maker: 'Binance', names: BINANCE_NAMES },
  kraken: { maker: 'Kraken', names: [...OHLCV, 'trades'] },
  bitstamp: { maker: 'Bitstamp' },
  coinbase: { maker: 'Coinbase', names: ['LOW', 'HIGH', 'OPEN', 'CLOSE', 'VOLUME'] },
  coingecko: { maker: 'CoinGecko' },
  cryptodatadownload: { maker: 'CryptoDataDownload' },
  freqtrade: { maker: 'freqtrade', names: OHLCV },
  ccxt: { maker: 'ccxt', names: OHLCV },
  tradingview: { maker: 'TradingView' },
  yahoo: { maker: 'Yahoo Finance', order: 'ymd' },
  alphavantage: { maker: 'Alpha Vantage', zone: 'America/New_York', order: 'ymd' },
  investing: { maker: 'Investing.com', order: 'mdy' },
  nasdaq: { maker: 'Nasdaq.com', zone: 'America/New_York', order: 'mdy' },
  barchart: { maker: 'Barchart', zone: 'America/Chicago', order: 'mdy' },
  firstrate: { maker: 'FirstRate Data', zone: 'America/New_York', order: 'ymd', names: OHLCV },
  polygon: { maker: 'Polygon.io' },
  ibkr: { maker: 'Interactive Brokers', zone: 'America/New_York', order: 'ymd' },
  oanda: { maker: 'OANDA' },
  lean: { maker: 'QuantConnect LEAN', zone: 'America/New_York', order: 'ymd', names: OHLCV, scaled: true },
} as const satisfies Readonly<Record<string, CsvDialect>>;

export type DialectName = keyof typeof DIALECTS;

/** The names that `csv_dialect` takes besides `auto`. */
export const DIALECT_NAMES = Object.keys(DIALECTS) as DialectName[];

interface Look {
  readonly header: readonly string[] | null;
  readonly separator: string;
  readonly preamble: readonly string[];
  /** The first cell of the first row with data. */
  readonly firstCell: string;
  readonly width: number;
}

/**
 * The maker whose files look so, and whether its zone is a fact. Brokers' clocks differ from each other, so the times of
 * MetaTrader's files stay as they are unless a setting says otherwise.
 */
export function recognised({
  header,
  separator,
  preamble,
  firstCell,
  width,
}: Look): { name: DialectName; zone: boolean } | null {
  const names = header?.map((name) => name.toLowerCase()) ?? [];
  const has = (...wanted: string[]): boolean => wanted.every((name) => names.includes(name));
  if (header === null) {
    if (/^\d{8} \d{6}$/.test(firstCell) && separator === ';') return { name: 'histdata', zone: true };
    if (/^\d{4}\.\d{2}\.\d{2}$/.test(firstCell)) return { name: 'mt4', zone: false };
    return /^\d{13}(\d{3})?$/.test(firstCell) && width === 12 ? { name: 'binance', zone: true } : null;
  }
  if (preamble.some((line) => /cryptodatadownload/i.test(line)))
    return { name: 'cryptodatadownload', zone: true };
  if (has('<ticker>', '<per>', '<date>', '<time>'))
    return { name: has('<openint>') ? 'stooq' : 'finam', zone: true };
  if (has('<date>', '<open>', '<close>') && names.some((name) => /<tickvol>|<spread>/.test(name)))
    return { name: 'mt5', zone: false };
  if (has('gmt time')) return { name: 'dukascopy', zone: true };
  if (has('snapped_at', 'price')) return { name: 'coingecko', zone: true };
  if (has('date', 'price', 'open', 'high', 'low') && names.some((name) => /^(vol\.|change %)$/.test(name)))
    return { name: 'investing', zone: false };
  if (
    has('open_time', 'close_time', 'taker_buy_base_asset_volume') ||
    has('open_time', 'close_time', 'quote_volume')
  )
    return { name: 'binance', zone: true };
  if (has('date', 'close/last')) return { name: 'nasdaq', zone: false };
  return has('date', 'open', 'high', 'low', 'close', 'adj close') ? { name: 'yahoo', zone: true } : null;
}
