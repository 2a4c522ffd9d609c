import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { AppError } from '#libs/kernel';
import { ANSWER_TO_PLUGIN_ERROR } from '#libs/plugin-host';
import { Frame, PLUGIN_ERROR_CODES, PluginError, type Feeder, type Predictor } from '#libs/plugin-sdk';
import { flatForecast, HOUR, hourly, minimalPlugins, predictorNamed, question, stage } from './stage.js';

const entryQuestion = {
  time: 0,
  takeProfitPips: 5,
  stopLossPips: 10,
  spreadPips: 0,
  commissionPerLot: 0,
  slippagePips: 0,
};
const entryAnswer = { buy: 1, sell: 0, barsRemaining: 3, buyConfidence: 1, sellConfidence: 1 } as const;
const signal = new AbortController().signal;

const withPredictor = async (predictor: Predictor, looksAhead = false) => {
  const { registry, ...rest } = await stage({
    plugins: [predictorNamed('default_predictor', predictor, looksAhead)],
  });
  const status = () => registry.status().find(({ id }) => id === 'default_predictor');
  return { predictor: registry.active('predictor'), registry, status, ...rest };
};
const withFeeder = async (feeder: Partial<Feeder>) => {
  const { registry, ...rest } = await stage({
    plugins: [{ ...minimalPlugins.feeder, create: () => feeder }],
  });
  return { feeder: registry.active('feeder'), registry, ...rest };
};

