import { readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createPlugin,
  Frame,
  predictorConformance,
  type ForecastOutput,
  type ForecastRequest,
  type Predictor,
} from '#libs/plugin-sdk';
import { FakeClock } from '../../../libs/testing/src/fake-clock.js';
import defaultPredictor from '../../../libs/plugins/src/predictors/default-predictor/default-predictor.js';
import { at, forecastRequest } from './predictor-context.js';
import { denseAnswer, modelFolder, type DenseModel, type ModelFolder } from './trained-models.js';

const HOUR = 3_600_000;
const start = at('2024-01-08');
const ROWS = 60;
const close = (row: number) => 100 + 10 * Math.sin(row);
const volume = (row: number) => 1000 + row;
const barsOf = (closes: (row: number) => number, rows = ROWS) =>
  Frame.of(
    Float64Array.from({ length: rows }, (_, row) => start + row * HOUR),
    {
      Close: Float64Array.from({ length: rows }, (_, row) => closes(row)),
      VOLUME: Float64Array.from({ length: rows }, (_, row) => volume(row)),
    },
  );
const bars = barsOf(close);

const LINEAR: DenseModel = {
  bars: 4,
  columns: 2,
  outputs: 3,
  kernel: (input, output) => Math.sin(1 + input + 10 * output) / 4,
  bias: (output) => output / 8,
};
const DROPPING: DenseModel = { ...LINEAR, dropout: 0.5 };
const METADATA = { feature_columns: ['VOLUME', 'CLOSE'], window_size: 4, target_column: 'CLOSE' };
const BOUNDS = { CLOSE: { min: 80, max: 130 }, VOLUME: { min: 0, max: 2000 } };
const MOMENTS = { CLOSE: { mean: 100, std: 7 }, VOLUME: { mean: 1000, std: 20 } };

/** The window that ends at a row, scaled by a function of column and value. */
const windowTo = (row: number, scale = (_: 'CLOSE' | 'VOLUME', value: number) => value) =>
  [3, 2, 1, 0].flatMap((back) => [scale('VOLUME', volume(row - back)), scale('CLOSE', close(row - back))]);
const byBounds = (column: 'CLOSE' | 'VOLUME', value: number) =>
  (value - BOUNDS[column].min) / (BOUNDS[column].max - BOUNDS[column].min);
const byMoments = (column: 'CLOSE' | 'VOLUME', value: number) =>
  (value - MOMENTS[column].mean) / MOMENTS[column].std;

let folder: ModelFolder;
beforeAll(() => {
  folder = modelFolder();
});
afterAll(() => folder.remove());

const open: Predictor[] = [];
afterEach(async () => {
  for (const predictor of open.splice(0)) await predictor.close?.();
});
const create = async (given: Readonly<Record<string, unknown>>): Promise<Predictor> => {
  const predictor = (await createPlugin(defaultPredictor, given, { clock: new FakeClock() })) as Predictor;
  open.push(predictor);
  return predictor;
};
const ask = async (
  predictor: Predictor,
  part: Partial<ForecastRequest> = {},
  frame = bars,
): Promise<ForecastOutput> => {
  if (predictor.forecast === undefined) throw new Error('no forecast');
  return predictor.forecast(frame, forecastRequest({ horizons: [1, 2, 3], ...part }));
};
const closeTo = (values: readonly number[], digits = 4) =>
  values.map((value) => expect.closeTo(value, digits) as unknown);

