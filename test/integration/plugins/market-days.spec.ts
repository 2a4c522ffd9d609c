import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { Feeder, Frame } from '#libs/plugin-sdk';
import { failure, marketFeeder, NOW } from './market-feeder.js';
import { json, rowsOf, type Row, yahooServer } from './yahoo-server.js';

const yahoo = yahooServer();
const NEW_YORK = { gmtoffset: -18_000, exchangeTimezoneName: 'America/New_York' };
const LONDON = { gmtoffset: 0, exchangeTimezoneName: 'Europe/London' };
const SYDNEY = { gmtoffset: 39_600, exchangeTimezoneName: 'Australia/Sydney' };
const UTC = { gmtoffset: 0, exchangeTimezoneName: 'UTC' };

/** Rows whose prices stand one above the other: the first has 1, 1.5, 0.5 and 1, the second 2, ... */
const rows = (...moments: readonly string[]): Row[] =>
  moments.map((when, index) => [when, [index + 1, index + 1.5, index + 0.5, index + 1]]);

interface Fetched {
  readonly feeder: Feeder;
  readonly frame: Frame;
  readonly dates: readonly string[];
  readonly closes: readonly number[];
  readonly notes: readonly string[];
}

async function fetched(interval: string, meta: object, sent: readonly Row[], to?: string): Promise<Fetched> {
  yahoo.answer(rowsOf({ ...meta }, sent));
  const newest = Date.parse(sent.at(-1)?.[0] ?? '');
  const { feeder } = await marketFeeder(yahoo.url, {}, null, Math.max(NOW, newest + 60_000));
  const range = to === undefined ? {} : { to: Date.parse(to) };
  const frame = await feeder.fetch({ symbol: 'X', interval, ...range });
  return {
    feeder,
    frame,
    dates: [...frame.time].map((time) => new Date(time).toISOString().replace('T00:00:00.000Z', '')),
    closes: [...frame.column('CLOSE')],
    notes: feeder.notes?.(frame) ?? [],
  };
}

describe('a daily bar has the date of its exchange', () => {
  it.each<[string, object, readonly string[], readonly string[]]>([
    [
      'in London’s winter and summer',
      LONDON,
      ['2026-03-26T00:00Z', '2026-03-27T00:00Z', '2026-03-29T23:00Z', '2026-03-30T23:00Z'],
      ['2026-03-26', '2026-03-27', '2026-03-30', '2026-03-31'],
    ],
    [
      'in London when only the offset of today is told',
      { gmtoffset: 0 },
      ['2026-10-22T23:00Z', '2026-10-23T23:00Z', '2026-10-26T00:00Z', '2026-10-27T00:00Z'],
      ['2026-10-23', '2026-10-24', '2026-10-26', '2026-10-27'],
    ],
    [
      'in London when only the offset of the summer is told',
      { gmtoffset: 3_600 },
      ['2026-03-27T00:00Z', '2026-03-29T23:00Z', '2026-03-30T23:00Z'],
      ['2026-03-27', '2026-03-30', '2026-03-31'],
    ],
    [
      'in Sydney, where it begins the evening before in UTC',
      SYDNEY,
      ['2026-04-01T23:00Z', '2026-04-02T23:00Z', '2026-04-07T00:00Z'],
      ['2026-04-02', '2026-04-03', '2026-04-07'],
    ],
    [
      'in New York, whose opening moves by an hour',
      NEW_YORK,
      ['2026-10-30T13:30Z', '2026-11-02T14:30Z'],
      ['2026-10-30', '2026-11-02'],
    ],
    [
      'when the zone has a name that nobody knows',
      { gmtoffset: 36_000, exchangeTimezoneName: 'Mars/Base' },
      ['2026-06-01T23:00Z', '2026-06-02T23:00Z'],
      ['2026-06-02', '2026-06-03'],
    ],
  ])('%s', async (_, meta, moments, dates) => {
    expect((await fetched('1d', meta, rows(...moments))).dates).toEqual(dates);
  });

  it('also while it runs, whether its row stands alone or beside that of the day', async () => {
    const alone = await fetched(
      '1d',
      UTC,
      rows('2026-11-26T00:00Z', '2026-11-27T00:00Z', '2026-11-28T20:28:35Z'),
    );
    expect(alone.dates).toEqual(['2026-11-26', '2026-11-27', '2026-11-28']);
    expect(alone.closes).toEqual([1, 2, 3]);
    const twice = await fetched('1d', NEW_YORK, [
      ...rows('2026-11-25T14:30Z', '2026-11-27T14:30Z'),
      ['2026-11-27T18:00:01Z', [2, 2.25, 0.25, 2.125]],
    ]);
    expect(twice.dates).toEqual(['2026-11-25', '2026-11-27']);
    expect(['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME'].map((name) => twice.frame.column(name)[1])).toEqual([
      2, 2.5, 0.25, 2.125, 100,
    ]);
  });

  it('and its date asks for it, while no earlier moment than its opening sees it', async () => {
    const days = rows('2026-07-13T13:30Z', '2026-07-14T13:30Z', '2026-07-15T13:30Z');
    const upTo = async (to: string) => (await fetched('1d', NEW_YORK, days, to)).dates.at(-1);
    expect(await upTo('2026-07-15T00:00Z')).toBe('2026-07-15');
    expect(yahoo.asked[0]?.to).toBeGreaterThan(Date.parse('2026-07-15T13:30Z'));
    expect(await upTo('2026-07-15T02:00Z')).toBe('2026-07-14');
    expect(await upTo('2026-07-15T14:00Z')).toBe('2026-07-15');
  });

  it('so that its calendar columns are those of its day', async () => {
    yahoo.answer(rowsOf(LONDON, rows('2026-07-13T23:00Z', '2026-07-14T23:00Z')));
    const { feeder } = await marketFeeder(yahoo.url, {}, null, Date.parse('2026-07-15T12:00Z'));
    const columns = ['day_of_week', 'hour_of_day', 'day_of_month'];
    const frame = await feeder.fetch({ symbol: 'EURUSD', interval: '1d', columns });
    expect(columns.map((name) => frame.column(name).at(-1))).toEqual([2, 0, 15]);
  });
});

