import { describe, expect, it } from '@jest/globals';
import { formatIso, loadCsv, type CsvOptions } from '#libs/timeseries';
import { csvFiles } from './csv-files.js';
import { day, expectLast, type Right } from './last-bar.js';

const { write } = csvFiles();

describe('a setting decides', () => {
  const ambiguous = 'Date,Close\n01/02/2024,1\n02/02/2024,2\n03/02/2024,3\n';
  it.each<[string, string, CsvOptions, Right]>([
    [
      'the order of dates',
      ambiguous,
      { dateColumn: 'Date', format: { timeFormat: '%d/%m/%Y' } },
      { time: '2024-02-03T00:00:00Z', close: 3 },
    ],
    [
      'the order of dates, the other way',
      ambiguous,
      { dateColumn: 'Date', format: { timeFormat: '%m/%d/%Y' } },
      { time: '2024-03-02T00:00:00Z', close: 3 },
    ],
    [
      'the form of times that nobody else uses',
      'when,Close\n08:30 31|01|2024,2.5',
      { dateColumn: 'when', format: { timeFormat: '%H:%M %d|%m|%Y' } },
      { time: '2024-01-31T08:30:00Z', close: 2.5 },
    ],
    [
      'the zone',
      'Date,Close\n2024-07-01 10:00,1\n2024-07-01 11:00,2',
      { dateColumn: 'Date', format: { zone: 'EET' } },
      { time: '2024-07-01T08:00:00Z', close: 2 },
    ],
    [
      'the zone of a broker',
      'Date,Close\n2024-03-15 10:00,1\n2024-03-15 11:00,2',
      { dateColumn: 'Date', format: { zone: 'NY+7' } },
      { time: '2024-03-15T08:00:00Z', close: 2 },
    ],
    [
      'the maker, and with it the zone',
      'Date,Time,Close\n2024.01.15,10:00,1\n2024.01.15,11:00,2',
      { dateColumn: 'Date', format: { dialect: 'mt5' } },
      { time: '2024-01-15T09:00:00Z', close: 2 },
    ],
    [
      'that times are the ends of bars',
      'Date,Close\n2024-01-15 10:00,1\n2024-01-15 11:00,2',
      { dateColumn: 'Date', format: { barTime: 'close' } },
      { time: '2024-01-15T10:00:00Z', close: 2 },
    ],
    [
      'the decimal sign',
      'Date;Close\n2024-01-30;1,085\n2024-01-31;1,095',
      { dateColumn: 'Date', format: { decimal: ',' } },
      day(1.095),
    ],
    [
      'the sign of thousands',
      'Date;Close\n2024-01-30;1,085\n2024-01-31;1,095',
      { dateColumn: 'Date', format: { thousands: ',' } },
      day(1095),
    ],
    [
      'that six digits are a date with the year in front',
      '240130,093000,1,2,0.5,1.5,10\n240131,093000,1,3,0.5,2.5,10',
      { dateColumn: 'DATE_TIME', format: { timeFormat: '%y%m%d' } },
      { time: '2024-01-31T09:30:00Z', close: 2.5 },
    ],
    [
      'which column is the close',
      'Date,Bid,Ask\n2024-01-30,1,2\n2024-01-31,2.5,3',
      { dateColumn: 'Date', format: { names: { CLOSE: 'Bid' } } },
      day(2.5),
    ],
    [
      'which place is the close',
      '20240130,x,1,1.5\n20240131,x,1,2.5',
      { dateColumn: 'DATE_TIME', format: { names: { CLOSE: 'column 4' } } },
      day(2.5),
    ],
  ])('%s', async (_, text, options, right) => {
    await expectLast(write(text), options, right);
  });

  it.each<[string, string, CsvOptions['format'], string, RegExp]>([
    [
      'dates that no value decides',
      ambiguous,
      {},
      'csv_ambiguous_dates',
      /"01\/02\/2024".*set time_format to %d\/%m\/%Y or %m\/%d\/%Y/,
    ],
    [
      'years of two digits that may stand first or last',
      'Date,Close\n24/01/30,1\n24/01/31,2',
      {},
      'csv_ambiguous_dates',
      /"24\/01\/30".*year, month and day apart: set time_format to %d\/%m\/%y or %y\/%m\/%d$/,
    ],
    [
      'six digits, whose years have two',
      'Date,Close\n240130,1\n240131,2',
      {},
      'csv_ambiguous_dates',
      /"240130".*two digits.*set time_format to %y%m%d or %d%m%y$/,
    ],
    [
      'numbers that no value decides',
      'Date;Close\n2024-01-30;1,085\n2024-01-31;1,095',
      {},
      'csv_ambiguous_numbers',
      /"1,085".*set decimal to "," or to "\."/,
    ],
    [
      'a format that does not exist',
      ambiguous,
      { timeFormat: '%Q' },
      'csv_format',
      /time_format.*%Q.*%Y-%m-%d/,
    ],
    [
      'a zone that does not exist',
      ambiguous,
      { timeFormat: '%d/%m/%Y', zone: 'Mars/North' },
      'csv_format',
      /data_timezone.*Mars\/North/,
    ],
    [
      'a column that does not exist',
      ambiguous,
      { names: { CLOSE: 'Last' } },
      'csv_missing_column',
      /no column "Last"; its columns are "Date", "Close" \(columns maps/,
    ],
  ])('and %s are refused with its name', async (_, text, format, code, words) => {
    const load = loadCsv(write(text), { dateColumn: 'Date', format: format ?? {} });
    await expect(load).rejects.toMatchObject({
      kind: 'invalid',
      code,
      message: expect.stringMatching(words),
    });
  });
});

describe('lines around a table', () => {
  it('do not hide its columns', async () => {
    const text = 'Date,Close\n01/30/2024,1.5\n01/31/2024,2.5\n"Downloaded as of 02-01-2024"\n';
    const { frame, badRowCount, detected } = await loadCsv(write(text), { dateColumn: 'DATE_TIME' });
    expect(frame.column('Close').at(-1)).toBe(2.5);
    expect(detected.timeFormat).toBe('%m/%d/%Y');
    expect(badRowCount).toBe(1);
  });

  it('may leave months without days', async () => {
    const { frame } = await loadCsv(write('Month,Close\nJan 2024,1.5\nFeb 2024,2.5\n'), { dateColumn: '' });
    expect(formatIso(frame.time.at(-1) ?? 0)).toBe('2024-02-01T00:00:00Z');
  });
});

describe('files of LEAN', () => {
  const rows = '34200000,1450000,1452000,1449900,1450500,100\n34260000,1450500,1452000,1450400,1451500,200\n';
  const lean = { dateColumn: 'DATE_TIME', format: { dialect: 'lean' } } as const;

  it('count milliseconds from midnight of the day in their name, and prices in ten-thousandths', async () => {
    const path = write(rows, '20131007_spy_minute_trade.csv');
    await expectLast(path, lean, { time: '2013-10-07T13:31:00Z', close: 145.15 });
    const { frame, notes } = await loadCsv(path, lean);
    expect(frame.column('VOLUME').at(-1)).toBe(200);
    expect(notes.map(({ code }) => code)).toEqual(['format', 'time_zone', 'scaled_prices']);
  });

  it.each(['spy.csv', '20131399_trade.csv'])('are refused without a day in their name: %s', async (name) => {
    await expect(loadCsv(write(rows, name), lean)).rejects.toMatchObject({
      code: 'csv_missing_date',
      message: expect.stringMatching(/set csv_dialect to lean.*the date, as 20131007_trade\.csv/),
    });
  });
});

describe('dates in three columns', () => {
  it.each<[string, string, Right]>([
    [
      'whole days',
      'Year,Month,Day,Close,Volume\n2024,1,30,1.5,1500000000\n2024,1,31,2.5,1500000001',
      day(2.5),
    ],
    [
      'a time of day beside them, and other names',
      'tt;yyyy;mm;dd;time;Close\n7;2024;01;31;09:05;1,5\n7;2024;01;31;09:06;1,6',
      { time: '2024-01-31T09:06:00Z', close: 1.6 },
    ],
    [
      'hours and minutes, the year behind',
      'Day\tMonth\tYear\tHour\tMinute\tClose\n31\tJan\t2024\t9\t5\t1.5\n31\tJan\t2024\t9\t6\t2.5',
      { time: '2024-01-31T09:06:00Z', close: 2.5 },
    ],
  ])('are read: %s', async (_, text, right) => {
    await expectLast(write(text), {}, right);
  });

  it('yield to a column with whole dates, and name a date that does not exist', async () => {
    const both = await loadCsv(write('Date,Year,Month,Day,Close\n2024-01-31,1999,1,30,1.5\n'), {
      dateColumn: 'DATE_TIME',
    });
    expect(formatIso(both.frame.time[0] ?? 0)).toBe('2024-01-31T00:00:00Z');
    const { badRows } = await loadCsv(write('Year,Month,Day,Close\n2024,1,31,1\n2024,2,31,2\n'), {
      dateColumn: 'DATE_TIME',
    });
    expect(badRows).toEqual([{ line: 3, rule: 'bad_date', column: 'Year', value: '2024-2-31' }]);
  });
});

describe('what the beginning of a file does not show', () => {
  const filler = (line: string): string => `${line}\n`.repeat(9000);
  it('decides the order of its dates all the same', async () => {
    const text = `Date,Close\n${filler('01/02/2024,1')}31/01/2024,2\n${filler('01/02/2024,1')}`;
    const { frame } = await loadCsv(write(text), { dateColumn: 'Date' });
    expect(formatIso(frame.time[0] ?? 0)).toBe('2024-01-31T00:00:00Z');
    expect(formatIso(frame.time.at(-1) ?? 0)).toBe('2024-02-01T00:00:00Z');
  });

  it('decides its decimal sign all the same', async () => {
    const text = `Date;Close\n${filler('2024-01-30;1,085')}2024-01-31;1,0855\n${filler('2024-02-01;1,085')}`;
    const { frame } = await loadCsv(write(text), { dateColumn: 'Date' });
    expect(frame.column('Close')[0]).toBe(1.085);
  });
});
