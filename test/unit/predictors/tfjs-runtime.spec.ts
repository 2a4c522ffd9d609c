import '@tensorflow/tfjs-backend-cpu';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import * as layers from '@tensorflow/tfjs-layers';
import { createPlugin } from '#libs/plugin-sdk';
import { loadModel } from '../../../libs/keras-onnx/src/index.js';
import defaultPredictor from '../../../libs/plugins/src/predictors/default-predictor/default-predictor.js';
import {
  TfjsEngine,
  tfjsSamplingRefusal,
} from '../../../libs/plugins/src/predictors/model/tfjs/tfjs-engine.js';
import type { TfjsLibrary } from '../../../libs/plugins/src/predictors/model/tfjs/tfjs-engine.js';
import { findTfjs, loadTfjsModel } from '../../../libs/plugins/src/predictors/model/tfjs/tfjs-model.js';
import { denseAnswer, modelFolder, type DenseModel } from './trained-models.js';

const library = { ...tf, ...layers } as unknown as TfjsLibrary;
const DENSE: DenseModel = {
  bars: 3,
  columns: 2,
  outputs: 2,
  kernel: (input, output) => Math.sin(input + 7 * output),
  bias: (output) => output,
  dropout: 0.5,
};
const window = [0.5, -1, 0.25, 2, -0.75, 1.5];
const input = { shape: [1, 3, 2], data: window };

const folder = modelFolder();
beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
});
afterAll(() => folder.remove());

const shaOf = async (path: string): Promise<string> => {
  const model = await loadModel(path, { inference: 'inline' });
  await model.dispose();
  return model.describe().sha256;
};
const openEngine = async (path: string) => TfjsEngine.open(library, path, await shaOf(path));

describe('models that TensorFlow.js computes', () => {
  it('answer as plain loops do, and spread as their dropout rate says', async () => {
    const engine = await openEngine(folder.model('dense', DENSE));
    const want = denseAnswer(DENSE, window);
    const [answer] = engine.run(input);
    expect(answer?.shape).toEqual([1, 2]);
    want.forEach((value, output) => expect(answer?.data[output]).toBeCloseTo(value, 5));
    const samples = 4_000;
    const [spread] = engine.sample(input, { samples, seed: 5, quantiles: [0.5] });
    engine.close();
    want.forEach((mean, output) => {
      const std = Math.sqrt(
        window.reduce((sum, value, at) => sum + (value * DENSE.kernel(at, output)) ** 2, 0),
      );
      expect(Math.abs((spread?.mean[output] ?? NaN) - mean)).toBeLessThan((4 * std) / Math.sqrt(samples));
      expect(Math.abs((spread?.std[output] ?? NaN) / std - 1)).toBeLessThan(0.05);
    });
    expect(spread?.quantiles).toHaveLength(1);
  });

  it('repeat their passes from the seed, in chunks too', async () => {
    const engine = await openEngine(folder.model('seeded', DENSE));
    const ask = (seed: number) =>
      Array.from(engine.sample(input, { samples: 50, seed, batch: 20, keepSamples: true })[0]?.values ?? []);
    const first = ask(5);
    expect(first).toHaveLength(100);
    expect(ask(5)).toEqual(first);
    expect(ask(6)).not.toEqual(first);
    // The chunks draw apart, and so do the passes of one.
    expect(first.slice(0, 40)).not.toEqual(first.slice(40, 80));
    expect(first.slice(0, 2)).not.toEqual(first.slice(2, 4));
    engine.close();
  });

  it('are loaded only as they were checked', async () => {
    const path = folder.model('swapped', DENSE);
    const sha256 = await shaOf(path);
    folder.model('swapped', { ...DENSE, bias: () => 9 });
    await expect(TfjsEngine.open(library, path, sha256)).rejects.toThrow('changed while it was loaded');
  });

  it.each([
    ['batch normalization', [{ class_name: 'BatchNormalization' }], 0, 'batch normalization'],
    ['noise', [{ class_name: 'GaussianNoise' }], 0, 'without a seed'],
    ['recurrent dropout', [{ class_name: 'LSTM', config: { recurrent_dropout: 0.2 } }], 0, 'without a seed'],
    ['nested dropout', [{ config: { layer: { class_name: 'Dropout' } } }], 0, 'inside of other layers'],
  ])('refuse to be sampled with %s', (_, topology, dropouts, reason) => {
    expect(tfjsSamplingRefusal(topology, dropouts)).toContain(reason);
  });

  it('need the package that computes them, and say how to get it', async () => {
    expect(() => findTfjs('@tensorflow/no-such-package')).toThrow(
      'model_runtime: tfjs needs the package @tensorflow/no-such-package, which is not installed; npm install',
    );
    const isInstalled = (() => {
      try {
        return findTfjs() !== '';
      } catch {
        return false;
      }
    })();
    const given = { model_path: folder.model('served', DENSE), model_runtime: 'tfjs' };
    if (!isInstalled) {
      await expect(createPlugin(defaultPredictor, given)).rejects.toMatchObject({ code: 'not_configured' });
    }
  });

  it('compute in a thread of their own, until they are disposed of', async () => {
    // TensorFlow.js without its native part, put together as the package puts it together.
    const { resolve } = createRequire(import.meta.url);
    const parts = ['core', 'layers'].map((name) => pathToFileURL(resolve(`@tensorflow/tfjs-${name}`)).href);
    const cpu = pathToFileURL(resolve('@tensorflow/tfjs-backend-cpu')).href;
    const lines = [`import '${cpu}';`, ...parts.map((part) => `export * from '${part}';`)];
    const shim = pathToFileURL(folder.write('tfjs.mjs', lines.join('\n'))).href;
    const model = await loadTfjsModel(folder.model('threaded', DENSE), shim);
    expect(model.describe()).toMatchObject({ format: 'tfjs', stochastic: true, samplingRefused: null });
    const [answer] = await model.run([input]);
    denseAnswer(DENSE, window).forEach((value, output) => expect(answer?.data[output]).toBeCloseTo(value, 5));
    const [first, second] = await Promise.all(
      [1, 2].map(() => model.sample([input], { samples: 20, seed: 3, quantiles: [0.1, 0.9] })),
    );
    expect(second).toEqual(first);
    await model.dispose();
    await expect(model.run([input])).rejects.toMatchObject({ code: 'model_disposed' });
    const broken = folder.write('broken.json', '{}');
    await expect(loadTfjsModel(broken, shim)).rejects.toMatchObject({ code: 'model_unsupported' });
  });
});
