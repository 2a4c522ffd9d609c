import { afterAll, describe, expect, it } from '@jest/globals';
import { Frame, type ForecastRequest } from '#libs/plugin-sdk';
import idealBaseline from '../../../libs/plugins/src/predictors/default-predictor/default-predictor.js';
import noisyIdeal, {
  type NoisyIdealPredictor,
} from '../../../libs/plugins/src/predictors/noisy-ideal-predictor.js';
import { at, createPredictor, forecastRequest, scratchFolder } from './predictor-context.js';

const HOUR = 3_600_000;
const start = at('2024-01-10 00:00');
const frameOf = (closes: readonly number[], name = 'CLOSE') =>
  Frame.of(
    Float64Array.from(closes, (_, row) => start + row * HOUR),
    { [name]: Float64Array.from(closes) },
  );
const folder = scratchFolder();
afterAll(() => folder.remove());

describe('the ideal baseline', () => {
  const frame = frameOf([1, 2, 3, 4, 5]);
  const ask = async (part: Partial<ForecastRequest>, given = {}) => {
    const predictor = await createPredictor(idealBaseline, given);
    return predictor.forecast?.(frame, forecastRequest(part));
  };

  it('reads what followed and names its mode', async () => {
    expect(await ask({ baseline: start + HOUR, horizons: [2, 1], dateColumn: 'WHEN' })).toEqual({
      mode: 'ideal_future_baseline',
      date_column: 'WHEN',
      target_column: 'CLOSE',
      baseline_datetime: '2024-01-10T01:00:00',
      baseline_value: 2,
      horizons: [2, 1],
      predictions: [4, 3],
      future_datetimes: ['2024-01-10T03:00:00', '2024-01-10T02:00:00'],
      uncertainty: [0, 0],
      errors: [],
      seed: null,
      metadata: { looks_ahead: true },
    });
  });

  it('lists horizons beyond the end as insufficient', async () => {
    expect(await ask({ baseline: start + 3 * HOUR, horizons: [1, 2] })).toMatchObject({
      predictions: [5, null],
      future_datetimes: ['2024-01-10T04:00:00', null],
      uncertainty: [0, null],
      errors: [{ horizon: 2, error: 'insufficient_future_data' }],
    });
  });

  it.each<[string, Partial<ForecastRequest>, string]>([
    ['between bars the earlier one', { baseline: start + 1.9 * HOUR, horizons: [1] }, '01'],
    ['before the data the first bar', { baseline: start - HOUR, horizons: [1] }, '00'],
    ['without a baseline the last bar with a future', { horizons: [1, 3] }, '01'],
    ['without enough data the first bar', { horizons: [99] }, '00'],
  ])('starts %s from %s', async (_, part, hour) => {
    expect(await ask(part)).toMatchObject({ baseline_datetime: `2024-01-10T${hour}:00:00` });
  });

  it('answers the asked, then the configured horizon, and an empty list with nothing', async () => {
    expect(await ask({ horizon: 2 })).toMatchObject({ horizons: [1, 2] });
    expect(await ask({})).toMatchObject({ horizons: [1, 2, 3, 4, 5, 6] });
    expect(await ask({}, { prediction_horizon: 3 })).toMatchObject({ horizons: [1, 2, 3] });
    expect(await ask({ horizons: [] })).toMatchObject({ horizons: [], predictions: [], errors: [] });
  });

  it.each<[string, Partial<ForecastRequest>, string]>([
    ['a missing column', { targetColumn: 'OPEN' }, 'there is no column "OPEN"; the data has CLOSE'],
    ['a horizon of zero', { horizons: [0] }, 'a horizon must be a whole number of at least 1'],
  ])('refuses %s', async (_, part, text) => {
    await expect(ask(part)).rejects.toThrow(text);
    await expect(ask(part)).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('refuses a frame without bars', async () => {
    const predictor = await createPredictor(idealBaseline, {});
    expect(() => predictor.forecast?.(frameOf([]), forecastRequest())).toThrow('no bars');
  });

  it('needs a value at the baseline, and lists missing ones ahead', async () => {
    const predictor = await createPredictor(idealBaseline, {});
    const holes = frameOf([1, NaN, 3]);
    const request = (row: number) => forecastRequest({ baseline: start + row * HOUR, horizons: [1, 2] });
    expect(await predictor.forecast?.(holes, request(0))).toMatchObject({
      predictions: [null, 3],
      uncertainty: [null, 0],
      errors: [{ horizon: 1, error: 'missing_value' }],
    });
    expect(() => predictor.forecast?.(holes, request(1))).toThrow(
      'the bar at 2024-01-10T01:00:00 has no value',
    );
  });

  it('takes a column that is spelled in other case', async () => {
    const predictor = await createPredictor(idealBaseline, {});
    const output = await predictor.forecast?.(frameOf([1, 2], 'Close'), forecastRequest({ horizons: [1] }));
    expect(output).toMatchObject({ target_column: 'Close', predictions: [2] });
  });
});

describe('the noisy ideal predictor', () => {
  const frame = frameOf(Array.from({ length: 200 }, (_, row) => 100 + row));
  const create = (given: Readonly<Record<string, unknown>>) =>
    createPredictor<NoisyIdealPredictor, typeof noisyIdeal.parameters>(noisyIdeal, given);

  it('gives hours, then days, when a request names no horizon', async () => {
    const predictor = await create({ hourly_horizons: 2, daily_horizons: 3 });
    expect(predictor.forecast(frame, forecastRequest({ baseline: start }))).toMatchObject({
      mode: 'noisy_ideal',
      horizons: [1, 2, 24, 48, 72],
      predictions: [101, 102, 124, 148, 172],
      uncertainty: [0, 0, 0, 0, 0],
      seed: null,
    });
  });

  it('matches the nearest bar, later on a tie, or the previous one', async () => {
    const from = async (given: Readonly<Record<string, unknown>>) =>
      (await create(given)).forecast(frame, forecastRequest({ baseline: start + 1.5 * HOUR, horizons: [1] }))
        .baseline_value;
    expect(await from({})).toBe(102);
    expect(await from({ timestamp_match: 'previous' })).toBe(101);
    await expect(from({ match_limit_seconds: 60 })).rejects.toMatchObject({ code: 'no_data' });
  });

  it('reports what lies beyond the data, or holds the current value', async () => {
    const part = { baseline: start + 198 * HOUR, horizons: [1, 2, 3] };
    expect((await create({})).forecast(frame, forecastRequest(part))).toMatchObject({
      predictions: [299, null, null],
      uncertainty: [0, null, null],
      errors: [2, 3].map((horizon) => ({ horizon, error: 'insufficient_future_data' })),
    });
    expect((await create({ tail: 'hold' })).forecast(frame, forecastRequest(part))).toMatchObject({
      predictions: [299, 298, 298],
      future_datetimes: ['2024-01-18T07:00:00', null, null],
      errors: [],
    });
  });

  it('adds one sequential draw per horizon, in order, held values included', async () => {
    const predictor = await create({ noise_std: 10, noise_mode: 'sequential', tail: 'hold' });
    const draws = [0.30471707975443135, -1.0399841062404955, 0.7504511958064572, 0.9405647163912139];
    const first = predictor.forecast(frame, forecastRequest({ baseline: start, horizons: [1, 2] }));
    expect(first.predictions).toEqual([101 + 10 * (draws[0] ?? 0), 102 + 10 * (draws[1] ?? 0)]);
    expect(first).toMatchObject({ uncertainty: [10, 10], seed: 42 });
    const second = predictor.forecast(
      frame,
      forecastRequest({ baseline: start + 199 * HOUR, horizons: [5, 1] }),
    );
    expect(second.predictions).toEqual([299 + 10 * (draws[2] ?? 0), 299 + 10 * (draws[3] ?? 0)]);
    predictor.setNoise(10);
    expect(predictor.forecast(frame, forecastRequest({ baseline: start, horizons: [1, 2] }))).toEqual(first);
  });

  it('draws by seed, symbol, bar and horizon when keyed, whatever else is asked', async () => {
    const predictor = await create({ noise_std: 1 });
    const ask = (part: Partial<ForecastRequest>) =>
      predictor.forecast(frame, forecastRequest({ baseline: start, ...part })).predictions;
    const both = ask({ horizons: [1, 2] });
    expect(ask({ horizons: [2, 1] })).toEqual(both.toReversed());
    expect(ask({ horizons: [2] })).toEqual([both[1]]);
    expect(ask({ horizons: [1, 2], symbol: 'USDJPY' })).not.toEqual(both);
    expect((both[0] ?? 0) - 101).not.toBe((both[1] ?? 0) - 102);
  });

  it('reads its own file when it has one', async () => {
    const csv_file = folder.write(
      'own.csv',
      'DATE_TIME,CLOSE\n2024-01-10 00:00:00,7\n2024-01-10 01:00:00,8\n',
    );
    const predictor = await create({ csv_file });
    expect(predictor.forecast(frame, forecastRequest({ horizons: [1] })).predictions).toEqual([8]);
    expect(predictor.describe()).toMatchObject({ looks_ahead: true, supported_types: ['forecast'] });
  });
});
