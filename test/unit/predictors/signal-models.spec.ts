import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import { beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import type { Predictor } from '#libs/plugin-sdk';
import {
  binaryEntryPredictor as binaryEntry,
  binaryExitPredictor as binaryExit,
} from '../../../libs/plugins/src/predictors/binary-predictors.js';
import direction from '../../../libs/plugins/src/predictors/direction-predictor.js';
import { numbers } from '../keras-onnx/numbers.js';
import { tinyKeras, TINY } from '../keras-onnx/files.js';
import {
  closeAt,
  csvOf,
  enter,
  FEATURES,
  METADATA,
  ROWS,
  SIGMOID,
  signalBench,
  timeAt,
  windowTo,
} from './signal-bench.js';
import { denseAnswer, type DenseModel } from './trained-models.js';

const { folder, create } = signalBench();
const DROPPING: DenseModel = {
  ...SIGMOID,
  activation: 'linear',
  dropout: 0.5,
  kernel: () => 0.05,
  bias: () => 0.4,
};
const upLong = async (predictor: Predictor, row: number): Promise<number> =>
  ((await enter(predictor, row)) as { readonly pUpLong?: number }).pUpLong ?? NaN;

beforeAll(() => {
  tf.enableProdMode();
  return tf.setBackend('cpu');
});

/** Gives a model weights and saves it as TensorFlow.js does. */
async function save(name: string, model: tfl.LayersModel, metadata: object): Promise<string> {
  const next = numbers(name.length);
  for (const layer of model.layers) {
    const weights = layer.getWeights();
    layer.setWeights(weights.map(({ shape, size }) => tf.tensor(Array.from({ length: size }, next), shape)));
  }
  let path = '';
  const handler = tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
    const data = (Array.isArray(weightData) ? weightData[0] : weightData) ?? new ArrayBuffer(0);
    folder.write(`${name}.bin`, new Uint8Array(data));
    folder.write(`${name}_metadata.json`, JSON.stringify(metadata));
    const weightsManifest = [{ paths: [`${name}.bin`], weights: weightSpecs }];
    path = folder.write(
      `${name}.json`,
      JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }),
    );
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  });
  await model.save(handler);
  return path;
}

describe('a recurrent model of TensorFlow.js', () => {
  it('is served as it answers itself, the same bit for bit in a crowd and alone', async () => {
    const model = tfl.sequential({
      layers: [
        tfl.layers.lstm({ units: 8, inputShape: [null, 2] as unknown as number[] }),
        tfl.layers.dropout({ rate: 0.2 }),
        tfl.layers.dense({ units: 1, activation: 'sigmoid' }),
      ],
    });
    const long_model_path = await save('recurrent', model, { ...METADATA, window_size: 6 });
    const predictor = await create(direction, { long_model_path });
    const rows = Array.from({ length: 4 * ROWS }, (_, at) => (at * 37) % ROWS);
    const crowd = await Promise.all(rows.map((row) => upLong(predictor, row)));
    for (const row of [0, 3, 5, 20, ROWS - 1]) {
      const alone = await upLong(predictor, row);
      const tensor = tf.tensor(windowTo(row, [], 6), [1, 6, 2]);
      const [want = NaN] = await (model.predict(tensor) as tf.Tensor).data();
      expect(alone).toBeCloseTo(want, 5);
      for (const [at, asked] of rows.entries()) if (asked === row) expect(crowd[at]).toBe(alone);
    }
  });

  it('may have an output for each side', async () => {
    const input = tfl.input({ shape: [3, 2] });
    const state = tfl.layers.gru({ units: 4 }).apply(input) as tfl.SymbolicTensor;
    const sides = ['buys', 'sells'].map(
      (name) =>
        tfl.layers.dense({ units: 1, activation: 'sigmoid', name }).apply(state) as tfl.SymbolicTensor,
    );
    const model = tfl.model({ inputs: input, outputs: sides });
    const predictor = await create(binaryEntry, { model_path: await save('sides', model, METADATA) });
    const answers = new Set<string>();
    for (let row = 2; row < ROWS; row += 1) {
      const tensors = model.predict(tf.tensor(windowTo(row), [1, 3, 2])) as tf.Tensor[];
      const [buy = NaN, sell = NaN] = tensors.map((tensor) => tensor.dataSync()[0] ?? NaN);
      const answer = await enter(predictor, row);
      expect([answer.buy, answer.sell]).toEqual([
        buy >= 0.5 && buy >= sell ? 1 : 0,
        sell >= 0.5 && sell > buy ? 1 : 0,
      ]);
      answers.add(`${answer.buy}${answer.sell}`);
    }
    expect(answers.size).toBeGreaterThan(1);
    const several = create(direction, { long_model_path: folder.path + '/sides.json' });
    await expect(several).rejects.toThrow(
      /it has several outputs \(buys, sells\); say in sides_metadata\.json/,
    );
  });
});