describe('a trained model without random layers', () => {
  it('answers as plain loops do, from the last bar, and says that it measures no uncertainty', async () => {
    const predictor = await create({ model_path: folder.model('linear', LINEAR, METADATA) });
    const output = await ask(predictor);
    const want = denseAnswer(LINEAR, windowTo(ROWS - 1));
    expect(output).toMatchObject({
      mode: 'model',
      target_column: 'Close',
      baseline_datetime: '2024-01-10T11:00:00',
      baseline_value: close(ROWS - 1),
      horizons: [1, 2, 3],
      predictions: closeTo(want, 2),
      prediction: [closeTo(want, 2)],
      uncertainty: [0, 0, 0],
      future_datetimes: ['2024-01-10T12:00:00', '2024-01-10T13:00:00', '2024-01-10T14:00:00'],
      errors: [],
      seed: null,
      metadata: {
        model_path: 'linear.json',
        model_type: 'tfjs',
        model_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        mc_samples: 0,
        de_normalized: false,
        prediction_horizon: 3,
        uncertainty_note: expect.stringContaining('no random layers'),
      },
    });
    expect(output.intervals).toBeUndefined();
  });

  it('starts at the last bar not later than the baseline, and never reads a later one', async () => {
    const predictor = await create({ model_path: folder.model('past', LINEAR, METADATA) });
    const baseline = start + 20.5 * HOUR;
    const output = await ask(predictor, { baseline });
    expect(output).toMatchObject({
      baseline_datetime: '2024-01-08T20:00:00',
      predictions: closeTo(denseAnswer(LINEAR, windowTo(20)), 2),
    });
    const changed = barsOf((row) => (row > 20 ? -1e6 * row : close(row)));
    expect(await ask(predictor, { baseline }, changed)).toEqual(output);
    expect(await ask(predictor, { baseline }, bars.slice(0, 21))).toEqual(output);
  });

  it('answers the asked horizons in their order, and lists those beyond the model', async () => {
    const predictor = await create({ model_path: folder.model('order', LINEAR, METADATA) });
    const [one, , three] = denseAnswer(LINEAR, windowTo(ROWS - 1));
    expect(await ask(predictor, { horizons: [3, 9, 1] })).toMatchObject({
      horizons: [3, 9, 1],
      predictions: [expect.closeTo(three ?? NaN, 2), null, expect.closeTo(one ?? NaN, 2)],
      uncertainty: [0, null, 0],
      future_datetimes: ['2024-01-10T14:00:00', null, '2024-01-10T12:00:00'],
      errors: [{ horizon: 9, error: 'beyond_model_horizon' }],
    });
    expect((await ask(predictor, { horizons: null, horizon: 2 })).horizons).toEqual([1, 2]);
    expect((await ask(predictor, { horizons: null })).horizons).toEqual([1, 2, 3]);
  });

  it('takes the steps of its outputs from the metadata', async () => {
    const one: DenseModel = { ...LINEAR, outputs: 1 };
    const path = folder.model('step24', one, { ...METADATA, horizons: [24] });
    const predictor = await create({ model_path: path });
    const output = await ask(predictor, { horizons: null });
    expect(output).toMatchObject({
      horizons: [24],
      predictions: closeTo(denseAnswer(one, windowTo(ROWS - 1)), 2),
      future_datetimes: ['2024-01-11T11:00:00'],
    });
    expect((await ask(predictor, { horizons: [1] })).errors).toEqual([
      { horizon: 1, error: 'beyond_model_horizon' },
    ]);
  });

  it('takes a window without a time axis, bar after bar', async () => {
    const flat: DenseModel = { ...LINEAR, timeAxis: false };
    const predictor = await create({ model_path: folder.model('flat', flat, METADATA) });
    expect((await ask(predictor)).predictions).toEqual(closeTo(denseAnswer(flat, windowTo(ROWS - 1)), 2));
  });

  it('needs no metadata for a model of the target alone', async () => {
    const alone: DenseModel = { ...LINEAR, columns: 1 };
    const predictor = await create({ model_path: folder.model('alone', alone) });
    const window = [3, 2, 1, 0].map((back) => close(ROWS - 1 - back));
    expect((await ask(predictor)).predictions).toEqual(closeTo(denseAnswer(alone, window), 3));
    expect(await predictor.describe?.()).toMatchObject({ required_columns: ['CLOSE'], window_size: 4 });
  });
});

