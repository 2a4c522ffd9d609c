import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { File } from 'h5wasm';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { hdf5, legacyTiny, put, TINY, tinyAnswer } from './files.js';

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keras-onnx-keras1-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, bytes: Uint8Array): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

async function answerOf(
  path: string,
  input: { shape: readonly number[]; data: readonly number[] },
): Promise<number[]> {
  const engine = await Engine.open(await compileFile(path, DEFAULT_LIMITS), 1);
  const [answer] = await engine.run([input]);
  await engine.close();
  return Array.from(answer?.data ?? []);
}

describe('files of Keras 1', () => {
  it('answer as their weights in Keras 2 do', async () => {
    const config = {
      class_name: 'Sequential',
      config: [
        {
          class_name: 'Dense',
          config: {
            name: 'hidden',
            output_dim: 3,
            bias: true,
            activation: 'relu',
            batch_input_shape: [null, 4],
          },
        },
        { class_name: 'Dropout', config: { name: 'dropping', p: 0.5 } },
        { class_name: 'Dense', config: { name: 'answer', output_dim: 2, bias: true, activation: 'linear' } },
      ],
    };
    const file = await legacyTiny(
      '1.2.2',
      config,
      (layer, name) => `${layer}_${name === 'kernel' ? 'W' : 'b'}`,
    );
    const want = tinyAnswer().answer;
    const got = await answerOf(await write('one.h5', file), {
      shape: TINY.input.shape,
      data: TINY.input.data,
    });
    got.forEach((one, index) => expect(one).toBeCloseTo(want[index] ?? Number.NaN, 5));
  });

  it('keep the gates of an LSTM apart and the kernel of a convolution in four axes', async () => {
    const layer = (name: string, shape: number[], of: (index: number) => number) => ({
      name,
      shape,
      data: Float32Array.from({ length: shape.reduce((size, dim) => size * dim, 1) }, (_, index) =>
        of(index),
      ),
    });
    const gates = ['i', 'c', 'f', 'o'];
    const parts = gates.flatMap((gate, at) => [
      layer(`lstm_1_W_${gate}`, [2, 3], (index) => Math.sin(index + 10 * at)),
      layer(`lstm_1_U_${gate}`, [3, 3], (index) => Math.cos(index + 10 * at)),
      layer(`lstm_1_b_${gate}`, [3], (index) => (index + at) / 7),
    ]);
    const join12 = (kind: string, rows: number): Float32Array => {
      const data = new Float32Array(rows * 12);
      ['i', 'f', 'c', 'o'].forEach((gate, at) => {
        const part = parts.find(({ name }) => name === `lstm_1_${kind}_${gate}`);
        part?.data.forEach(
          (value, index) => (data[Math.floor(index / 3) * 12 + at * 3 + (index % 3)] = value),
        );
      });
      return data;
    };
    const kernel = layer('convolution1d_1_W', [2, 1, 2, 2], (index) => (index - 3) / 5);
    const first = {
      name: 'convolution1d_1',
      nb_filter: 2,
      filter_length: 2,
      border_mode: 'same',
      bias: false,
      activation: 'linear',
      batch_input_shape: [null, 5, 2],
    };
    const second = {
      name: 'lstm_1',
      output_dim: 3,
      inner_activation: 'hard_sigmoid',
      activation: 'tanh',
      dropout_W: 0,
      dropout_U: 0,
      consume_less: 'cpu',
    };
    const old = {
      class_name: 'Sequential',
      config: [
        { class_name: 'Convolution1D', config: first },
        { class_name: 'LSTM', config: second },
      ],
    };
    const renewed = {
      class_name: 'Sequential',
      config: {
        name: 'sequential',
        layers: [
          {
            class_name: 'Conv1D',
            config: {
              name: 'convolution1d_1',
              filters: 2,
              kernel_size: [2],
              padding: 'same',
              use_bias: false,
              activation: 'linear',
              batch_input_shape: [null, 5, 2],
            },
          },
          {
            class_name: 'LSTM',
            config: { name: 'lstm_1', units: 3, recurrent_activation: 'hard_sigmoid', activation: 'tanh' },
          },
        ],
      },
    };
    const save = (
      version: string,
      config: unknown,
      weights: readonly { layer: string; name: string; shape: number[]; data: Float32Array }[],
    ) =>
      hdf5((root) => {
        root.create_attribute('keras_version', version);
        root.create_attribute('model_config', JSON.stringify(config));
        const group = root.create_group('model_weights');
        group.create_attribute('layer_names', ['convolution1d_1', 'lstm_1']);
        for (const one of weights) put(group, `${one.layer}/${one.name}`, one.shape, one.data);
        for (const name of ['convolution1d_1', 'lstm_1'])
          (group.get(name) as File).create_attribute(
            'weight_names',
            weights.filter((one) => one.layer === name).map((one) => one.name),
          );
      });
    const conv = { layer: 'convolution1d_1', ...kernel };
    const a = await write(
      'old1.h5',
      await save('1.2.0', old, [conv, ...parts.map((one) => ({ layer: 'lstm_1', ...one }))]),
    );
    const b = await write(
      'new1.h5',
      await save('2.2.4', renewed, [
        { ...conv, shape: [2, 2, 2] },
        { layer: 'lstm_1', name: 'kernel', shape: [2, 12], data: join12('W', 2) },
        { layer: 'lstm_1', name: 'recurrent_kernel', shape: [3, 12], data: join12('U', 3) },
        { layer: 'lstm_1', name: 'bias', shape: [12], data: join12('b', 1) },
      ]),
    );
    const input = {
      shape: [1, 5, 2],
      data: [1, -1, 0.5, 2, -2, 0.1, 0.3, 0.7, -0.4, 0.9],
    };
    const want = await answerOf(b, input);
    expect(want.every((one) => one !== 0)).toBe(true);
    expect(await answerOf(a, input)).toEqual(want);
  });
});
