import { describe, expect, it } from '@jest/globals';
import { Frame } from '#libs/plugin-sdk';
import { Normalisation } from '#libs/timeseries';
import type { ModelDescription } from '../../../libs/keras-onnx/src/index.js';
import { inputLayout } from '../../../libs/plugins/src/predictors/model/input-layout.js';
import {
  metadataPath,
  type ModelMetadata,
} from '../../../libs/plugins/src/predictors/model/model-metadata.js';
import { forecastQueue } from '../../../libs/plugins/src/predictors/model/served-models.js';
import { windowAt, windowColumns } from '../../../libs/plugins/src/predictors/model/window.js';
import { modelHorizons } from '../../../libs/plugins/src/predictors/default-predictor/model-answer.js';

const file = { parameter: 'model_path', path: '/srv/models/m.keras' };
const metadataOf = (part: Partial<ModelMetadata> = {}): ModelMetadata => ({
  isThere: true,
  otherKeys: [],
  featureColumns: null,
  windowSize: null,
  targetColumn: null,
  target: 'price',
  horizons: null,
  output: null,
  outputScale: null,
  statisticsPeriods: [],
  featureDefinitions: null,
  normalisation: null,
  trainingRange: null,
  abstainLimit: null,
  ...part,
});
const described = (...shapes: readonly (readonly (number | null)[])[]): ModelDescription => ({
  name: 'm',
  format: 'keras',
  sha256: 'a'.repeat(64),
  files: [],
  writtenBy: null,
  inputs: shapes.map((shape, index) => ({ name: `input_${index}`, shape, dtype: 'float32' })),
  outputs: [],
  parameters: null,
  stochastic: false,
  samplingRefused: null,
  opset: 20,
  facts: {
    layers: {},
    masking: [],
    dtypePolicies: [],
    quantization: [],
    stochasticLayers: [],
    customLayers: [],
    modelSubclasses: [],
    notFinite: [],
  },
  onnx: null,
});

describe('metadata', () => {
  it.each([
    ['/m/forecaster.keras', '/m/forecaster_metadata.json'],
    ['/m/forecaster.h5', '/m/forecaster_metadata.json'],
    ['/m/model.json', '/m/model_metadata.json'],
    ['/m/best.2024.onnx', '/m/best.2024_metadata.json'],
    ['/m.keras/forecaster', '/m.keras/forecaster_metadata.json'],
  ])('of %s stand in %s', (model, metadata) => {
    expect(metadataPath(model)).toBe(metadata);
  });
});

describe('the input of a model', () => {
  it.each([
    ['its own length and width', [null, 24, 3], {}, {}, [24, 3, 1, 24, 3]],
    ['an open length by the metadata', [null, null, 3], { windowSize: 7 }, {}, [7, 3, 1, 7, 3]],
    ['an open length by the fallback', [null, null, 3], {}, { fallbackSize: 64 }, [64, 3, 1, 64, 3]],
    ['an open width by the columns', [null, 5, null], { featureColumns: ['A', 'B'] }, {}, [5, 2, 1, 5, 2]],
    ['columns of the caller', [null, 5, 4], { featureColumns: ['A'] }, { extraColumns: 3 }, [5, 4, 1, 5, 4]],
    ['flat numbers by the columns', [null, 12], { featureColumns: ['A', 'B', 'C'] }, {}, [4, 3, 1, 12]],
    ['flat numbers by the window', [null, 12], { windowSize: 6 }, {}, [6, 2, 1, 12]],
  ] as const)('has %s', (_, shape, metadata, rules, [size, width, ...input]) => {
    const layout = inputLayout(file, described(shape), metadataOf(metadata), rules);
    expect(layout).toEqual({ size, width, shape: input });
  });

  it.each([
    [
      'two inputs',
      [
        [null, 2],
        [null, 2],
      ],
      {},
      'the model has 2 inputs; models with one input are served',
    ],
    ['an open length', [[null, null, 2]], {}, 'say window_size in m_metadata.json'],
    ['an open width', [[null, 4, null]], {}, 'say feature_columns in m_metadata.json'],
    ['pictures', [[null, 4, 4, 1]], {}, 'its input has the shape (null, 4, 4, 1)'],
    [
      'flat numbers of unknown order',
      [[null, 12]],
      {},
      'say window_size and feature_columns in m_metadata.json',
    ],
    ['a window that does not divide', [[null, 12]], { windowSize: 5 }, 'are no 5 bars of any columns'],
    ['another length', [[null, 4, 2]], { windowSize: 5 }, 'its window has 4 bars, but window_size is 5'],
    ['another width', [[null, 4, 2]], { featureColumns: ['A'] }, 'takes 2 columns, m_metadata.json names 1'],
  ])('is refused with %s', (_, shapes, metadata, text) => {
    const layout = () => inputLayout(file, described(...shapes), metadataOf(metadata));
    expect(layout).toThrow(text);
    expect(layout).toThrow('model_path: m.keras: ');
    expect(layout).not.toThrow('/srv');
  });
});