describe('the row of the newest trade', () => {
  const live = ['2026-11-27T21:00:01Z', [5, 9, 0.25, 8.5]] as const satisfies Row;

  it.each<[string, readonly string[], readonly string[]]>([
    ['1w', ['2026-11-16T05:00Z', '2026-11-23T05:00Z'], ['2026-11-16', '2026-11-23']],
    ['1mo', ['2026-10-01T04:00Z', '2026-11-01T04:00Z'], ['2026-10-01', '2026-11-01']],
    ['3mo', ['2026-07-01T04:00Z', '2026-10-01T04:00Z'], ['2026-07-01', '2026-10-01']],
    ['5d', ['2026-11-18T05:00Z', '2026-11-25T05:00Z'], ['2026-11-18', '2026-11-25']],
  ])('is merged into the bar of %s that it belongs to', async (interval, moments, dates) => {
    const { frame, dates: got } = await fetched(interval, NEW_YORK, [...rows(...moments), live]);
    expect(got).toEqual(dates);
    expect(['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME'].map((name) => frame.column(name)[1])).toEqual([
      2, 9, 0.25, 8.5, 200,
    ]);
  });

  it.each<[string, readonly string[], string]>([
    ['1w', ['2026-11-09T05:00Z', '2026-11-16T05:00Z'], '2026-11-23'],
    ['1mo', ['2026-09-01T04:00Z', '2026-10-01T04:00Z'], '2026-11-01'],
    ['3mo', ['2026-04-01T04:00Z', '2026-07-01T04:00Z'], '2026-10-01'],
  ])('becomes the bar of %s that is not there yet', async (interval, moments, date) => {
    const { dates, closes } = await fetched(interval, NEW_YORK, [...rows(...moments), live]);
    expect(dates.at(-1)).toBe(date);
    expect(closes).toEqual([1, 2, 8.5]);
  });

  it('fills the bar of its week that has no prices', async () => {
    const week: Row = ['2026-11-23T05:00Z', null];
    const { dates, closes } = await fetched('1w', NEW_YORK, [...rows('2026-11-16T05:00Z'), week, live]);
    expect(dates).toEqual(['2026-11-16', '2026-11-23']);
    expect(closes).toEqual([1, 8.5]);
  });

  it('is no bar of an hour in the second half of one either', async () => {
    const late: Row = ['2026-11-27T21:10:00Z', [7, 7, 7, 7]];
    const sent = [...rows('2026-11-27T19:30Z', '2026-11-27T20:30Z'), late];
    expect((await fetched('1h', NEW_YORK, sent)).closes).toEqual([1, 2]);
  });
});

