import { describe, expect, it } from '@jest/globals';
import { marketFeeder, memoryCache } from './market-feeder.js';
import { json, rowsOf, type Row, yahooServer } from './yahoo-server.js';

const yahoo = yahooServer();
const NOW = Date.parse('2026-01-05T10:20:00Z');
const DAY = 86_400_000;
const NEW_YORK = { gmtoffset: -18_000, exchangeTimezoneName: 'America/New_York' };
const daily = { symbol: 'X', interval: '1d' };

/** Days of one price, from one so many days ago until one so many days ago. */
const days = (from: number, until: number, price: number): Row[] =>
  Array.from({ length: from - until + 1 }, (_, index) => [
    new Date(Date.UTC(2026, 0, 5, 14, 30) - (from - index) * DAY).toISOString(),
    [price, price, price, price],
  ]);
const chart = (...parts: readonly Row[][]) => rowsOf(NEW_YORK, parts.flat());
const down = json(500, {});

describe('prices of the market are', () => {
  const adjclose = [{ adjclose: [1, null, 9] }];
  const sent: Row[] = [
    ['2025-12-31T14:30Z', [4, 8, 2, 4]],
    ['2026-01-01T14:30Z', null],
    ['2026-01-02T14:30Z', [8, 12, 6, 9]],
  ];
  const prices = async (interval: string, parameters: object) => {
    yahoo.answer(rowsOf(NEW_YORK, sent, { adjclose }));
    const { feeder } = await marketFeeder(yahoo.url, { ...parameters }, null, NOW);
    const frame = await feeder.fetch({ symbol: 'X', interval });
    return ['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME'].map((name) => frame.column(name)[0]);
  };

  it('adjusted for dividends by default, all four of a day alike', async () => {
    expect(await prices('1d', {})).toEqual([1, 2, 0.5, 1, 100]);
    expect(await prices('1w', {})).toEqual([1, 2, 0.5, 1, 100]);
  });

  it('those of the exchange with adjusted=false, and in bars shorter than a day', async () => {
    expect(await prices('1d', { adjusted: false })).toEqual([4, 8, 2, 4, 100]);
    expect(await prices('1h', {})).toEqual([4, 8, 2, 4, 100]);
  });

  it('adjusted by the close itself where the newest row has no adjusted one yet', async () => {
    yahoo.answer(rowsOf(NEW_YORK, sent, { adjclose: [{ adjclose: [1, null, null] }] }));
    const { feeder } = await marketFeeder(yahoo.url, {}, null, NOW);
    expect([...(await feeder.fetch(daily)).column('CLOSE')]).toEqual([1, 9]);
  });
});

describe('after a split', () => {
  const settings = { source_cache_seconds: 0 };
  const closes = async (feeder: Awaited<ReturnType<typeof marketFeeder>>['feeder']) => [
    ...new Set((await feeder.fetch(daily)).column('CLOSE')),
  ];

  it.each<[string, boolean]>([
    ['of the same process', false],
    ['of a process that was started since', true],
  ])('the stored bars %s are all of the new prices', async (_, restarted) => {
    const cache = memoryCache();
    const first = await marketFeeder(yahoo.url, settings, cache, NOW);
    yahoo.answer(chart(days(300, 1, 400)), chart(days(200, 1, 100)), down);
    expect(await closes(first.feeder)).toEqual([400]);
    const { feeder, lines } = restarted ? await marketFeeder(yahoo.url, settings, cache, NOW) : first;
    expect(await closes(feeder)).toEqual([100]);
    expect(await closes(feeder)).toEqual([100]);
    expect(lines).toContain('the stored bars of X were replaced: its prices have been adjusted');
    expect(cache.bars.get('X 1d')?.size).toBe(200);
  });

  it('bars behind a hole are used alone, as those before it may be of the old prices', async () => {
    const cache = memoryCache();
    yahoo.answer(chart(days(200, 100, 400)), chart(days(50, 1, 100)), down);
    const { feeder } = await marketFeeder(yahoo.url, settings, cache, NOW);
    expect(await closes(feeder)).toEqual([400]);
    expect(await closes(feeder)).toEqual([100]);
    expect(await closes(feeder)).toEqual([100]);
    expect(cache.bars.get('X 1d')?.size).toBe(151);
  });

  it('and bars that follow without one in common are not joined to the old ones', async () => {
    const cache = memoryCache();
    yahoo.answer(chart(days(200, 100, 400)), chart(days(98, 1, 100)), down);
    const { feeder } = await marketFeeder(yahoo.url, settings, cache, NOW);
    for (const price of [400, 100, 100]) expect(await closes(feeder)).toEqual([price]);
  });

  it('a correction of the newest bar keeps the older ones', async () => {
    const cache = memoryCache();
    yahoo.answer(chart(days(300, 1, 400)), chart(days(200, 2, 400), days(1, 1, 401)), down);
    const { feeder } = await marketFeeder(yahoo.url, settings, cache, NOW);
    await closes(feeder);
    expect(await closes(feeder)).toEqual([400, 401]);
    expect(await closes(feeder)).toEqual([400, 401]);
    expect(cache.bars.get('X 1d')?.size).toBe(300);
  });

  it('prices of either kind are stored apart', async () => {
    const cache = memoryCache();
    yahoo.answer(chart(days(10, 1, 4)));
    for (const adjusted of [true, false]) {
      const { feeder } = await marketFeeder(yahoo.url, { adjusted }, cache, NOW);
      await feeder.fetch(daily);
    }
    expect([...cache.bars.keys()]).toEqual(['X 1d', 'X 1d raw']);
  });

  it('days that were stored by their opening are not used beside those of their date', async () => {
    const cache = memoryCache();
    const bar = { open: 4, high: 4, low: 4, close: 4, volume: 0 };
    await cache.write('X', '1d', [{ time: NOW - 20 * DAY, ...bar }]);
    yahoo.answer(chart(days(10, 1, 1)), down);
    const { feeder } = await marketFeeder(yahoo.url, settings, cache, NOW);
    for (const _ of [1, 2]) expect(await closes(feeder)).toEqual([1]);
  });
});