describe('normalisation', () => {
  const given = (name: string, metadata: object = METADATA) => ({
    model_path: folder.model(name, LINEAR, metadata),
  });

  it.each([
    ['flat_bounds', BOUNDS, byBounds, (y: number) => y * 50 + 80],
    ['nested_bounds', { min_max_values: BOUNDS }, byBounds, (y: number) => y * 50 + 80],
    ['moments', MOMENTS, byMoments, (y: number) => y * 7 + 100],
  ])('by %s is applied to the window and undone on the answer', async (name, json, scale, undo) => {
    const want = denseAnswer(LINEAR, windowTo(ROWS - 1, scale)).map(undo);
    const file = folder.write(`scale_${name}.json`, JSON.stringify(json));
    const own = await create({ ...given(`own_${name}`), normalization_params_path: file });
    const embedded = await create(given(`embedded_${name}`, { ...METADATA, normalization: json }));
    for (const predictor of [own, embedded]) {
      const output = await ask(predictor);
      expect(output.predictions).toEqual(closeTo(want, 4));
      expect(output.metadata).toMatchObject({ de_normalized: true });
    }
  });

  it('scales the width of an answer without shifting it', async () => {
    const path = folder.model('width', DROPPING, { ...METADATA, output_scale: 'none' });
    const scaled = folder.model('scaled', DROPPING, METADATA);
    const file = folder.write('moments.json', JSON.stringify(MOMENTS));
    const common = { normalization_params_path: file, mc_seed: 3 };
    const raw = await ask(await create({ ...common, model_path: path }));
    const undone = await ask(await create({ ...common, model_path: scaled }));
    expect(undone.uncertainty).toEqual(
      closeTo(
        raw.uncertainty.map((width) => 7 * (width ?? NaN)),
        9,
      ),
    );
    expect(undone.predictions).toEqual(
      closeTo(
        raw.predictions.map((value) => 7 * (value ?? NaN) + 100),
        9,
      ),
    );
  });

  it('is refused when it would do nothing, or leave the answer in unknown units', async () => {
    const other = folder.write('other.json', JSON.stringify({ OPEN: { min: 0, max: 1 } }));
    await expect(create({ ...given('n1'), normalization_params_path: other })).rejects.toThrow(
      'model_path: n1.json: its normalisation knows none of feature_columns; it knows OPEN',
    );
    const inputs = folder.write('inputs.json', JSON.stringify({ VOLUME: { min: 0, max: 1 } }));
    await expect(create({ ...given('n2'), normalization_params_path: inputs })).rejects.toThrow(
      'the normalisation has no entry "CLOSE" for the outputs',
    );
    await expect(create({ ...given('n3'), normalization_params_path: 'none.json' })).rejects.toThrow(
      'normalization_params_path: there is no file none.json',
    );
  });
});

describe('returns', () => {
  it.each([
    ['return', (base: number, y: number) => base * (1 + y)],
    ['log_return', (base: number, y: number) => base * Math.exp(y)],
  ])('of kind %s become values of the target', async (target, valueOf) => {
    const small: DenseModel = {
      ...LINEAR,
      kernel: (input, output) => (input % 2 === 0 ? 0 : Math.sin(input + output) / 1e3),
    };
    const path = folder.model(target, small, { ...METADATA, target });
    const base = close(ROWS - 1);
    const want = denseAnswer(small, windowTo(ROWS - 1)).map((y) => valueOf(base, y));
    expect((await ask(await create({ model_path: path }))).predictions).toEqual(closeTo(want, 3));
  });

  it('have mean and spread of the values, not of the exponents', async () => {
    const wide: DenseModel = { ...DROPPING, kernel: (input) => (input % 2 === 0 ? 0 : 0.002), outputs: 1 };
    const path = folder.model('wide', wide, { ...METADATA, target: 'log_return' });
    const output = await ask(await create({ model_path: path, mc_samples: 4000, mc_seed: 1 }), {
      horizons: [1],
    });
    // Each of four closes is dropped, or doubled: the mean of a product of independent factors is that of the means.
    const base = close(ROWS - 1);
    const factors = [3, 2, 1, 0].map((back) => Math.exp(0.004 * close(ROWS - 1 - back)));
    const mean = base * factors.reduce((product, factor) => product * ((1 + factor) / 2), 1);
    const square = base ** 2 * factors.reduce((product, factor) => product * ((1 + factor ** 2) / 2), 1);
    const std = Math.sqrt(square - mean ** 2);
    expect(Math.abs((output.predictions[0] ?? NaN) - mean)).toBeLessThan((4 * std) / Math.sqrt(4000));
    expect(Math.abs((output.uncertainty[0] ?? NaN) / std - 1)).toBeLessThan(0.1);
  });
});

