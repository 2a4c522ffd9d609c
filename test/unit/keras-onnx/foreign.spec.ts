import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { nodeField } from '../../../libs/keras-onnx/src/foreign/model.js';
import { floatField, intField, lengthField, type Field } from '../../../libs/keras-onnx/src/onnx/wire.js';
import type { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import {
  BOOL,
  dictionaries,
  FLOAT,
  floats,
  foreignFile,
  ForeignFolder,
  HALF,
  initializer,
  INT64,
  outside,
  port,
  STRING,
  trainingDropout,
} from './foreign-files.js';

const folder = new ForeignFolder();
const compile = (bytes: Uint8Array): ReturnType<ForeignFolder['compile']> => folder.compile(bytes);
const open = (bytes: Uint8Array): Promise<Engine> => folder.open(bytes);

const x = { name: 'x', shape: [2, 4], data: [1, -2, 3, 4, 5, 6, -7, 8] };
const float = (name: string, value: number): Field =>
  lengthField(5, [lengthField(1, name), floatField(2, value), intField(20, 1)]);
const int = (name: string, value: number): Field =>
  lengthField(5, [lengthField(1, name), intField(3, value), intField(20, 2)]);

describe('of the random operators of an ONNX file,', () => {
  it('a dropout that trains rests in a run and is seeded in a sample', async () => {
    const engine = await open(trainingDropout(0.5));
    const [first] = await engine.run([x]);
    expect(Array.from(first?.data ?? [])).toEqual(x.data);
    const [a] = await engine.sample([x], { samples: 4_000, seed: 7 });
    const [b] = await engine.sample([x], { samples: 4_000, seed: 7 });
    const [other] = await engine.sample([x], { samples: 4_000, seed: 8 });
    expect(a).toEqual(b);
    expect(other?.mean).not.toEqual(a?.mean);
    expect(a?.shape).toEqual([2, 4]);
    x.data.forEach((value, index) => {
      // Dropped at 0.5, x is 0 or 2x: the deviation is |x|, that of the mean |x| / √4000.
      expect(Math.abs((a?.mean[index] ?? 0) - value)).toBeLessThan((4 * Math.abs(value)) / Math.sqrt(4_000));
      expect((a?.std[index] ?? 0) / Math.abs(value)).toBeCloseTo(1, 1);
    });
  });

  it('the first samples do not depend on how many follow, and rows have draws of their own', async () => {
    const engine = await open(trainingDropout(0.3));
    const ones = { ...x, data: [1, 1, 1, 1, 1, 1, 1, 1] };
    const [few] = await engine.sample([ones], { samples: 5, seed: 1, keepSamples: true });
    const [many] = await engine.sample([ones], { samples: 50, seed: 1, keepSamples: true, quantiles: [0.5] });
    expect(many?.values?.slice(0, 40)).toEqual(few?.values);
    expect(many?.quantiles).toHaveLength(1);
    const values = Array.from(many?.values ?? []);
    const rows = values.map((_, at) => values.slice(at * 8, at * 8 + 8)).slice(0, 50);
    expect(rows.some((row) => row.slice(0, 4).join() !== row.slice(4).join())).toBe(true);
  });

  it.each([
    ['RandomNormalLike', [float('mean', 2), float('scale', 3)], 2, 3],
    ['RandomUniformLike', [float('low', -1), float('high', 3)], 1, 4 / Math.sqrt(12)],
  ] as const)('%s stands at its mean in a run', async (op, attributes, mean, deviation) => {
    for (const opset of [13, 17]) {
      const graph = [
        nodeField(op, ['x'], ['noise'], attributes),
        nodeField('Add', ['x', 'noise'], ['y']),
        port('input', 'x', FLOAT, ['b', 4]),
        port('output', 'y', FLOAT, ['b', 4]),
      ];
      const engine = await open(foreignFile(graph, opset));
      const [rest] = await engine.run([x]);
      expect(Array.from(rest?.data ?? [])).toEqual(x.data.map((one) => one + mean));
      const [spread] = await engine.sample([x], { samples: 4_000, seed: 3 });
      expect(Math.abs((spread?.mean[1] ?? 0) - (x.data[1] ?? 0) - mean)).toBeLessThan(
        (4 * deviation) / Math.sqrt(4_000),
      );
      expect((spread?.std[1] ?? 0) / deviation).toBeCloseTo(1, 1);
    }
  });

  it('a noise of fixed shape and the mask of a dropout are seeded too', async () => {
    const shape = lengthField(5, [lengthField(1, 'shape'), intField(8, 2), intField(8, 4), intField(20, 7)]);
    const graph = [
      nodeField('RandomNormal', [], ['noise'], [shape]),
      nodeField('Dropout', ['x', '', 'train'], ['dropped', 'mask']),
      nodeField('Cast', ['mask'], ['kept'], [int('to', FLOAT)]),
      nodeField('Add', ['noise', 'dropped'], ['y']),
      initializer('train', BOOL, [], Uint8Array.of(1)),
      port('input', 'x', FLOAT, ['b', 4]),
      port('output', 'y', FLOAT, ['b', 4]),
      port('output', 'kept', FLOAT, ['b', 4]),
    ];
    const engine = await open(foreignFile(graph));
    const [y, kept] = await engine.run([x]);
    expect(Array.from(y?.data ?? [])).toEqual(x.data);
    expect(Array.from(kept?.data ?? [])).toEqual(x.data.map(() => 1));
    const spread = await engine.sample([x], { samples: 500, seed: 5 });
    expect(spread[1]?.mean[0]).toBeGreaterThan(0.4);
    expect(spread[1]?.mean[0]).toBeLessThan(0.6);
  });

  it('a dropout that does not train stays as it is', async () => {
    const graph = [
      nodeField('Dropout', ['x'], ['y']),
      port('input', 'x', FLOAT, ['b', 4]),
      port('output', 'y', FLOAT, ['b', 4]),
    ];
    const file = foreignFile(graph);
    const model = await compile(file);
    expect(model.sample).toBeUndefined();
    expect(Buffer.from(model.run.onnx).equals(Buffer.from(file))).toBe(true);
  });

  it('what cannot be seeded is refused by name', async () => {
    const edges = [port('input', 'x', FLOAT, ['b', 4]), port('output', 'y', FLOAT, ['b', 4])];
    await expect(compile(foreignFile([nodeField('Bernoulli', ['x'], ['y']), ...edges]))).rejects.toThrow(
      'Bernoulli',
    );
    const asked = [nodeField('Dropout', ['x', '', 'flag'], ['y']), port('input', 'flag', BOOL, []), ...edges];
    await expect(compile(foreignFile(asked))).rejects.toThrow('training_mode that is no constant');
    const branch = lengthField(6, [
      nodeField('RandomNormalLike', ['x'], ['z']),
      port('output', 'z', FLOAT, null),
    ]);
    const inner = (name: string): Field => lengthField(5, [lengthField(1, name), branch, intField(20, 5)]);
    const choice = nodeField('If', ['flag'], ['y'], [inner('then_branch'), inner('else_branch')]);
    await expect(
      compile(foreignFile([choice, port('input', 'flag', BOOL, []), ...edges])),
    ).rejects.toMatchObject({
      code: 'model_unsupported',
      detail: expect.stringContaining('RandomNormalLike inside another operator') as unknown,
    });
  });
});

describe('of the edges of an ONNX file,', () => {
  it('a ZipMap gives way to its tensor, and labels of text are cut off', async () => {
    const labels = lengthField(5, [
      lengthField(1, 'classlabels_strings'),
      lengthField(9, 'a'),
      lengthField(9, 'b'),
      intField(20, 8),
    ]);
    const weights = lengthField(5, [
      lengthField(1, 'coefficients'),
      ...[1, 0, -1, 0].map((one) => floatField(7, one)),
      intField(20, 6),
    ]);
    const offset = lengthField(5, [
      lengthField(1, 'intercepts'),
      ...[0, 0].map((one) => floatField(7, one)),
      intField(20, 6),
    ]);
    const classifier = nodeField(
      'LinearClassifier',
      ['x'],
      ['label', 'p'],
      [labels, weights, offset, lengthField(7, 'ai.onnx.ml')],
    );
    const graph = [
      classifier,
      nodeField('ZipMap', ['p'], ['probabilities'], [labels, lengthField(7, 'ai.onnx.ml')]),
      port('input', 'x', FLOAT, ['b', 2]),
      port('output', 'label', STRING, ['b']),
      dictionaries('probabilities'),
    ];
    const model = await compile(foreignFile(graph));
    expect(model.onnx).toEqual({ opset: 17, cut: ['label'], shapeless: [], labels: ['a', 'b'] });
    const engine = await folder.load(model);
    const outputs = await engine.run([{ shape: [1, 2], data: [3, 4] }]);
    expect(outputs.map(({ name, shape, data }) => [name, shape, Array.from(data)])).toEqual([
      ['probabilities', [1, 2], [3, -3]],
    ]);
    const textOnly = [
      classifier,
      port('input', 'x', FLOAT, ['b', 2]),
      port('output', 'label', STRING, ['b']),
    ];
    await expect(compile(foreignFile(textOnly))).rejects.toThrow("'zipmap': False");
  });

  it('an input of texts is refused by name', async () => {
    const graph = [
      nodeField('Identity', ['s'], ['y']),
      port('input', 's', STRING, ['b']),
      port('output', 'y', STRING, ['b']),
    ];
    await expect(compile(foreignFile(graph))).rejects.toMatchObject({
      code: 'model_unsupported',
      detail: expect.stringContaining("'s', which takes texts") as unknown,
    });
  });

  it('an input without a shape takes any, and halves are read and written as numbers', async () => {
    const open1 = await open(
      foreignFile([
        nodeField('Relu', ['x'], ['y']),
        port('input', 'x', FLOAT, null),
        port('output', 'y', FLOAT, null),
      ]),
    );
    const [y] = await open1.run([x]);
    expect([y?.shape, Array.from(y?.data ?? [])]).toEqual([[2, 4], x.data.map((one) => Math.max(one, 0))]);
    await expect(open1.run([{ name: 'x', shape: [2, 0], data: [] }])).rejects.toThrow('at least 1');
    const halves = await open(
      foreignFile([
        nodeField('Relu', ['x'], ['y']),
        port('input', 'x', HALF, ['b', 4]),
        port('output', 'y', HALF, ['b', 4]),
      ]),
    );
    const values = [0.1, 65_504, 2 ** -24, 70_000, 1 + 2 ** -11, 1 + 3 * 2 ** -11, 6e-5, -1];
    const [half] = await halves.run([{ ...x, data: values }]);
    expect(Array.from(half?.data ?? [])).toEqual([
      0.0999755859375,
      65_504,
      2 ** -24,
      Infinity,
      1,
      1 + 2 ** -9,
      1007 * 2 ** -24,
      0,
    ]);
  });
});

describe('numbers of an ONNX file that lie beside it', () => {
  const graph = (location: string, length = 64): Uint8Array =>
    foreignFile([
      nodeField('MatMul', ['x', 'w'], ['y']),
      outside('w', [4, 4], location, 8, length),
      port('input', 'x', FLOAT, ['b', 4]),
      port('output', 'y', FLOAT, ['b', 4]),
    ]);
  const identity = Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? 2 : 0));

  it('are read from the same folder and belong to the model', async () => {
    await writeFile(join(folder.path, 'weights.bin'), floats(9, 9, ...identity));
    const model = await compile(graph('weights.bin'));
    expect(model.files[1]).toBe('weights.bin');
    const engine = await folder.load(model);
    const [y] = await engine.run([x]);
    expect(Array.from(y?.data ?? [])).toEqual(x.data.map((one) => 2 * one));
    await writeFile(join(folder.path, 'weights.bin'), floats(9, 9, ...identity, 1));
    expect((await compile(graph('weights.bin'))).sha256).not.toBe(model.sha256);
  });

  it('are not looked for anywhere else', async () => {
    await symlink(join(folder.path, 'weights.bin'), join(folder.path, 'link.bin'));
    await expect(compile(graph('link.bin'))).rejects.toThrow('link');
    for (const place of ['../weights.bin', '/etc/passwd', '..', 'a\\b', ''])
      await expect(compile(graph(place))).rejects.toMatchObject({ code: 'model_corrupt' });
    await expect(compile(graph('weights.bin', 4_000))).rejects.toThrow('reaches beyond');
    await expect(compile(graph('missing.bin'))).rejects.toMatchObject({ code: 'model_not_found' });
  });

  it('count as integers where the graph says so', async () => {
    const ints = [
      nodeField('Identity', ['x'], ['y']),
      port('input', 'x', INT64, ['b', 4]),
      port('output', 'y', INT64, ['b', 4]),
    ];
    const [y] = await (await open(foreignFile(ints))).run([x]);
    expect(Array.from(y?.data ?? [])).toEqual(x.data);
  });
});