describe('calls into plugins', () => {
  it.each(PLUGIN_ERROR_CODES)('answer %s with its own kind of error', async (code) => {
    const { predictor } = await withPredictor({
      entry: () => {
        throw new PluginError(code, 'see /srv/models/m.onnx');
      },
    });
    const caught = await (async () => predictor.entry(entryQuestion))().catch((error: unknown) => error);
    expect(caught).toBeInstanceOf(AppError);
    expect(caught).toMatchObject({ kind: ANSWER_TO_PLUGIN_ERROR[code], code });
    expect((caught as AppError).detail).not.toContain('/srv');
    expect((caught as AppError).detail.includes('m.onnx')).toBe(code !== 'plugin_failed');
  });

  it('answer any other error without its text, and log it', async () => {
    const { predictor, lines } = await withPredictor({
      entry: () => {
        throw new TypeError('undefined is not a price');
      },
    });
    expect(() => predictor.entry(entryQuestion)).toThrow('Plugin default_predictor failed');
    expect(lines.join()).toContain('undefined is not a price');
  });

  it('give a plugin error of another copy of the SDK its meaning', async () => {
    const foreign = Object.assign(new Error('no bars'), { name: 'PluginError', code: 'no_data' });
    const { predictor } = await withPredictor({ entry: async () => Promise.reject(foreign) });
    await expect(predictor.entry(entryQuestion)).rejects.toMatchObject({
      kind: 'not_found',
      code: 'no_data',
    });
  });

  it('are given up after the time limit, with the signal aborted', async () => {
    let aborted = false;
    const { feeder, clock, registry } = await withFeeder({
      fetch: ({ signal: inner }) =>
        new Promise(() => {
          inner?.addEventListener('abort', () => {
            aborted = true;
          });
        }),
    });
    const fetch = feeder.fetch({ symbol: 'A', interval: '1h' }, { timeoutMs: 2_000 });
    const error = fetch.catch((caught: unknown) => caught);
    await clock.advance(2_000);
    expect(await error).toMatchObject({
      kind: 'unavailable',
      code: 'plugin_timeout',
      message: 'Plugin default_feeder did not answer within 2 s',
    });
    expect(aborted).toBe(true);
    expect(clock.pending).toBe(0);
    expect(registry.status().find(({ id }) => id === 'default_feeder')).toMatchObject({
      calls: 1,
      failures: 1,
      running: 0,
      last_error_code: 'plugin_timeout',
      last_duration_ms: null,
    });
  });

  it('take the configured time limit when none is given, also after it changed', async () => {
    const { feeder, clock, registry } = await withFeeder({ fetch: () => new Promise(() => undefined) });
    registry.setTimeLimit(60_000);
    const error = feeder.fetch({ symbol: 'A', interval: '1h' }).catch((caught: unknown) => caught);
    await clock.advance(60_000);
    expect(await error).toMatchObject({ message: 'Plugin default_feeder did not answer within 60 s' });
  });

  it('end with the reason of the caller who cancels, and leave no timer behind', async () => {
    const { feeder, clock } = await withFeeder({ fetch: () => new Promise(() => undefined) });
    const controller = new AbortController();
    const fetch = feeder.fetch({ symbol: 'A', interval: '1h', signal: controller.signal });
    const error = fetch.catch((caught: unknown) => caught);
    controller.abort(new AppError('conflict', 'cancelled by its owner'));
    expect(await error).toMatchObject({ kind: 'conflict', message: 'cancelled by its owner' });
    expect(clock.pending).toBe(0);
    await expect(
      feeder.fetch({ symbol: 'A', interval: '1h', signal: AbortSignal.abort() }),
    ).rejects.toMatchObject({
      code: 'cancelled',
    });
  });

  it('leave no listener behind on a signal that outlives them', async () => {
    const { feeder } = await withFeeder({ fetch: async () => hourly() });
    const long = new AbortController();
    await feeder.fetch({ symbol: 'A', interval: '1h', signal: long.signal });
    expect(getEventListeners(long.signal, 'abort')).toHaveLength(0);
  });

  it('that answer at once need no promise and are counted; their time is sampled', async () => {
    const { predictor, status } = await withPredictor({
      entry: () => entryAnswer,
      exit: async () => ({ keep: 1, confidence: 1 }),
    });
    expect(predictor.entry(entryQuestion)).toBe(entryAnswer);
    for (let call = 0; call < 99; call += 1) void predictor.entry(entryQuestion);
    expect(status()).toMatchObject({ calls: 100, failures: 0, last_duration_ms: 0 });
    const exit = predictor.exit({ time: 0, direction: 'buy', takeProfitPrice: 1, stopLossPrice: 1 });
    expect(exit).toBeInstanceOf(Promise);
    await expect(exit).resolves.toEqual({ keep: 1, confidence: 1 });
  });

  it('count what the caller caused apart from what went wrong', async () => {
    const errors = [
      'invalid_request',
      'no_data',
      'unsupported',
      'source_unavailable',
      'plugin_failed',
    ] as const;
    let next = 0;
    const { predictor, status } = await withPredictor({
      entry: () => {
        throw new PluginError(errors[next++] ?? 'plugin_failed', 'x');
      },
    });
    for (const _ of errors) expect(() => predictor.entry(entryQuestion)).toThrow(AppError);
    expect(status()).toMatchObject({ calls: 5, refusals: 3, failures: 2, last_error_code: 'plugin_failed' });
  });

  it('that the plugin does not declare, or declares and lacks, are refused with 501', async () => {
    const { predictor } = await withPredictor({});
    expect(() => predictor.setNoise(0.1)).toThrow('Predictor default_predictor does not offer noise');
    expect(() => predictor.metrics()).toThrow('Predictor does not support get_metrics');
    expect(() => predictor.entry(entryQuestion)).toThrow(
      expect.objectContaining({ kind: 'unsupported', detail: 'Predictor does not support predict_entry' }),
    );
    await expect(predictor.forecast(hourly(), { ...question, signal })).rejects.toMatchObject({
      kind: 'unsupported',
    });
  });
});

