import { describe, expect, it } from '@jest/globals';
import {
  ask,
  bars,
  barsOf,
  BOUNDS,
  byBounds,
  byMoments,
  close,
  closeTo,
  DROPPING,
  HOUR,
  LINEAR,
  METADATA,
  modelBench,
  MOMENTS,
  ROWS,
  start,
  windowTo,
} from './model-bench.js';
import defaultPredictor from '../../../libs/plugins/src/predictors/default-predictor/default-predictor.js';
import { createPredictor, forecastRequest, warnings } from './predictor-context.js';
import { denseParts, tinyKeras } from '../keras-onnx/files.js';
import { denseAnswer, type DenseModel } from './trained-models.js';

const { folder, create } = modelBench();

describe('a model of two files', () => {
  it('may be an architecture with its weights beside it, found by its name or named with it', async () => {
    const { config, weights } = await denseParts('pair', LINEAR);
    const architecture = folder.write('pair.json', JSON.stringify(config));
    folder.write('pair_metadata.json', JSON.stringify(METADATA));
    const other = folder.write('of-june.h5', weights);
    const named = await create({ model_files: { a: [architecture, other] } });
    const beside = folder.write('pair.weights.h5', weights);
    const found = await create({ model_path: architecture });
    for (const [predictor, modelName] of [[named, 'a'] as const, [found, null] as const]) {
      const { predictions, metadata } = await ask(predictor, { modelName });
      expect(predictions).toEqual(closeTo(denseAnswer(LINEAR, windowTo(ROWS - 1)), 2));
      expect(metadata).toMatchObject({ model_path: 'pair.json' });
    }
    const faults = [
      [[architecture], 'must name two files'],
      [[architecture, beside, other], 'must name two files'],
      [[architecture, '/srv/models/other.h5'], 'two in one folder'],
      [[architecture, `${beside}.none`], "the part 'pair.weights.h5.none' of the model is missing"],
    ] as const;
    for (const [a, text] of faults)
      await expect(create({ model_files: { a } })).rejects.toThrow(
        new RegExp(`model_files.a: pair.json: .*${text}`),
      );
    await expect(create({ model_files: { a: [] } })).rejects.toThrow('texts, or lists of texts');
  });
});

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

  it('refuses keys of metadata that are nearly known ones, and lists the others', async () => {
    const mistyped = folder.model('mistyped', LINEAR, { feature_colums: ['CLOSE'], targte: 'price' });
    await expect(create({ model_path: mistyped })).rejects.toThrow(
      /feature_colums is not known; did you mean feature_columns\?; targte is not known; did you mean target\?$/,
    );
    const own = folder.model('own_keys', LINEAR, { ...METADATA, trained_on: 'bars.csv', epochs: 40 });
    expect(await (await create({ model_path: own })).describe?.()).toMatchObject({
      metadata: { ignored_keys: ['trained_on', 'epochs'] },
    });
  });

  it('says when numbers without metadata cannot be prices', async () => {
    const share: DenseModel = { ...LINEAR, columns: 1, kernel: () => 0, bias: () => 0.5 };
    const { metadata } = await ask(await create({ model_path: folder.model('share', share) }));
    expect(metadata?.['scale_note']).toMatch(
      /^the outputs were taken as prices, because there is no share_metadata\.json; 0\.5 is no price near 1\d\d/,
    );
    const price: DenseModel = { ...share, bias: () => close(ROWS - 1) };
    const near = await ask(await create({ model_path: folder.model('near', price) }));
    expect(near.metadata).not.toHaveProperty('scale_note');
    const told = await ask(
      await create({ model_path: folder.model('told', share, { target: 'return', trained_by: 'us' }) }),
    );
    expect(told.metadata).not.toHaveProperty('scale_note');
  });

  it('says of a model whose class is its author’s that code of the class is not in the file', async () => {
    const { config, weights } = await denseParts('own', LINEAR);
    const own = { ...(config as { config: object }), module: null, class_name: 'Doubled' };
    const chain = { ...own, config: { ...own.config, build_input_shape: [null, 4, 2] } };
    const file = await tinyKeras([{ name: 'model.weights.h5', bytes: weights }], chain);
    folder.write('own_metadata.json', JSON.stringify(METADATA));
    const predictor = await createPredictor(defaultPredictor, {
      model_path: folder.write('own.keras', file),
    });
    const note = expect.stringMatching(/^Doubled: .* Compare an answer with Keras'/) as unknown;
    expect(warnings).toEqual([expect.stringContaining('model_path: own.keras: Doubled: ')]);
    expect((await ask(predictor)).metadata).toMatchObject({ model_note: note });
    expect(await predictor.describe?.()).toMatchObject({ model_note: note });
    await predictor.close?.();
    const plain = await ask(await create({ model_path: folder.model('plain', LINEAR, METADATA) }));
    expect(plain.metadata).not.toHaveProperty('model_note');
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

describe('many bars at once', () => {
  const baselines = [2, 20, 21, 40, ROWS - 1].map((row) => start + row * HOUR);
  const seeds = [1, 2, 3, 4, 5];
  const request = { ...forecastRequest({ horizons: [3, 1] }), baselines, seeds };

  it.each([
    ['without random layers', LINEAR],
    ['with them', DROPPING],
  ])('are answered as one by one, %s', async (name, model) => {
    const predictor = await create({
      model_path: folder.model(`batch_${name.replaceAll(' ', '_')}`, model, METADATA),
    });
    const [refused, ...answers] = (await predictor.forecastBatch?.(bars, request)) ?? [];
    expect(refused).toMatchObject({ code: 'no_data' });
    for (const [at, answer] of answers.entries()) {
      const alone = { horizons: [3, 1], baseline: baselines[at + 1] ?? 0, seed: seeds[at + 1] ?? 0 };
      const { future_datetimes, metadata, ...same } = await ask(predictor, alone);
      expect(future_datetimes).toHaveLength(2);
      expect(metadata).toBeDefined();
      expect(answer).toMatchObject({ ...same, metadata: { model_name: 'default_predictor' } });
    }
  });
});
