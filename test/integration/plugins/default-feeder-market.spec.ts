import { describe, expect, it } from '@jest/globals';
import { feederConformance } from '#libs/plugin-sdk';
import { ChildScript } from '#libs/testing';
import defaultFeeder from '../../../libs/plugins/src/feeders/default-feeder/default-feeder.js';
import { ALL_COLUMNS } from '../../../libs/plugins/src/feeders/default-feeder/features/feature-plan.js';
import { conform } from '../../unit/plugins/conform.js';
import { DAY, failure, HOUR, hourly, marketFeeder, NOW } from './market-feeder.js';
import { chartWith, priceOf, yahooServer } from './yahoo-server.js';

const yahoo = yahooServer();
const make = (parameters: Readonly<Record<string, unknown>> = {}) => marketFeeder(yahoo.url, parameters);

describe('default_feeder on the market', () => {
  describe('keeps the contract: it', () => {
    conform(
      feederConformance({
        definition: defaultFeeder,
        create: async () => (await make()).feeder,
        request: { ...hourly, from: NOW - 5 * DAY, to: NOW },
      }),
    );
  });

  it('needs no network to start, and asks for the history that its window needs', async () => {
    const { feeder } = await make();
    expect(yahoo.asked).toHaveLength(0);
    const frame = await feeder.fetch(hourly);
    expect(frame.names).toEqual(['OPEN', 'HIGH', 'LOW', 'CLOSE', 'VOLUME']);
    expect(frame.length).toBe(256);
    expect(frame.time.at(-1)).toBe(Date.UTC(2026, 0, 5, 10));
    expect(frame.column('OPEN').at(-1)).toBe(priceOf(Date.UTC(2026, 0, 5, 10)));
    const [asked] = yahoo.asked;
    expect(asked).toMatchObject({ symbol: 'MSFT', interval: '1h', from: expect.any(Number) });
    expect(NOW - (asked?.from ?? 0)).toBeGreaterThan(30 * DAY);
    expect(asked?.query.get('includePrePost')).toBe('false');
    expect(feeder.resolve('MSFT')).toEqual({
      source: 'yfinance',
      symbol: 'MSFT',
      adjustedColumns: ['OPEN', 'HIGH', 'LOW', 'CLOSE'],
    });
    expect(feeder.notes?.(frame)).toEqual([]);
  });

  it('escapes symbols, knows pairs of currencies, and takes the configured names', async () => {
    const { feeder } = await make({ symbol_map: { SPX: '^SPX' }, instrument: 'AAPL' });
    for (const symbol of ['^VIX', 'EURUSD', 'EUR_USD', 'ABCD/XY', 'SPX', '', 'ABCDEF']) {
      await feeder.fetch({ ...hourly, symbol, from: NOW - DAY });
    }
    expect(yahoo.asked.map(({ symbol }) => symbol)).toEqual([
      '^VIX',
      'EURUSD=X',
      'ABCD/XY',
      '^SPX',
      'AAPL',
      'ABCDEF',
    ]);
    expect(feeder.resolve('EUR/USD').symbol).toBe('EURUSD=X');
  });

  it('keeps the cookies that the service sets', async () => {
    const child = new ChildScript('test/integration/plugins/fetch-twice.ts', yahoo.url);
    await child.until('bars', 2);
    expect(await child.exited).toBe(0);
    expect(yahoo.asked.map(({ cookie }) => cookie)).toEqual(['', 'A3=session-7']);
    expect(yahoo.asked[0]?.agent).toContain('yahoo-finance2');
  });

  it.each([
    ['1w', '1wk'],
    ['1mo', '1mo'],
    ['90m', '90m'],
  ])('asks for bars of %s by the name %s', async (interval, name) => {
    const { feeder } = await make();
    await feeder.fetch({ symbol: 'MSFT', interval, from: NOW - 40 * DAY });
    expect(yahoo.asked[0]?.interval).toBe(name);
  });

  it('puts bars of four hours together', async () => {
    const { feeder } = await make();
    const from = Date.UTC(2026, 0, 4);
    const frame = await feeder.fetch({ symbol: 'MSFT', interval: '4h', from, to: from + 8 * HOUR - 1 });
    const single = await feeder.fetch({ symbol: 'MSFT', interval: '1h', from, to: from + 8 * HOUR - 1 });
    expect([...frame.time]).toEqual([from, from + 4 * HOUR]);
    expect(frame.column('OPEN')[1]).toBe(single.column('OPEN')[4]);
    expect(frame.column('CLOSE')[0]).toBe(single.column('CLOSE')[3]);
    expect(frame.column('HIGH')[0]).toBe(Math.max(...single.column('HIGH').slice(0, 4)));
    expect(frame.column('VOLUME')[0]).toBe(4_000);
  });

  it('reaches back as far as the service does, and says so', async () => {
    const { feeder } = await make();
    const frame = await feeder.fetch({ symbol: 'MSFT', interval: '1m', from: NOW - 30 * DAY, to: NOW });
    expect(feeder.notes?.(frame)).toEqual([
      'short_history: MSFT: 1m bars reach back 7 days at Yahoo Finance; older ones are missing',
    ]);
    expect(await failure(feeder, { symbol: 'MSFT', interval: '15m', to: NOW - 90 * DAY })).toMatchObject({
      code: 'no_data',
      message:
        'Yahoo Finance has 15m bars of the last 60 days up to now only (1m: 7 days, 2m to 30m and 90m: 60, 1h and 4h: 730, 1d and longer: all); ask for longer bars or a later moment',
    });
    expect(await failure(feeder, { ...hourly, around: NOW - 731 * DAY })).toMatchObject({
      code: 'no_data',
      message: expect.stringContaining('has 1h bars of the last 730 days'),
    });
    await feeder.fetch({ ...hourly, around: NOW - 100 * DAY });
    expect(yahoo.asked.at(-1)?.from).toBeLessThan(NOW - 130 * DAY);
  });

  it('leaves out bars without a trade and the newest trade that repeats the running bar', async () => {
    yahoo.answer(
      chartWith((result) => ({
        ...result,
        timestamp: [...(result.timestamp ?? []).slice(-6), NOW / 1000],
        indicators: {
          quote: [
            {
              open: [1, 2, null, 4, 5, 6, 7],
              high: [1, 2, 3, 4, 5, 6, 7],
              low: [1, 2, 3, 4, 5, 6, 7],
              close: [1, 2, 3, null, 5, 6, 7],
              volume: [1, null, 3, 4, 5, 6, 7],
            },
          ],
        },
      })),
    );
    const { feeder } = await make();
    const frame = await feeder.fetch(hourly);
    expect([...frame.column('CLOSE')]).toEqual([1, 2, 5, 6]);
    expect([...frame.column('VOLUME')]).toEqual([1, 0, 5, 6]);
  });

  it('answers the same question from memory for a minute, and asks once for many', async () => {
    const { feeder, clock } = await make();
    await Promise.all([1, 2, 3].map(() => feeder.fetch(hourly)));
    await feeder.fetch(hourly);
    expect(yahoo.asked).toHaveLength(1);
    clock.jump(60_000);
    await feeder.fetch(hourly);
    expect(yahoo.asked).toHaveLength(2);
  });
});