describe('features that the metadata name and the file lacks', () => {
  it('are computed from its bars', async () => {
    const metadata = { feature_columns: ['CLOSE_lag_2', 'SMA_2'], window_size: 3 };
    const predictor = await create(direction, {
      long_model_path: folder.model('computed', SIGMOID, metadata),
    });
    for (const row of [4, 20, ROWS - 1]) {
      const window = [row - 2, row - 1, row].flatMap((one) => [
        closeAt(one - 2),
        (closeAt(one) + closeAt(one - 1)) / 2,
      ]);
      expect(await upLong(predictor, row)).toBeCloseTo(denseAnswer(SIGMOID, window)[0] ?? NaN, 5);
    }
    await expect(enter(predictor, 2)).rejects.toThrow(/"CLOSE_lag_2" has no value in the bar of/);
  });
});

describe('Monte-Carlo passes', () => {
  const given = () => ({ long_model_path: folder.model('dropping', DROPPING, METADATA), mc_samples: 400 });

  it('answer their mean, and as confidence 1 less twice their spread', async () => {
    const predictor = await create(direction, { ...given(), mc_seed: 7 });
    const window = windowTo(20);
    const [mean = NaN] = denseAnswer(DROPPING, window);
    // Inverted dropout of rate ½: each product is 0 or doubled, with variance equal to its square.
    const std = Math.sqrt(window.reduce((sum, value) => sum + (value * 0.05) ** 2, 0));
    const answer = await enter(predictor, 20);
    expect(Math.abs((await upLong(predictor, 20)) - mean)).toBeLessThan((4 * std) / Math.sqrt(400));
    expect(Math.abs((1 - answer.buyConfidence) / (2 * std) - 1)).toBeLessThan(0.1);
    expect(answer.sellConfidence).toBe(answer.buyConfidence);
  });

  it('are drawn from seed, bar and question alone: order and company change nothing', async () => {
    const first = await create(direction, { ...given(), mc_seed: 7 });
    const rows = Array.from({ length: ROWS }, (_, row) => row);
    const together = await Promise.all(rows.map((row) => enter(first, row)));
    const second = await create(direction, { ...given(), mc_seed: 7 });
    for (const row of [80, 5, 41, 5]) expect(await enter(second, row)).toEqual(together[row]);
    const other = await create(direction, { ...given(), mc_seed: 8 });
    expect(await upLong(other, 41)).not.toBe(await upLong(first, 41));
  });

  it('draw a seed at the start where none is given, and tell it', async () => {
    const drawing = await create(direction, given());
    const info = (await drawing.describe?.()) as unknown as { models: { long: { mc_seed: number } } };
    const again = await create(direction, { ...given(), mc_seed: info.models.long.mc_seed });
    expect(await enter(again, 12)).toEqual(await enter(drawing, 12));
  });
});

