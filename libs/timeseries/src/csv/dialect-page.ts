import { DIALECT_NAMES, type CsvDialect, type DialectName, DIALECTS } from './dialects.js';

/** A small file as its maker writes it. */
export interface DialectExample {
  /** Its name, where that says something; absent: any. */
  readonly file?: string;
  readonly text: string;
  /** The last bar: its beginning in UTC, and its close. */
  readonly last: string;
  /** What the settings of this maker do besides the zone, for people. */
  readonly besides?: string;
}

const lines = (...all: readonly string[]): string => `${all.join('\n')}\n`;

/** One for each maker that `csv_dialect` knows; the spec of this table loads every one. */
export const DIALECT_EXAMPLES: Readonly<Record<DialectName, DialectExample>> = {
  mt4: {
    text: lines('2024.02.06,20:00,1.1,1.2,1.0,1.11,5', '2024.02.06,21:00,1.1,1.2,1.0,1.12,5'),
    last: '2024-02-06T19:00:00Z 1.12',
    besides: 'no header, date and time in two columns',
  },
  mt5: {
    text: lines(
      '<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>',
      '2024.02.06\t20:00:00\t1.1\t1.2\t1.0\t1.11\t5\t0\t1',
      '2024.02.06\t21:00:00\t1.1\t1.2\t1.0\t1.12\t5\t0\t1',
    ),
    last: '2024-02-06T19:00:00Z 1.12',
    besides: 'tabs, date and time in two columns',
  },
  ctrader: {
    text: lines(
      'Time,Open,High,Low,Close',
      '06/02/2024 20:00,1.1,1.2,1.0,1.11',
      '06/02/2024 21:00,1.1,1.2,1.0,1.12',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'day first',
  },
  dukascopy: {
    text: lines(
      'Gmt time,Open,High,Low,Close,Volume',
      '06.02.2024 20:00:00.000,1.1,1.2,1.0,1.11,5',
      '06.02.2024 21:00:00.000,1.1,1.2,1.0,1.12,5',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'day first',
  },
  histdata: {
    text: lines('20240206 200000;1.1;1.2;1.0;1.11;0', '20240206 210000;1.1;1.2;1.0;1.12;0'),
    last: '2024-02-07T02:00:00Z 1.12',
    besides: 'no header, no summer time',
  },
  ninjatrader: {
    text: lines('20240206 200000;1.1;1.2;1.0;1.11;5', '20240206 210000;1.1;1.2;1.0;1.12;5'),
    last: '2024-02-06T20:00:00Z 1.12',
    besides: 'no header, times are the ends of bars; those of whole days the day itself',
  },
  tradestation: {
    text: lines(
      '"Date","Time","Open","High","Low","Close","Up","Down"',
      '02/06/2024,10:30,1.1,1.2,1.0,1.11,5,5',
      '02/06/2024,11:30,1.1,1.2,1.0,1.12,5,5',
    ),
    last: '2024-02-06T15:30:00Z 1.12',
    besides: 'month first, times are the ends of bars',
  },
  finam: {
    text: lines(
      '<TICKER>;<PER>;<DATE>;<TIME>;<OPEN>;<HIGH>;<LOW>;<CLOSE>;<VOL>',
      'SBER;60;20240206;200000;1.1;1.2;1.0;1.11;5',
      'SBER;60;20240206;210000;1.1;1.2;1.0;1.12;5',
    ),
    last: '2024-02-06T18:00:00Z 1.12',
    besides: 'day first where the year is last',
  },
  stooq: {
    text: lines(
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>,<OPENINT>',
      'EURUSD,60,20240206,200000,1.1,1.2,1.0,1.11,5,0',
      'EURUSD,60,20240206,210000,1.1,1.2,1.0,1.12,5,0',
    ),
    last: '2024-02-06T20:00:00Z 1.12',
  },
  binance: {
    text: lines(
      '1707249600000,1.1,1.2,1.0,1.11,5,1707253199999,5.5,3,2,2.2,0',
      '1707253200000,1.1,1.2,1.0,1.12,5,1707256799999,5.5,3,2,2.2,0',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'no header; milliseconds or microseconds',
  },
  kraken: {
    text: lines('1707249600,1.1,1.2,1.0,1.11,5.5,3', '1707253200,1.1,1.2,1.0,1.12,5.5,3'),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'no header',
  },
  bitstamp: {
    text: lines(
      'timestamp,open,high,low,close,volume',
      '1707249600,1.1,1.2,1.0,1.11,5',
      '1707253200,1.1,1.2,1.0,1.12,5',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
  },
  coinbase: {
    text: '[[1707253200,1.0,1.2,1.1,1.12,5],[1707249600,1.0,1.2,1.1,1.11,5]]\n',
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'lists of time, low, high, open, close, volume; the newest first',
  },
  coingecko: {
    text: lines(
      'snapped_at,price,market_cap,total_volume',
      '2024-02-05 00:00:00 UTC,1.11,5,5',
      '2024-02-06 00:00:00 UTC,1.12,5,5',
    ),
    last: '2024-02-06T00:00:00Z 1.12',
    besides: 'prices only',
  },
  cryptodatadownload: {
    text: lines(
      'https://www.CryptoDataDownload.com',
      'unix,date,symbol,open,high,low,close,Volume BTC,Volume USD',
      '1707253200,2024-02-06 21:00:00,BTC/USD,1.1,1.2,1.0,1.12,5,5',
      '1707249600,2024-02-06 20:00:00,BTC/USD,1.1,1.2,1.0,1.11,5,5',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'a link above the header; the newest first',
  },
  freqtrade: {
    text: '[[1707249600000,1.1,1.2,1.0,1.11,5],[1707253200000,1.1,1.2,1.0,1.12,5]]\n',
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'lists of time, open, high, low, close, volume',
  },
  ccxt: {
    text: lines('1707249600000,1.1,1.2,1.0,1.11,5', '1707253200000,1.1,1.2,1.0,1.12,5'),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'no header',
  },
  tradingview: {
    text: lines(
      'time,open,high,low,close,Plot,Plot',
      '2024-02-06T20:00:00+01:00,1.1,1.2,1.0,1.11,1,2',
      '2024-02-06T21:00:00+01:00,1.1,1.2,1.0,1.12,1,2',
    ),
    last: '2024-02-06T20:00:00Z 1.12',
    besides: 'a running week or month in a row of its own is merged',
  },
  yahoo: {
    text: lines(
      'Date,Open,High,Low,Close,Adj Close,Volume',
      '2024-02-05,1.1,1.2,1.0,1.11,1.09,5',
      '2024-02-06,1.1,1.2,1.0,1.12,1.10,5',
    ),
    last: '2024-02-06T00:00:00Z 1.12',
    besides: 'a running week or month in a row of its own is merged',
  },
  alphavantage: {
    text: lines(
      'timestamp,open,high,low,close,volume',
      '2024-02-06 16:00:00,1.1,1.2,1.0,1.12,5',
      '2024-02-06 15:00:00,1.1,1.2,1.0,1.11,5',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'the newest first',
  },
  investing: {
    text: lines(
      '"Date","Price","Open","High","Low","Vol.","Change %"',
      '"02/06/2024","1,112.5","1,110.0","1,120.0","1,100.0","24.82M","0.12%"',
      '"02/05/2024","1,111.5","1,110.0","1,120.0","1,100.0","24.82M","0.12%"',
    ),
    last: '2024-02-06T00:00:00Z 1112.5',
    besides: 'month first; the newest first',
  },
  nasdaq: {
    text: lines(
      'Date,Close/Last,Volume,Open,High,Low',
      '02/06/2024,$1.12,5,$1.1,$1.2,$1.0',
      '02/05/2024,$1.11,5,$1.1,$1.2,$1.0',
    ),
    last: '2024-02-06T00:00:00Z 1.12',
    besides: 'month first; the newest first',
  },
  barchart: {
    text: lines(
      'Time,Open,High,Low,Latest,Change,%Change,Volume',
      '02/06/2024 15:00,1.1,1.2,1.0,1.12,0.01,0.9%,5',
      '02/06/2024 14:00,1.1,1.2,1.0,1.11,0.01,0.9%,5',
      '"Downloaded from Barchart.com as of 02-06-2024 03:10pm CST"',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'month first; the newest first; a line of text below',
  },
  firstrate: {
    text: lines('2024-02-06 15:00:00,1.1,1.2,1.0,1.11,5', '2024-02-06 16:00:00,1.1,1.2,1.0,1.12,5'),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'no header',
  },
  polygon: {
    text: lines(
      'ticker,volume,open,close,high,low,window_start,transactions',
      'AAPL,5,1.1,1.11,1.2,1.0,1707249600000000000,3',
      'AAPL,5,1.1,1.12,1.2,1.0,1707253200000000000,3',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'nanoseconds',
  },
  ibkr: {
    text: lines(
      'date,open,high,low,close,volume,average,barCount',
      '20240206 15:00:00,1.1,1.2,1.0,1.11,5,1.1,3',
      '20240206 16:00:00,1.1,1.2,1.0,1.12,5,1.1,3',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
  },
  oanda: {
    text: lines(
      '{"instrument":"EUR_USD","granularity":"H1","candles":[',
      '{"complete":true,"volume":5,"time":"2024-02-06T20:00:00.000000000Z","mid":{"o":"1.1","h":"1.2","l":"1.0","c":"1.11"}},',
      '{"complete":true,"volume":5,"time":"2024-02-06T21:00:00.000000000Z","mid":{"o":"1.1","h":"1.2","l":"1.0","c":"1.12"}}]}',
    ),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: 'candles within candles',
  },
  lean: {
    file: '20240206_trade.csv',
    text: lines('54000000,11000,12000,10000,11100,5', '57600000,11000,12000,10000,11200,5'),
    last: '2024-02-06T21:00:00Z 1.12',
    besides: "whole numbers are ten-thousandths; milliseconds since midnight of the day in the file's name",
  },
};

const cell = (text: string): string => text.replaceAll('|', '\\|');

function rowOf(name: DialectName): string {
  const { maker, zone = 'UTC' }: CsvDialect = DIALECTS[name];
  return `| \`${name}\` | ${maker} | ${zone} | ${cell(DIALECT_EXAMPLES[name].besides ?? '')} |`;
}

function exampleOf(name: DialectName): string {
  const { file, text, last } = DIALECT_EXAMPLES[name];
  const [time = '', close = ''] = last.split(' ');
  return `# ${name}${file === undefined ? '' : ` (${file})`}: the last bar begins at ${time} and closes at ${close}\n${text}`;
}

/** The makers of `csv_dialect` as a table, and a file of each, in Markdown. */
export const dialectTable = (): string =>
  [
    '| `csv_dialect` | Maker | Zone | Besides |',
    '| --- | --- | --- | --- |',
    ...DIALECT_NAMES.map(rowOf),
    '',
    'A file of each, and what is right of it:',
    '',
    '```text',
    `${DIALECT_NAMES.map(exampleOf).join('\n').trimEnd()}`,
    '```',
  ].join('\n');