describe('every column of the original', () => {
  it('comes from the market too, without looking ahead', async () => {
    const { feeder } = await make({ feature_columns: ['all'], window_size: 50 });
    const frame = await feeder.fetch({ symbol: 'EURUSD', interval: '1h' });
    expect(frame.names).toEqual(ALL_COLUMNS);
    expect(frame.length).toBe(50);
    expect([...frame.columns.values()].every((values) => values.every(Number.isFinite))).toBe(true);
    expect(new Set(yahoo.asked.map(({ symbol, interval }) => `${symbol} ${interval}`))).toEqual(
      new Set(['EURUSD=X 1h', 'EURUSD=X 15m', 'EURUSD=X 30m', '^GSPC 1d', '^VIX 1d']),
    );
    // The session that begins 14:30 ends 21:00: its close is known from 21:00 on, not before.
    const sunday = Date.UTC(2026, 0, 4);
    const close = (time: number) => frame.column('S&P500_Close')[frame.exactRow(time)];
    expect(close(sunday + 20 * HOUR)).toBe(priceOf(sunday - DAY + 14.5 * HOUR + DAY));
    expect(close(sunday + 21 * HOUR)).toBe(priceOf(sunday + 14.5 * HOUR + DAY));
    const row = frame.exactRow(sunday + 20 * HOUR);
    expect(frame.column('CLOSE_15m_tick_1')[row]).toBe(priceOf(sunday + 20 * HOUR));
  });
});