describe('what the market leaves open is said', () => {
  it('when the newest bar has no close', async () => {
    const sent: Row[] = [...rows('2026-11-25T14:30Z', '2026-11-26T14:30Z'), ['2026-11-27T14:30Z', null]];
    const { dates, notes } = await fetched('1d', {}, sent);
    expect(dates).toEqual(['2026-11-25', '2026-11-26']);
    expect(notes).toEqual(['no_close: X: the newest bar, 2026-11-27, has no close yet and was left out']);
  });

  it('when the newest bar is of long ago', async () => {
    yahoo.answer(rowsOf(NEW_YORK, rows('2026-10-16T13:30Z', '2026-10-19T13:30Z', '2026-10-20T13:30Z')));
    const { feeder } = await marketFeeder(yahoo.url, {}, null, Date.parse('2026-11-28T12:00Z'));
    const frame = await feeder.fetch({ symbol: 'X', interval: '1d' });
    const said = 'stale: X: the newest bar, 2026-10-20T00:00:00Z, is more than two bars old';
    expect(feeder.notes?.(frame)).toEqual([said]);
    const past = await feeder.fetch({ symbol: 'X', interval: '1d', around: Date.parse('2026-10-20') });
    expect(feeder.notes?.(past)).toEqual([]);
  });

  it('when a symbol is spelled in another way there', async () => {
    yahoo.answer(rowsOf(NEW_YORK, rows('2026-01-02T14:30Z')));
    const { feeder } = await marketFeeder(yahoo.url);
    const frame = await feeder.fetch({ symbol: 'BRK.B', interval: '1d' });
    expect(feeder.notes?.(frame)).toEqual([
      'symbol: BRK.B was read as BRK-B, its name at Yahoo Finance; symbol_map gives it another meaning',
    ]);
    expect(yahoo.asked[0]?.symbol).toBe('BRK-B');
  });

  it('when the service has bars of another length than asked for', async () => {
    yahoo.answer(
      rowsOf({ ...NEW_YORK, dataGranularity: '1d' }, rows('2025-12-31T14:30Z', '2026-01-02T14:30Z')),
    );
    const { feeder } = await marketFeeder(yahoo.url);
    expect(await failure(feeder)).toMatchObject({
      code: 'invalid_request',
      message: 'Yahoo Finance refuses to answer about MSFT: it has bars of 1d and none of 1h',
    });
    expect(await feeder.fetch({ symbol: 'MSFT', interval: '1d' })).toMatchObject({ length: 2 });
  });
});

const CASES = resolve('../shared/cases/market-data');
const whereTheyAre = existsSync(CASES) ? describe : describe.skip;

whereTheyAre('answers of the market as they were recorded', () => {
  const ask = async (name: string, interval: string, request: object = {}) => {
    const text = readFileSync(join(CASES, `market_${name}.json`), 'utf8');
    yahoo.answer(json(200, JSON.parse(text)));
    const { feeder } = await marketFeeder(yahoo.url, {}, null, Date.parse('2026-11-28T20:30Z'));
    const asking = feeder.fetch({ symbol: 'X', interval, ...request });
    return asking.then((frame) => ({
      date: new Date(frame.time.at(-1) ?? NaN).toISOString().slice(0, 10),
      last: (column: string) => frame.column(column).at(-1),
      notes: (feeder.notes?.(frame) ?? []).map((note) => note.split(':')[0]),
    }));
  };

  it('have the day of the exchange in summer, and calendar columns of that day', async () => {
    const columns = ['day_of_week', 'hour_of_day', 'day_of_month'];
    const to = Date.parse('2026-07-15T12:00Z');
    const { date, last } = await ask('eurusd_1d_summer', '1d', { to, columns });
    expect([date, ...columns.map(last)]).toEqual(['2026-07-15', 2, 0, 15]);
  });

  it('have one bar of the week that runs', async () => {
    const { date, last } = await ask('weekly_live_friday', '1w');
    expect([date, last('HIGH'), last('CLOSE')]).toEqual(['2026-11-23', 171, 170.5]);
  });

  it('have the date of the day that runs', async () => {
    expect((await ask('crypto_1d_running', '1d')).date).toBe('2026-11-28');
  });

  it('say that the newest bar has no close', async () => {
    expect(await ask('last_close_null', '1d')).toMatchObject({ date: '2026-11-26', notes: ['no_close'] });
  });

  it('are refused with bars of another length, and noted when they are old', async () => {
    await expect(ask('other_granularity', '1h')).rejects.toThrow('it has bars of 1d and none of 1h');
    expect(await ask('stale', '1d')).toMatchObject({ notes: ['stale'] });
  });
});
