import { describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import type { BarCache } from '#libs/plugin-sdk';
import { resilientCharts } from '../../../libs/plugins/src/feeders/default-feeder/market/resilient-charts.js';
import { failure, HOUR, hourly, marketFeeder, memoryCache } from './market-feeder.js';
import { chart, chartWith, json, yahooServer, type Answer } from './yahoo-server.js';

const yahoo = yahooServer();
const make = (parameters: Readonly<Record<string, unknown>> = {}, barCache: BarCache | null = null) =>
  marketFeeder(yahoo.url, parameters, barCache);

describe('when the market fails,', () => {
  const notFound = json(404, {
    chart: {
      result: null,
      error: { code: 'Not Found', description: 'No data found, symbol may be delisted' },
    },
  });
  const broken: Answer = (_, response) => void response.end('<html>Will be right back</html>');
  const cutOff: Answer = (_, response) =>
    void response.writeHead(200, { 'content-length': '10000' }).write('{"chart":', () => response.destroy());
  const silent: Answer = () => undefined;

  it('a feeder that gets no answers holds up no other one of the process', async () => {
    yahoo.answer(silent, silent, silent, silent, chart);
    const limit = { source_timeout_seconds: 2 };
    const stuck = await make(limit);
    const failures = ['A', 'B', 'C', 'D'].map((symbol) => failure(stuck.feeder, { ...hourly, symbol }));
    await eventually('four requests wait for their answers', () => yahoo.asked.length === 4);
    const { feeder } = await make({ source_timeout_seconds: 300 });
    const frame = await Promise.race([feeder.fetch(hourly), ...failures]);
    expect(frame).toHaveProperty('length');
    for (const one of await Promise.all(failures))
      expect(one).toMatchObject({ message: expect.stringContaining('it did not answer in time') });
  });

  it('the time limit of a request begins when its turn has come: those before it do not use it up', async () => {
    const symbols = ['A', 'B', 'C', 'D', 'E', 'F', 'G', 'H'];
    yahoo.answer(...symbols.map(() => silent), chart);
    const { feeder } = await make({ source_timeout_seconds: 1, source_break_after: 1_000 });
    const failures = symbols.map((symbol) => failure(feeder, { ...hourly, symbol }));
    const frame = await feeder.fetch(hourly);
    expect(frame.length).toBeGreaterThan(0);
    for (const one of await Promise.all(failures))
      expect(one).toMatchObject({ message: expect.stringContaining('it did not answer in time') });
  });

  it('nor does the import of its client library, however long that takes', async () => {
    const settings = {
      source_timeout_seconds: 0.05,
      source_retries: 0,
      source_retry_delay_ms: 1,
      source_break_after: 1,
      source_break_seconds: 1,
    };
    const question = { symbol: 'MSFT', interval: '1h', from: 0, to: HOUR } as const;
    const found = { bars: [], sessionMs: HOUR, zone: null, notes: [] };
    let opened = (): void => undefined;
    const opening = new Promise<void>((resolve) => {
      opened = resolve;
    });
    const asked = resilientCharts(() => opening.then(() => () => Promise.resolve(found)), settings)(question);
    const silence = resilientCharts(() => Promise.resolve(() => new Promise(() => undefined)), settings);
    // its limit began later than that one's would have
    await expect(silence(question)).rejects.toThrow('it did not answer in time');
    opened();
    expect(await asked).toBe(found);
  });

  it.each<[string, Answer, string, RegExp, number]>([
    [
      'knows no such symbol',
      notFound,
      'no_data',
      /no bars of MSFT: No data found, symbol may be delisted; names there look like BRK-B, .* symbol_map translates others$/,
      1,
    ],
    [
      'says so with a 200',
      json(200, { chart: { result: null, error: { code: 'Not Found', description: 'No data found' } } }),
      'no_data',
      /: No data found; names there/,
      1,
    ],
    [
      'refuses the question',
      json(422, {
        chart: { result: null, error: { code: 'Unprocessable Entity', description: 'range too long' } },
      }),
      'invalid_request',
      /range too long$/,
      1,
    ],
    ['is asked too often', json(429, 'Too Many Requests'), 'source_unavailable', /it answers 429$/, 1],
    ['fails', json(500, {}), 'source_unavailable', /it answers 500$/, 3],
    [
      'fails with a page',
      (_, response) => void response.writeHead(502).end('<html>'),
      'source_unavailable',
      /it answers 502$/,
      3,
    ],
    ['sends a page', broken, 'source_unavailable', /its answer is not a chart$/, 3],
    [
      'sends nothing',
      (_, response) => void response.end(),
      'source_unavailable',
      /its answer is not a chart$/,
      3,
    ],
    ['cuts its answer off', cutOff, 'source_unavailable', /it cannot be reached$/, 3],
    [
      'sends an empty result',
      json(200, { chart: { result: null, error: null } }),
      'source_unavailable',
      /its answer is not a chart$/,
      3,
    ],
    [
      'sends no quotes',
      json(200, { chart: { result: [{ meta: {}, timestamp: [1] }] } }),
      'source_unavailable',
      /not a chart/,
      3,
    ],
    [
      'sends columns of another length',
      chartWith((result) => ({ ...result, timestamp: [1, 2, 3] })),
      'source_unavailable',
      /has not one open for each bar$/,
      3,
    ],
    [
      'sends text for a price',
      chartWith((result) => ({
        ...result,
        indicators: { quote: [{ ...result.indicators.quote[0], close: result.timestamp?.map(() => 'n/a') }] },
      })),
      'source_unavailable',
      /has a close that is no number$/,
      3,
    ],
    ['hangs up', (_, response) => void response.destroy(), 'source_unavailable', /it cannot be reached$/, 3],
    ['does not answer', silent, 'source_unavailable', /it did not answer in time$/, 3],
  ])('because it %s, the answer is clear', async (_, answer, code, message, attempts) => {
    yahoo.answer(answer);
    // Short only for the one that never answers: a busy machine takes its time for the others.
    const source_timeout_seconds = answer === silent ? 0.2 : 20;
    const { feeder } = await make({ source_retries: 2, source_timeout_seconds });
    expect(await failure(feeder)).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(yahoo.asked).toHaveLength(attempts);
  });

  it('an instrument without a bar in the range gives an empty frame', async () => {
    yahoo.answer(chartWith(({ meta }) => ({ meta, indicators: { quote: [{}] } })));
    const { feeder } = await make();
    expect((await feeder.fetch(hourly)).length).toBe(0);
  });

  it('it is asked again, and a later attempt counts', async () => {
    yahoo.answer(json(503, {}), (_, response) => void response.destroy(), chart);
    const { feeder } = await make({ source_retries: 2 });
    expect((await feeder.fetch(hourly)).length).toBe(256);
    expect(yahoo.asked).toHaveLength(3);
  });

  it('several times in a row, it is left alone for a while and then tried again', async () => {
    yahoo.answer(json(500, {}));
    const { feeder } = await make({ source_break_after: 3, source_break_seconds: 0.05 });
    for (let call = 0; call < 3; call += 1) await failure(feeder);
    expect(await failure(feeder)).toMatchObject({
      code: 'source_unavailable',
      message: expect.stringContaining('it failed repeatedly, so no requests are sent for a while'),
    });
    expect(yahoo.asked).toHaveLength(3);
    yahoo.answer(chart);
    let bars = 0;
    while (bars === 0)
      bars = await feeder.fetch(hourly).then(
        (frame) => frame.length,
        () => 0,
      );
    expect(yahoo.asked).toHaveLength(1);
  });

  it('bars that were stored are used, and the answer says so', async () => {
    const cache = memoryCache();
    const before = await make({}, cache);
    const fresh = await before.feeder.fetch(hourly);
    const stored = cache.bars.get('MSFT 1h');
    // The bar of 10:00 is still running at 10:20.
    expect([...(stored?.keys() ?? [])].at(-1)).toBe(Date.UTC(2026, 0, 5, 9));
    yahoo.answer(json(500, {}));
    const { feeder, lines } = await make({}, cache);
    const stale = await feeder.fetch(hourly);
    expect([...stale.column('CLOSE')].slice(-10)).toEqual([...fresh.column('CLOSE')].slice(-11, -1));
    expect(feeder.notes?.(stale)).toEqual([
      'stored_bars: MSFT: Yahoo Finance gave no answer about MSFT: it answers 500; the bars of MSFT are stored ones, the last is of 2026-01-05T09:00:00Z',
    ]);
    expect(lines[0]).toContain('stored bars are used');
    expect(await failure(feeder, { ...hourly, symbol: 'AAPL' })).toMatchObject({
      code: 'source_unavailable',
    });
  });

  it('stored bars grow by the new ones only', async () => {
    const cache = memoryCache();
    const writes: number[] = [];
    const counting: BarCache = {
      ...cache,
      write: async (symbol, interval, bars) => {
        writes.push(bars.length);
        await cache.write(symbol, interval, bars);
      },
    };
    const { feeder, clock } = await make({}, counting);
    await feeder.fetch(hourly);
    clock.jump(HOUR);
    await feeder.fetch(hourly);
    expect(writes[0]).toBeGreaterThan(256);
    expect(writes.slice(1)).toEqual([2]);
  });

  it('a store that fails too is logged and changes nothing', async () => {
    const cache = memoryCache();
    cache.failing = true;
    const { feeder, lines, clock } = await make({}, cache);
    expect((await feeder.fetch(hourly)).length).toBe(256);
    expect(lines).toEqual(['bars of MSFT could not be stored: Error: disk full']);
    yahoo.answer(json(500, {}));
    clock.jump(60_000);
    expect(await failure(feeder)).toMatchObject({ code: 'source_unavailable' });
    expect(lines.at(-1)).toBe('stored bars of MSFT could not be read: Error: disk full');
  });

  it('one caller gives up and the others still get the answer', async () => {
    let release: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      yahoo.answer((asked, response) => {
        release = () => chart(asked, response);
        resolve();
      });
    });
    const { feeder } = await make();
    const controller = new AbortController();
    const first = failure(feeder, { ...hourly, signal: controller.signal });
    const second = feeder.fetch(hourly);
    await arrived;
    controller.abort(new Error('gave up'));
    expect(await first).toMatchObject({ message: 'gave up' });
    release();
    expect((await second).length).toBe(256);
    expect(yahoo.asked).toHaveLength(1);
  });
});
