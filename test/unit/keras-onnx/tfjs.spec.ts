import '@tensorflow/tfjs-backend-cpu';
import '@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.js';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { numbers, random } from './models.js';

let folder = '';
beforeAll(async () => {
  tf.enableProdMode();
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'keras-onnx-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Saves a model as TensorFlow.js does, reads it back here, and compares both answers. */
async function expectSame(name: string, model: tfl.LayersModel): Promise<void> {
  const next = numbers(name.length);
  for (const layer of model.layers)
    layer.setWeights(
      layer
        .getWeights()
        .map((weight) => tf.tensor([...random(weight.shape, () => Math.abs(next()) / 2).data], weight.shape)),
    );
  const path = join(folder, `${name}.json`);
  const handler = tf.io.withSaveHandler(async ({ modelTopology, weightSpecs, weightData }) => {
    const data = Buffer.from((Array.isArray(weightData) ? weightData[0] : weightData) ?? new ArrayBuffer(0));
    await writeFile(join(folder, `${name}.bin`), data);
    await writeFile(
      path,
      JSON.stringify({
        format: 'layers-model',
        modelTopology,
        weightsManifest: [{ paths: [`${name}.bin`], weights: weightSpecs }],
      }),
    );
    return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
  });
  await model.save(handler);
  const inputs = model.inputs.map((input) =>
    random([2, ...input.shape.slice(1).map((dim) => dim ?? 5)], next),
  );
  const tensors = inputs.map(({ shape, data }) => tf.tensor([...data], [...shape]));
  const want = [model.predict(tensors)].flat();
  const engine = await Engine.open(await compileFile(path, DEFAULT_LIMITS), 1);
  const got = await engine.run(inputs);
  await engine.close();
  for (const [index, answer] of want.entries()) {
    expect(got[index]?.shape).toEqual(answer.shape);
    const values = await answer.data();
    expect(
      Math.max(...Array.from(values, (value, at) => Math.abs(value - (got[index]?.data[at] ?? Number.NaN)))),
    ).toBeLessThan(1e-5);
  }
}

describe('models of TensorFlow.js', () => {
  it('answer as TensorFlow.js does', async () => {
    const { layers } = tfl;
    await expectSame(
      'dense',
      tfl.sequential({
        layers: [
          layers.dense({ units: 4, activation: 'relu', inputShape: [3] }),
          layers.dropout({ rate: 0.2 }),
          layers.batchNormalization(),
          layers.dense({ units: 2, activation: 'softmax' }),
        ],
      }),
    );
    await expectSame(
      'lstm',
      tfl.sequential({
        layers: [
          layers.lstm({ units: 3, returnSequences: true, inputShape: [null, 2] as unknown as number[] }),
          layers.gru({ units: 4 }),
          layers.dense({ units: 1 }),
        ],
      }),
    );
    await expectSame(
      'both',
      tfl.sequential({
        layers: [
          layers.bidirectional({
            layer: layers.simpleRNN({ units: 3, returnSequences: true }) as tfl.RNN,
            mergeMode: 'concat',
            inputShape: [4, 2],
          } as never),
          layers.timeDistributed({ layer: layers.dense({ units: 2 }) }),
          layers.flatten(),
        ],
      }),
    );
    await expectSame(
      'conv',
      tfl.sequential({
        layers: [
          layers.conv1d({ filters: 3, kernelSize: 3, padding: 'same', inputShape: [7, 2] }),
          layers.leakyReLU({ alpha: 0.1 }),
          layers.maxPooling1d({ poolSize: 2 }),
          layers.globalAveragePooling1d({}),
          layers.dense({ units: 1 }),
        ],
      }),
    );
  });

  it('may be nested and have several inputs', async () => {
    const { layers } = tfl;
    const inner = tfl.sequential({
      layers: [layers.dense({ units: 3, activation: 'tanh', inputShape: [2] }), layers.dense({ units: 2 })],
    });
    const [a, b] = [tfl.input({ shape: [2] }), tfl.input({ shape: [2] })];
    const joined = layers
      .concatenate()
      .apply([inner.apply(a) as tfl.SymbolicTensor, b]) as tfl.SymbolicTensor;
    const outputs = [
      layers.dense({ units: 2 }).apply(joined),
      layers.add().apply([inner.apply(b) as tfl.SymbolicTensor, a]),
    ] as tfl.SymbolicTensor[];
    await expectSame('nested', tfl.model({ inputs: [a, b], outputs }));
  });
});
