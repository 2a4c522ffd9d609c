import { describe, it } from '@jest/globals';
import { csvFiles } from './csv-files.js';
import { day, dotted, expectLast, hourly, hours, reversed, type Right } from './last-bar.js';

const { write } = csvFiles();

describe('the last bar is right in a file', () => {
  it.each<[string, string, string, Right]>([
    [
      'of MetaTrader 5',
      `<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\t\r\n${hourly((d, t, p) => `${dotted(d)}\t${t}\t${p.join('\t')}\t100\t0\t5\r`)}`,
      '<DATE>',
      hours,
    ],
    [
      'of MetaTrader 4, without a header',
      hourly((d, t, p) => `${dotted(d)},${t.slice(0, 5)},${p.join(',')},100`),
      'DATE_TIME',
      hours,
    ],
    [
      'with date and time apart',
      `Date,Time,Open,High,Low,Close,Volume\n${hourly((d, t, p) => `${d},${t},${p.join(',')},100`)}`,
      'Date',
      hours,
    ],
    [
      'with date and time apart, the latter named',
      `Date,Time,Open,High,Low,Close\n${hourly((d, t, p) => `${d},${t},${p.join(',')}`)}`,
      'Time',
      hours,
    ],
    [
      'with times of day that lost their zeros',
      'Date,Time,Close\n20240130,0,1\n20240130,93000,2\n20240130,100000,3',
      'Date',
      { time: '2024-01-30T10:00:00Z', close: 3 },
    ],
    [
      'of Dukascopy',
      `Gmt time,Open,High,Low,Close\n${hourly((d, t, p) => `${reversed(d, '.')} ${t}.000,${p.join(',')}`)}`,
      'Gmt time',
      hours,
    ],
    [
      'of Dukascopy in local time',
      `Local time,Close\n${hourly((d, t, p) => `${reversed(d, '.')} ${t}.000 GMT+0200,${p[3]}`)}`,
      'Local time',
      { time: '2024-01-03T03:00:00Z', close: 1.1092 },
    ],
    [
      'of HistData, in New York without summer time',
      hourly((d, t, p) => `${d.replaceAll('-', '')} ${t.replaceAll(':', '')};${p.join(';')};0`),
      'DATE_TIME',
      { time: '2024-01-03T10:00:00Z', close: 1.1092 },
    ],
    [
      'of Binance, in milliseconds',
      hourly(
        (d, t, p) =>
          `${Date.parse(`${d}T${t}Z`)},${p.join(',')},10,${Date.parse(`${d}T${t}Z`) + 3_599_999},1,1,1,1,0`,
      ),
      'DATE_TIME',
      hours,
    ],
    [
      'of Binance, in microseconds',
      hourly(
        (d, t, p) =>
          `${Date.parse(`${d}T${t}Z`)}000,${p.join(',')},10,${Date.parse(`${d}T${t}Z`)}999,1,1,1,1,0`,
      ),
      'DATE_TIME',
      hours,
    ],
    [
      'with seconds since 1970',
      `time,open,high,low,close\n${hourly((d, t, p) => `${Date.parse(`${d}T${t}Z`) / 1000},${p.join(',')}`)}`,
      'time',
      hours,
    ],
    [
      'of CryptoDataDownload, newest first below a link',
      'https://www.CryptoDataDownload.com\nunix,date,symbol,open,high,low,close\n1704258000,2024-01-03 05:00:00,BTC/USD,1,2,0.5,1.92\n1704254400,2024-01-03 04:00:00,BTC/USD,1,2,0.5,1.82',
      'date',
      { time: '2024-01-03T05:00:00Z', close: 1.92 },
    ],
    [
      'of pandas, with an index without a name',
      `,Open,High,Low,Close\n${hourly((d, t, p) => `${d} ${t},${p.join(',')}`)}`,
      '',
      hours,
    ],
    ['of R, with names of rows', 'Date Open Close\n1 2024-01-30 1 1.5\n2 2024-01-31 1 2.5', 'Date', day(2.5)],
    [
      'of yfinance, with names of two levels',
      'Price,Close,High,Low,Open,Volume\nTicker,A,A,A,A,A\nDate,,,,,\n2024-01-30,1.5,2,1,1,9\n2024-01-31,2.5,3,1,1,9',
      'Date',
      day(2.5),
    ],
    [
      'with American dates whose order midnight tells',
      `Date,Open,High,Low,Close\n${hourly((d, t, p) => `${d.slice(5, 7)}/${d.slice(8)}/${d.slice(0, 4)} ${t.slice(0, 5)},${p.join(',')}`)}`,
      'Date',
      hours,
    ],
    ['with Indian dates', 'Date,Close\n28-01-2024,28.5\n31-01-2024,31.5', 'Date', day(31.5)],
    ['with slashes', 'Date,Close\n2024/01/30,1.5\n2024/01/31,2.5', 'Date', day(2.5)],
    ['with names of months', 'Date,Close\n"Jan 30, 2024",1.5\n"Jan 31, 2024",2.5', 'Date', day(2.5)],
    ['with short names of months', 'Date;Close\n30-Jan-24;1.5\n31-Jan-24;2.5', 'Date', day(2.5)],
    [
      'with am and pm',
      'Date,Close\n1/31/2024 11:30 AM,1.5\n1/31/2024 12:30 PM,2.5',
      'Date',
      { time: '2024-01-31T12:30:00Z', close: 2.5 },
    ],
    ['with compact dates', 'Date,Close\n20240130,1.5\n20240131,2.5', 'Date', day(2.5)],
    [
      'with a zone behind each time',
      'Date,Close\n20240130 09:30:00 US/Eastern,1.5\n20240131 09:30:00 US/Eastern,2.5',
      'Date',
      { time: '2024-01-31T14:30:00Z', close: 2.5 },
    ],
    [
      'with UTC behind each time',
      'snapped_at,price\n2024-01-30 00:00:00 UTC,1.5\n2024-01-31 00:00:00 UTC,2.5',
      'snapped_at',
      day(2.5, 'price'),
    ],
    [
      'with offsets',
      'time,close\n2024-01-03T04:00:00+09:00,1.5\n2024-01-03T05:00:00+09:00,1.6',
      'time',
      { time: '2024-01-02T20:00:00Z', close: 1.6 },
    ],
    [
      'with days of Hong Kong and their offset',
      'Date,Close\n2024-01-30 00:00:00+08:00,1.5\n2024-01-31 00:00:00+08:00,2.5',
      'Date',
      day(2.5),
    ],
    [
      'with days of New York across summer time',
      'Date,Close\n2024-03-08 00:00:00-05:00,1.5\n2024-03-11 00:00:00-04:00,2.5',
      'Date',
      { time: '2024-03-11T00:00:00Z', close: 2.5 },
    ],
    [
      'with hour 24',
      'DATE_TIME,Close\n2024-01-02 22:00,1.1\n2024-01-02 23:00,1.2\n2024-01-02 24:00,1.3',
      'DATE_TIME',
      { time: '2024-01-03T00:00:00Z', close: 1.3 },
    ],
    [
      'of Germany',
      'Datum;Erster;Hoch;Tief;Schlusskurs;Stuecke\n2024-01-30;1,5;1,6;1,4;1,55;1.200.300\n2024-01-31;1,5;1,6;1,4;1,65;1.200.300',
      'Datum',
      day(1.65, 'Schlusskurs'),
    ],
    [
      'of Germany, whose close is found by its role',
      'Datum;Schlusskurs\n31.01.2024;1,65',
      'Datum',
      day(1.65),
    ],
    [
      'of Poland, whose columns are found by their roles',
      'Date,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie\n2024-01-30,1,2,0.5,1.5\n2024-01-31,1,2,0.5,2.5',
      'Date',
      day(2.5),
    ],
    [
      'with a name that is not ASCII',
      'Data,Último\n2024-01-30,1.5\n2024-01-31,2.5',
      'Data',
      day(2.5, 'Último'),
    ],
    [
      'with a decimal comma in quotes',
      'Date,Close\n2024-01-30,"1,0850"\n2024-01-31,"1,0950"',
      'Date',
      day(1.095),
    ],
    ['with thousands', 'Date,Close\n2024-01-30,"4,850.10"\n2024-01-31,"4,950.20"', 'Date', day(4950.2)],
    [
      'with thousands from 1,000 on',
      'Date,Close\n2024-01-29,990.5\n2024-01-30,999.5\n2024-01-31,"1,005.50"',
      'Date',
      day(1005.5),
    ],
    [
      'of Investing.com',
      '"Date","Price","Open","High","Low","Vol.","Change %"\n"01/31/2024","2.50","1","3","1","24.82M","0.52%"\n"01/30/2024","1.50","1","2","1","1.5K","-1.5%"',
      'Date',
      day(2.5),
    ],
    [
      'of Nasdaq.com',
      'Date,Close/Last,Volume,Open,High,Low\n01/31/2024,$2.50,100,$1,$3,$1\n01/30/2024,$1.50,100,$1,$3,$1',
      'Date',
      day(2.5),
    ],
    ['with trailing commas', 'Date,Open,Close\n2024-01-30,1,1.5,\n2024-01-31,1,2.5,', 'Date', day(2.5)],
    [
      'with each line in quotes',
      '"\ufeffDate,Open,Close"\n"2024-01-30,1,1.5"\n"2024-01-31,1,2.5"',
      'Date',
      day(2.5),
    ],
    [
      'below a comment',
      '# exported 2024\nDATE_TIME,Close\n2024-01-30,1.5\n2024-01-31,2.5',
      'DATE_TIME',
      day(2.5),
    ],
    ['separated by blanks', 'Date Time Open High Low Close\n2024-01-31  00:00  1 3 1  2.5', 'Date', day(2.5)],
    [
      'with two columns of one name',
      'time,open,high,low,close,Plot,Plot\n2024-01-30,1,2,0.5,1.5,7,8\n2024-01-31,1,2,0.5,2.5,7,8',
      'time',
      day(2.5),
    ],
    [
      'of Finam, in Moscow',
      '<TICKER>,<PER>,<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\nSBER,60,20240130,100000,1,2,0.5,1.5,1\nSBER,60,20240130,110000,1,2,0.5,2.5,1',
      '<DATE>',
      { time: '2024-01-30T08:00:00Z', close: 2.5 },
    ],
    [
      'whose last cell in another column is empty',
      'Date,Close,Volume\n2024-01-30,1.5,1\n2024-01-31,2.5,',
      'Date',
      day(2.5),
    ],
    [
      'whose last week has a row of its own',
      'Date,Close\n2024-01-01,1\n2024-01-08,2\n2024-01-15,3\n2024-01-22,4\n2024-01-26,5',
      'Date',
      { time: '2024-01-22T00:00:00Z', close: 5 },
    ],
    [
      'of freqtrade',
      '[[1706572800000, 1.1, 3.2, 1.0, 1.5, 10], [1706659200000, 1.1, 3.2, 1.0, 2.5, 10]]',
      'DATE_TIME',
      day(2.5),
    ],
    [
      'of records',
      '[{"date":"2024-01-30","open":1,"close":1.5},{"date":"2024-01-31","open":1,"close":2.5}]',
      'date',
      day(2.5),
    ],
    [
      'of JSON lines',
      '{"date":"2024-01-30","close":1.5}\n{"date":"2024-01-31","close":2.5}\n',
      'date',
      day(2.5),
    ],
    [
      'of Alpha Vantage',
      '{"Meta Data":{"1. Information":"Daily","2. Symbol":"X"},"Time Series (Daily)":{"2024-01-31":{"1. open":"1","4. close":"2.5"},"2024-01-30":{"1. open":"1","4. close":"1.5"}}}',
      'DATE_TIME',
      day(2.5),
    ],
    [
      'of an API with a list for each column',
      '{"s":"ok","t":[1706572800,1706659200],"o":[1,1],"h":[2,3],"l":[1,1],"c":[1.5,2.5]}',
      'DATE_TIME',
      day(2.5),
    ],
    [
      "of Yahoo's charts",
      '{"chart":{"result":[{"meta":{"symbol":"X"},"timestamp":[1706572800,1706659200],"indicators":{"quote":[{"open":[1,1],"close":[1.5,2.5]}]}}],"error":null}}',
      'DATE_TIME',
      day(2.5),
    ],
    [
      "of pandas' to_json",
      '{"Close":{"2024-01-30T00:00:00.000":1.5,"2024-01-31T00:00:00.000":2.5}}',
      'DATE_TIME',
      day(2.5),
    ],
  ])('%s', async (_, text, dateColumn, right) => {
    await expectLast(write(text), { dateColumn }, right);
  });
});