describe('files of a model', () => {
  it('may be replaced while questions are asked', async () => {
    const long_model_path = folder.model('replaced', SIGMOID, METADATA);
    const predictor = await create(direction, { long_model_path });
    const before = await upLong(predictor, 9);
    const asked = Promise.allSettled(Array.from({ length: 200 }, () => upLong(predictor, 9)));
    const other: DenseModel = { ...SIGMOID, bars: 4 };
    folder.write('replaced_metadata.json', JSON.stringify({ ...METADATA, window_size: 4 }));
    folder.model('replaced', other);
    const [after = NaN] = denseAnswer(other, windowTo(9, [], 4));
    for (const answer of await asked) {
      // Between the two files the new metadata do not fit the old model.
      if (answer.status === 'rejected') expect(String(answer.reason)).toMatch(/window has \d bars, but/);
      else expect([before, after]).toContainEqual(expect.closeTo(answer.value, 5));
    }
    expect(await upLong(predictor, 9)).toBeCloseTo(after, 5);
    expect(after).not.toBeCloseTo(before, 3);
  });

  it('are refused at the start, with what is wrong and without their folder', async () => {
    const path = (name: string, model: DenseModel, metadata: object | null = METADATA) =>
      folder.model(name, model, metadata);
    const lambda = structuredClone<typeof TINY.config>(TINY.config);
    Object.assign(lambda.config.layers[1] ?? {}, { class_name: 'Lambda', config: { name: 'positions' } });
    const cases: readonly (readonly [string, RegExp])[] = [
      ['/srv/models/none.keras', /^model_path: none\.keras: there is no such file; check its path$/],
      [
        folder.write('lambda.keras', await tinyKeras([], lambda)),
        /lambda\.keras: .*'positions'.*Lambda.*ONNX/,
      ],
      ['m.pt', /torch\.onnx\.export/],
      [
        path('missing', SIGMOID, { feature_columns: ['RSI', 'ADXX'] }),
        /lacks columns .*: ADXX; .* did you mean ADX\? the data has OPEN, /,
      ],
      [
        path('volumes', SIGMOID, { feature_columns: ['RSI', 'spread'] }),
        /lacks columns .*: spread; there is no column "spread"/,
      ],
      [
        path('many', { ...SIGMOID, columns: 3 }, null),
        /takes 3 columns and its metadata name none .* has 2 /,
      ],
      [path('odd', SIGMOID, { ...METADATA, window_size: 4 }), /its window has 3 bars, but window_size is 4/],
      [path('wide', { ...SIGMOID, outputs: 3 }), /answers 3 numbers; one probability, that of a buy, or two/],
      [
        path('unknown', SIGMOID, { normalization: { ADX: { min: 0, max: 1 } } }),
        /knows none of its columns; it knows ADX/,
      ],
      [path('faulty', SIGMOID, { window_size: 0 }), /window_size must be a whole number from 1/],
    ];
    for (const [model_path, text] of cases) {
      const failed = create(binaryEntry, { model_path });
      await expect(failed).rejects.toMatchObject({ code: 'not_configured' });
      await expect(failed).rejects.toThrow(text);
      await expect(failed).rejects.not.toThrow(folder.path);
    }
    const narrow = create(binaryExit, { model_path: path('narrow', SIGMOID) });
    await expect(narrow).rejects.toThrow(/takes 2 columns, narrow_metadata\.json names 2 and 3 more/);
    const noClose = create(binaryExit, { close_column: 'Last' });
    await expect(noClose).rejects.toThrow('csv_file: there is no column "Last", which exit distances');
    await expect(create(binaryEntry, { csv_file: null })).rejects.toThrow('csv_file must name a CSV file');
  });

  it('are not believed when they answer what is no probability, or when a feature has no value', async () => {
    const logits: DenseModel = { ...SIGMOID, activation: 'linear', bias: () => 3 };
    const predictor = await create(binaryEntry, { model_path: folder.model('logits', logits, METADATA) });
    await expect(enter(predictor, 4)).rejects.toThrow(
      /logits\.json: it answered .*, which is no probability/,
    );
    const csv = csvOf({ ...FEATURES, RSI: (row) => (row === 6 ? '' : 50) });
    const gap = await create(binaryEntry, { model_path: folder.model('gap', SIGMOID, METADATA) }, csv);
    await expect(enter(gap, 8)).rejects.toThrow(
      `"RSI" has no value in the bar of ${timeAt(6).replace(' ', 'T')}`,
    );
    expect(await enter(gap, 9)).toMatchObject({ buyConfidence: 1 });
  });
});