describe('a window', () => {
  const frame = Frame.of(Float64Array.of(0, 1, 2, 3), {
    Close: Float64Array.of(10, 11, 12, 13),
    label: Float64Array.of(1, 0, 1, 0),
    RSI: Float64Array.of(NaN, 50, 60, 70),
  });
  const normalisation = Normalisation.of({ CLOSE: { min: 10, max: 20 } });
  const columns = windowColumns(frame, { named: ['RSI', 'CLOSE'], width: 2, normalisation });

  it('has the columns in the order of the metadata, scaled where the normalisation knows them', () => {
    const spec = { columns, size: 2, normalisation, padding: 'refuse' } as const;
    expect([...windowAt(frame, 2, spec)]).toEqual([50, Math.fround(0.1), 60, Math.fround(0.2)]);
  });

  it('is padded with rows of zeros in front where that is asked for, constants only beside bars', () => {
    const close = columns.slice(1);
    const spec = { columns: close, size: 3, normalisation, padding: 'zeros', constants: [-1, 7] } as const;
    expect([...windowAt(frame, 1, spec)]).toEqual([0, 0, 0, 0, -1, 7, Math.fround(0.1), -1, 7]);
  });

  it('never holds what is no number, or too large for one', () => {
    const spec = { columns, size: 2, normalisation: null, padding: 'refuse' } as const;
    expect(() => windowAt(frame, 1, spec)).toThrow('"RSI" has no value in the bar of 1970-01-01T00:00:00');
    const large = Frame.of(Float64Array.of(0), { A: Float64Array.of(1e39) });
    const own = windowColumns(large, { named: ['A'], width: 1, normalisation: null });
    const one = { columns: own, size: 1, normalisation: null, padding: 'refuse' } as const;
    expect(() => windowAt(large, 0, one)).toThrow('has no value');
  });

  it('takes all columns but the labels when their number is right, and says what is missing else', () => {
    const all = { named: null, width: 2, without: ['label'], normalisation: null };
    expect(windowColumns(frame, all).map(({ name }) => name)).toEqual(['Close', 'RSI']);
    expect(() => windowColumns(frame, { ...all, width: 3 })).toThrow(
      'takes 3 columns and its metadata name none (feature_columns); the data has Close, label, RSI',
    );
  });
});

describe('the outputs of a model', () => {
  it.each([
    [[6], [1, 2, 3, 4, 5, 6]],
    [
      [3, 1],
      [1, 2, 3],
    ],
    [
      [1, 2],
      [1, 2],
    ],
    [[1], [1]],
    [[], [1]],
  ])('of shape %j are the steps %j', (shape, horizons) => {
    expect(modelHorizons(shape, null)).toEqual(horizons);
  });

  it('must be one number a step', () => {
    expect(() => modelHorizons([144, 54], null)).toThrow(
      'the shape (null, 144, 54); one number for each step',
    );
  });
});

describe('turns', () => {
  it('let so many work at once, the others in the order they came', async () => {
    const turns = forecastQueue(2);
    const started: number[] = [];
    let [running, most] = [0, 0];
    const all = [0, 1, 2, 3, 4].map((index) =>
      turns.run(async () => {
        started.push(index);
        running += 1;
        most = Math.max(most, running);
        for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
        running -= 1;
      }),
    );
    expect(started).toEqual([0, 1]);
    await Promise.all(all);
    expect(started).toEqual([0, 1, 2, 3, 4]);
    expect(most).toBe(2);
  });

  it('pass over those who gave up, and go on after a failure', async () => {
    const turns = forecastQueue(1);
    const failing = turns.run(() => Promise.reject(new Error('failed')));
    const gaveUp = turns.run(() => Promise.resolve('never'), AbortSignal.abort(new Error('gave up')));
    const next = turns.run(() => Promise.resolve('served'));
    await expect(failing).rejects.toThrow('failed');
    await expect(gaveUp).rejects.toThrow('gave up');
    await expect(next).resolves.toBe('served');
  });

  it('refuse when a thousand wait', async () => {
    const turns = forecastQueue(1);
    let end: () => void = () => undefined;
    const first = turns.run(() => new Promise<void>((done) => (end = done)));
    const waiting = Array.from({ length: 1_000 }, () => turns.run(() => Promise.resolve()));
    await expect(turns.run(() => Promise.resolve())).rejects.toMatchObject({ code: 'source_unavailable' });
    end();
    await Promise.all([first, ...waiting]);
  });
});