describe('Monte-Carlo dropout', () => {
  const given = (name: string, more: object = {}) => ({
    model_path: folder.model(name, DROPPING, METADATA),
    ...more,
  });

  it('has the mean and the spread that the dropout rate gives', async () => {
    const samples = 4000;
    const output = await ask(await create(given('spread', { mc_samples: samples, mc_seed: 11 })));
    const window = windowTo(ROWS - 1);
    denseAnswer(DROPPING, window).forEach((mean, at) => {
      // Inverted dropout of rate ½: each product is 0 or doubled, with variance equal to its square.
      const std = Math.sqrt(
        window.reduce((sum, value, input) => sum + (value * DROPPING.kernel(input, at)) ** 2, 0),
      );
      expect(Math.abs((output.predictions[at] ?? NaN) - mean)).toBeLessThan((4 * std) / Math.sqrt(samples));
      expect(Math.abs((output.uncertainty[at] ?? NaN) / std - 1)).toBeLessThan(0.05);
    });
    expect(output).toMatchObject({ mode: 'mc_dropout', seed: 11, metadata: { mc_samples: samples } });
  });

  it('gives the interval at its level and the quantiles, in order', async () => {
    const parameters = { mc_seed: 5, prediction_confidence_level: 0.8, quantile_levels: [0.1, 0.5, 0.9] };
    const { intervals, quantiles } = await ask(await create(given('interval', parameters)));
    expect(intervals).toHaveLength(1);
    expect(intervals?.[0]?.level).toBe(0.8);
    expect(intervals?.[0]?.lower).toEqual(closeTo((quantiles?.['0.1'] ?? []).map(Number), 3));
    expect(intervals?.[0]?.upper).toEqual(closeTo((quantiles?.['0.9'] ?? []).map(Number), 3));
    (quantiles?.['0.5'] ?? []).forEach((median, at) => {
      expect(Number(intervals?.[0]?.lower[at])).toBeLessThan(Number(median));
      expect(Number(intervals?.[0]?.upper[at])).toBeGreaterThan(Number(median));
    });
  });

  it('repeats a forecast bit for bit from its seed, whether that was given or drawn', async () => {
    const drawing = await create(given('drawn'));
    const [first, second] = [await ask(drawing), await ask(drawing)];
    expect(first.seed).not.toBe(second.seed);
    expect(first.predictions).not.toEqual(second.predictions);
    const again = await create(given('drawn', { mc_seed: first.seed }));
    expect(await ask(again)).toEqual(first);
    expect(await ask(again)).toEqual(first);
  });

  it('makes one certain pass when no samples are asked for', async () => {
    const output = await ask(await create(given('none', { mc_samples: 0 })));
    expect(output).toMatchObject({
      mode: 'model',
      predictions: closeTo(denseAnswer(DROPPING, windowTo(ROWS - 1)), 2),
      uncertainty: [0, 0, 0],
      metadata: { uncertainty_note: expect.stringContaining('mc_samples is 0') },
    });
  });

  it('answers many at once, each as it would be alone', async () => {
    const predictor = await create(given('many', { mc_seed: 2 }));
    const baselines = Array.from({ length: 20 }, (_, index) => start + (10 + index) * HOUR);
    const together = await Promise.all(baselines.map((baseline) => ask(predictor, { baseline })));
    for (const [index, baseline] of baselines.entries()) {
      expect(together[index]).toEqual(await ask(predictor, { baseline }));
    }
  });
});