describe('answers of plugins', () => {
  it.each([
    ['a signal that is neither 0 nor 1', { ...entryAnswer, buy: 0.4 }],
    ['no bars', { ...entryAnswer, barsRemaining: NaN }],
    ['a confidence beyond 1', { ...entryAnswer, sellConfidence: 2 }],
    ['nothing', undefined],
  ])('with %s are a failure of the plugin', async (_, answer) => {
    const { predictor, lines } = await withPredictor({ entry: () => answer as never });
    expect(() => predictor.entry(entryQuestion)).toThrow('Plugin default_predictor failed');
    expect(lines).toHaveLength(1);
  });

  it('must have the horizons that were asked, in their order', async () => {
    const { predictor, lines } = await withPredictor({
      forecast: (frame, request) => flatForecast(frame, { ...request, horizons: [1, 2, 3] }),
    });
    const forecast = predictor.forecast(hourly(), { ...question, horizons: [3, 1, 2], signal });
    await expect(forecast).rejects.toMatchObject({ code: 'plugin_failed' });
    expect(lines[0]).toContain('horizons are 1,2,3, but 3,1,2 were requested');
  });

  it('never come from bars after the baseline, unless the predictor says that it looks ahead', async () => {
    const baseline = Date.UTC(2026, 0, 5) + 2 * HOUR;
    const seen: number[] = [];
    const predictor: Predictor = {
      forecast: (frame, request) => {
        seen.push(frame.length);
        return flatForecast(frame, request);
      },
    };
    const honest = await withPredictor(predictor);
    await honest.predictor.forecast(hourly(5), { ...question, baseline, signal });
    const oracle = await withPredictor(predictor, true);
    await oracle.predictor.forecast(hourly(5), { ...question, baseline, signal });
    expect(seen).toEqual([3, 5]);
    await expect(
      honest.predictor.forecast(hourly(5), { ...question, baseline: 0, signal }),
    ).rejects.toMatchObject({ kind: 'not_found', code: 'no_data' });
    await expect(honest.predictor.forecast(hourly(0), { ...question, signal })).rejects.toMatchObject({
      code: 'no_data',
    });
  });

  it('never come from later bars for a model that a test instrument says does not look ahead', async () => {
    const baseline = Date.UTC(2026, 0, 5) + 2 * HOUR;
    const seen: number[] = [];
    const mixed: Predictor = {
      looksAheadWith: (modelName) => modelName === null,
      forecast: (frame, request) => {
        seen.push(frame.length);
        return flatForecast(frame, request);
      },
    };
    const { predictor, status } = await withPredictor(mixed, true);
    await predictor.forecast(hourly(5), { ...question, baseline, signal });
    await predictor.forecast(hourly(5), { ...question, baseline, modelName: 'trained', signal });
    const trained = await withPredictor({ ...mixed, looksAheadWith: () => false }, true);
    await trained.predictor.forecast(hourly(5), { ...question, baseline, signal });
    // What a definition does not declare, an instance cannot take.
    const undeclared = await withPredictor({ ...mixed, looksAheadWith: () => true });
    await undeclared.predictor.forecast(hourly(5), { ...question, baseline, signal });
    expect(seen).toEqual([5, 3, 3, 3]);
    expect([status()?.looks_ahead, trained.status()?.looks_ahead]).toEqual([true, false]);
  });

  it('of a feeder hold no bar later than asked and every column that was asked', async () => {
    const asOf = Date.UTC(2026, 0, 5) + HOUR;
    const { feeder, lines } = await withFeeder({ fetch: async () => hourly(5) });
    await expect(feeder.fetch({ symbol: 'A', interval: '1h', asOf })).rejects.toMatchObject({
      code: 'plugin_failed',
    });
    expect(lines[0]).toContain('a bar of 2026-01-05T04:00:00.000Z is later than asOf');
    await expect(feeder.fetch({ symbol: 'A', interval: '1h', columns: ['RSI'] })).rejects.toMatchObject({
      code: 'plugin_failed',
    });
    const other = await withFeeder({ fetch: async () => ({ rows: [] }) as unknown as Frame });
    await expect(other.feeder.fetch({ symbol: 'A', interval: '1h' })).rejects.toMatchObject({
      code: 'plugin_failed',
    });
  });
});
