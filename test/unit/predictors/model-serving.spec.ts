import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { predictorConformance, type Frame, type ForecastRequest } from '#libs/plugin-sdk';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import defaultPredictor from '../../../libs/plugins/src/predictors/default-predictor/default-predictor.js';
import {
  ask,
  bars,
  barsOf,
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
import { denseAnswer, type DenseModel } from './trained-models.js';

const { folder, create } = modelBench();

describe('Monte-Carlo dropout', () => {
  const given = (name: string, more: object = {}) => ({
    model_path: folder.model(name, DROPPING, METADATA),
    ...more,
  });

  it('has the mean and the spread that the dropout rate gives', async () => {
    const samples = 4000;
    const answer = await ask(await create(given('spread', { mc_samples: samples, mc_seed: 11 })));
    const window = windowTo(ROWS - 1);
    denseAnswer(DROPPING, window).forEach((mean, output) => {
      // Inverted dropout of rate ½: each product is 0 or doubled, with variance equal to its square.
      const std = Math.sqrt(
        window.reduce((sum, value, input) => sum + (value * DROPPING.kernel(input, output)) ** 2, 0),
      );
      expect(Math.abs((answer.predictions[output] ?? NaN) - mean)).toBeLessThan(
        (4 * std) / Math.sqrt(samples),
      );
      expect(Math.abs((answer.uncertainty[output] ?? NaN) / std - 1)).toBeLessThan(0.05);
    });
    expect(answer).toMatchObject({ mode: 'mc_dropout', seed: 11, metadata: { mc_samples: samples } });
  });

  it('gives the interval at its level and the quantiles, in order', async () => {
    const parameters = { mc_seed: 5, prediction_confidence_level: 0.8, quantile_levels: [0.1, 0.5, 0.9] };
    const { intervals, quantiles } = await ask(await create(given('interval', parameters)));
    expect(intervals).toHaveLength(1);
    expect(intervals?.[0]?.level).toBe(0.8);
    expect(intervals?.[0]?.lower).toEqual(closeTo((quantiles?.['0.1'] ?? []).map(Number), 3));
    expect(intervals?.[0]?.upper).toEqual(closeTo((quantiles?.['0.9'] ?? []).map(Number), 3));
    (quantiles?.['0.5'] ?? []).forEach((median, step) => {
      expect(Number(intervals?.[0]?.lower[step])).toBeLessThan(Number(median));
      expect(Number(intervals?.[0]?.upper[step])).toBeGreaterThan(Number(median));
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

  it('may be ONNX, and are what model_type says', async () => {
    const compiled = await compileFile(folder.model('compiled', LINEAR), DEFAULT_LIMITS);
    folder.write('plain_metadata.json', JSON.stringify(METADATA));
    const predictor = await create({
      model_path: folder.write('plain.onnx', compiled.run.onnx),
      model_type: 'onnx',
    });
    const output = await ask(predictor);
    expect(output.predictions).toEqual(closeTo(denseAnswer(LINEAR, windowTo(ROWS - 1)), 2));
    expect(output.metadata).toMatchObject({ model_type: 'onnx', mc_samples: 0 });
    expect(await predictor.describe?.()).toMatchObject({ model_type: 'onnx', total_params: null });
  });

  it('are freed when the predictor closes', async () => {
    const predictor = await create({ model_path: folder.model('closing', LINEAR, METADATA) });
    expect((await ask(predictor)).errors).toEqual([]);
    await predictor.close?.();
    await expect(ask(predictor)).rejects.toMatchObject({ code: 'source_unavailable' });
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
      [
        { model_path: '/srv/models/none.keras' },
        /^model_path: none\.keras: there is no such file; check its path$/,
      ],
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

  it('compute features that their metadata name and the data lack', async () => {
    const metadata = { ...METADATA, feature_columns: ['CLOSE', 'Close_lag_1'], normalization: undefined };
    const predictor = await create({ model_path: folder.model('lagged', LINEAR, metadata) });
    const window = [3, 2, 1, 0].flatMap((back) => [close(ROWS - 1 - back), close(ROWS - 2 - back)]);
    const { predictions } = await ask(predictor);
    expect(predictions).toEqual(closeTo(denseAnswer(LINEAR, window), 3));
  });

  it('get statistics of their window, and the columns of the original where the metadata say so', async () => {
    const model: DenseModel = { ...LINEAR, bars: 2, columns: 5, kernel: (input) => 1 + (input % 5) };
    const metadata = {
      feature_columns: ['CLOSE', 'price_minus_ema'],
      window_size: 2,
      feature_definitions: 'original',
      add_window_stats: true,
      window_stats_periods: [12],
      target_column: 'CLOSE',
    };
    const closes = bars.column('Close');
    const flat = bars.with([
      ['HIGH', closes],
      ['LOW', closes],
    ]);
    const predictor = await create({ model_path: folder.model('stats', model, metadata) });
    let average = close(0);
    const apart = [0];
    for (let row = 1; row < ROWS; row += 1) {
      average = (2 * close(row) + 23 * average) / 25;
      apart.push(close(row) - average);
    }
    const [before, last] = [close(ROWS - 2), close(ROWS - 1)];
    const middle = (2 * last + before) / 3;
    const stats = [Math.abs(last - before) / 2, middle, last - middle];
    const window = [ROWS - 2, ROWS - 1].flatMap((row) => [close(row), apart[row] ?? NaN, ...stats]);
    const { predictions } = await ask(predictor, {}, flat);
    expect(predictions).toEqual(closeTo(denseAnswer(model, window), 3));
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
    const silent = await create({
      model_path: folder.model('silent', LINEAR, { ...METADATA, target_column: undefined }),
    });
    await expect(ask(silent, { targetColumn: 'VOLUME' }, bars)).rejects.toThrow(
      'the model forecasts CLOSE, not VOLUME',
    );
    for (const [part, frame, code, text] of cases) {
      await expect(ask(predictor, part, frame)).rejects.toMatchObject({ code });
      await expect(ask(predictor, part, frame)).rejects.toThrow(text);
    }
  });
});

describe('the contract of predictors:', () => {
  const given = () => ({
    model_path: folder.model('conforming', DROPPING, METADATA),
    mc_seed: 9,
  });
  const subject = { definition: defaultPredictor, create: () => create(given()), frame: bars };
  for (const { name, run } of predictorConformance(subject)) it(`a trained model ${name}`, run);
});