describe('files that are served', () => {
  it('may be replaced while the server runs', async () => {
    const path = folder.model('replaced', LINEAR, METADATA);
    const predictor = await create({ model_path: path });
    const before = await ask(predictor);
    const other: DenseModel = { ...LINEAR, kernel: (input, output) => Math.cos(input - output) / 4 };
    folder.write('replaced_metadata.json', JSON.stringify({ ...METADATA, normalization: MOMENTS }));
    folder.model('replaced', other, null);
    // The topology of both is the same text, so the identity would be too without another name.
    folder.write(
      'replaced.json',
      JSON.stringify({
        ...(JSON.parse(readFileSync(path, 'utf8')) as object),
        generatedBy: 'a second training',
      }),
    );
    const after = await ask(predictor);
    expect(after.predictions).toEqual(
      closeTo(denseAnswer(other, windowTo(ROWS - 1, byMoments)).map((y) => y * 7 + 100)),
    );
    expect(after.metadata?.['model_sha256']).not.toBe(before.metadata?.['model_sha256']);
  });

  it('are chosen by the name that a request gives', async () => {
    const other: DenseModel = { ...LINEAR, bias: () => 5 };
    const fast = folder.model('fast', other, METADATA);
    const named = await create({ model_files: { fast }, model_cache_size: 1 });
    expect(named.looksAheadWith?.('fast')).toBe(false);
    expect(named.looksAheadWith?.(null)).toBe(true);
    expect((await ask(named)).mode).toBe('ideal_future_baseline');
    const output = await ask(named, { modelName: 'fast' });
    expect(output.predictions).toEqual(closeTo(denseAnswer(other, windowTo(ROWS - 1)), 2));
    expect(output.metadata).toMatchObject({ model_name: 'fast', model_path: 'fast.json' });
    await expect(ask(named, { modelName: 'slow' })).rejects.toThrow(
      'there is no model "slow"; model_files has fast',
    );
    const both = await create({
      model_files: { fast },
      model_path: folder.model('main', LINEAR, METADATA),
      model_cache_size: 1,
    });
    expect(both.looksAheadWith?.(null)).toBe(false);
    // A cache of one: the models put each other out all the time.
    const turns = Array.from({ length: 12 }, (_, turn) => (turn % 2 === 0 ? 'fast' : null));
    const outputs = await Promise.all(turns.map((modelName) => ask(both, { modelName })));
    outputs.forEach(({ predictions }, turn) => {
      const model = turn % 2 === 0 ? other : LINEAR;
      expect(predictions).toEqual(closeTo(denseAnswer(model, windowTo(ROWS - 1)), 2));
    });
  });

  it('tell what they are', async () => {
    const path = folder.model('told', DROPPING, { ...METADATA, normalization: MOMENTS });
    const predictor = await create({ model_path: path });
    expect(await predictor.describe?.()).toMatchObject({
      model_name: 'default_predictor',
      window_size: 4,
      supported_types: ['forecast'],
      entry_directions: [],
      exit_directions: [],
      prediction_scope: 'mc_dropout',
      required_columns: ['VOLUME', 'CLOSE'],
      accepts_ohlc_window: false,
      looks_ahead: false,
      model_loaded: true,
      model_type: 'tfjs',
      model_path: 'told.json',
      input_shape: [null, 4, 2],
      output_shape: [null, 3],
      total_params: 27,
      stochastic: true,
      horizons: [1, 2, 3],
      normalized_columns: ['VOLUME', 'CLOSE'],
    });
  });

  it('are refused clearly, without their folder', async () => {
    const bytes = folder.write('broken.keras', 'not an archive');
    const wide = folder.model('wide_columns', LINEAR, { ...METADATA, feature_columns: ['CLOSE'] });
    const long = folder.model('long_window', LINEAR, { ...METADATA, window_size: 5 });
    const faulty = folder.model('faulty', LINEAR, { feature_columns: [], window_size: 0, target: 'volume' });
    const steps = folder.model('steps', LINEAR, { ...METADATA, horizons: [1, 2] });
    const sound = folder.model('sound', LINEAR, METADATA);
    const cases: readonly (readonly [Readonly<Record<string, unknown>>, RegExp])[] = [
      [{ model_path: '/srv/models/none.keras' }, /^model_path: none\.keras: the model file cannot be opened/],
      [{ model_path: bytes }, /^model_path: broken\.keras: /],
      [{ model_files: { a: bytes } }, /^model_files\.a: broken\.keras: /],
      [{ model_path: wide }, /takes 2 columns, wide_columns_metadata\.json names 1/],
      [{ model_path: long }, /its window has 4 bars, but window_size is 5/],
      [
        { model_path: faulty },
        /feature_columns must be a list of .*; window_size must be .*; target must be one of price, return, log_return/,
      ],
      [{ model_path: steps }, /answers 3 steps, its metadata name 2 \(horizons\)/],
      [{ model_path: sound, model_type: 'onnx' }, /is a tfjs model, but model_type is onnx/],
      [{ model_path: 'm.bin', model_type: 'sklearn' }, /skl2onnx/],
      [{ model_path: 'm.joblib' }, /skl2onnx/],
      [{ model_path: 'm.pt' }, /torch\.onnx\.export/],
      [{ model_path: 'm.bin', model_type: 'pytorch' }, /torch\.onnx\.export/],
      [{ model_path: sound, quantile_levels: [1] }, /quantile_levels must lie between 0 and 1, not 1/],
    ];
    for (const [given, text] of cases) {
      const failed = create(given);
      await expect(failed).rejects.toMatchObject({ code: 'not_configured' });
      await expect(failed).rejects.toThrow(text);
      await expect(failed).rejects.not.toThrow(folder.path);
    }
  });

  it('are asked only about data that they can be asked about', async () => {
    const predictor = await create({ model_path: folder.model('asked', LINEAR, METADATA) });
    const hole = barsOf((row) => (row === ROWS - 2 ? NaN : close(row)));
    const cases: readonly (readonly [Partial<ForecastRequest>, Frame, string, string])[] = [
      [{}, bars.slice(0, 3), 'no_data', 'the model looks at 4 bars; up to the baseline there are 3'],
      [{ baseline: start - 1 }, bars, 'no_data', 'there are no bars to forecast from'],
      [
        {},
        bars.select(['Close']),
        'invalid_request',
        'the model needs the column "VOLUME"; the data has Close',
      ],
      [{}, hole, 'no_data', 'the column "Close" has no value in the bar of 2024-01-10T10:00:00'],
      [{ targetColumn: 'VOLUME' }, bars, 'invalid_request', 'the model forecasts CLOSE, not VOLUME'],
    ];
    for (const [part, frame, code, text] of cases) {
      await expect(ask(predictor, part, frame)).rejects.toMatchObject({ code });
      await expect(ask(predictor, part, frame)).rejects.toThrow(text);
    }
  });
});

describe('the contract', () => {
  const given = () => ({
    model_path: folder.model('conforming', DROPPING, METADATA),
    mc_seed: 9,
  });
  const subject = { definition: defaultPredictor, create: () => create(given()), frame: bars };
  for (const { name, run } of predictorConformance(subject)) it(`a trained model: ${name}`, run);
});
