import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { KERAS_SUPPORT, LAYER_RECIPES, registerRecipe } from '../../../libs/keras-onnx/src/index.js';
import { parseModel } from '../../../libs/keras-onnx/src/graph/parse.js';
import { bindWeights, type WeightSource } from '../../../libs/keras-onnx/src/graph/weights.js';
import { operationOf } from '../../../libs/keras-onnx/src/layers/operations.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { compile, expectClose, expectLayer, tabulate, type Nd } from './models.js';

const x = tabulate([2, 3, 4], (row, step, feature) => Math.sin(row + 2 * step + 3 * feature));

describe('what Keras 3 writes into HDF5 files', () => {
  it('takes entries without module and trainable flag as operations: Add is one, though a layer has its name', async () => {
    const tensor = (layer: string) => ({
      class_name: '__keras_tensor__',
      config: { shape: [null, 3, 4], dtype: 'float32', keras_history: [layer, 0, 0] },
    });
    const node = (name: string, className: string, args: unknown[], config = {}) => ({
      class_name: className,
      config: { name, ...config },
      name,
      inbound_nodes: [{ args, kwargs: {} }],
    });
    const input = { name: 'x', batch_shape: [null, 3, 4], dtype: 'float32' };
    const config = {
      class_name: 'Functional',
      config: {
        name: 'bare',
        trainable: true,
        layers: [
          { class_name: 'InputLayer', config: input, name: 'x', inbound_nodes: [] },
          node('absolute', 'Absolute', [tensor('x')]),
          node('add', 'Add', [tensor('absolute'), 1]),
          // A layer all the same: Keras saves no trainable flag for it.
          node('dropout', 'SpatialDropout1D', [tensor('add')], { rate: 0.2, seed: null, dtype: 'float32' }),
          node('divide', 'TrueDivide', [1, tensor('dropout')]),
          node('sum', 'Prod', [tensor('divide')], { axis: 1, keepdims: false, dtype: null }),
        ],
        input_layers: [['x', 0, 0]],
        output_layers: [['sum', 0, 0]],
      },
    };
    const engine = await Engine.open(
      compile(config, () => []),
      1,
    );
    const [got] = await engine.run([x]);
    await engine.close();
    const want = tabulate([2, 4], (row, feature) =>
      [0, 1, 2].reduce((product, step) => {
        const value = x.data[(row * 3 + step) * 4 + feature] ?? 0;
        return product / (Math.abs(value) + 1);
      }, 1),
    );
    expectClose(got && { shape: got.shape, data: [...got.data] }, want);
  });
});

describe('the root mean square:', () => {
  const gamma: Nd = { shape: [4], data: [0.5, -1, 2, 1.5] };
  const rows = (of: (values: readonly number[]) => number) =>
    tabulate([2, 3, 4], (row, step, feature) => {
      const values = x.data.slice((row * 3 + step) * 4, (row * 3 + step + 1) * 4);
      return ((values[feature] ?? 0) / Math.sqrt(of(values))) * (gamma.data[feature] ?? 0);
    });
  const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;

  it('RMSNormalization divides by it', () =>
    expectLayer(
      { className: 'RMSNormalization', inputs: [x], weights: [gamma] },
      rows((values) => mean(values.map((one) => one ** 2)) + 1e-6),
    ));

  it('LayerNormalization with rms_scaling divides by the deviation and has no beta', () =>
    expectLayer(
      { className: 'LayerNormalization', config: { rms_scaling: true }, inputs: [x], weights: [gamma] },
      rows((values) => mean(values.map((one) => (one - mean(values)) ** 2)) + 1e-3),
    ));
});

describe('a model may hold besides layers', () => {
  const one = (className: string, of: (value: number) => number, args: unknown[] = [], config = {}) =>
    expectLayer(
      { className, operation: true, config, inputs: [x], args: (tensors) => [tensors[0], ...args] },
      { shape: x.shape, data: x.data.map((value) => of(value)) },
    );

  it.each<[string, (value: number) => number, unknown[]]>([
    ['Mod', (value) => value - Math.floor(value / 0.3) * 0.3, [0.3]],
    ['Arcsin', Math.asin, []],
    ['Arccos', Math.acos, []],
    ['Arcsinh', Math.asinh, []],
    ['Squareplus', (value) => (value + Math.sqrt(value ** 2 + 4)) / 2, []],
    ['TanhShrink', (value) => value - Math.tanh(value), []],
  ])('the operation %s', (className, of, args) => one(className, of, args));

  it('the operations LogSoftmax, Amax and Unstack', async () => {
    const row = (start: number) => x.data.slice(start * 4, start * 4 + 4);
    const args = (tensors: readonly unknown[]) => [tensors[0]];
    await expectLayer(
      { className: 'LogSoftmax', operation: true, config: { axis: -1 }, inputs: [x], args },
      tabulate([2, 3, 4], (a, b, c) => {
        const values = row(a * 3 + b);
        return (values[c] ?? 0) - Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0));
      }),
    );
    await expectLayer(
      { className: 'Amax', operation: true, config: { axis: -1, keepdims: false }, inputs: [x], args },
      tabulate([2, 3], (a, b) => Math.max(...row(a * 3 + b))),
    );
    const steps = [0, 1, 2].map((b) => tabulate([2, 4], (a, c) => row(a * 3 + b)[c] ?? 0));
    await expectLayer(
      { className: 'Unstack', operation: true, config: { axis: 1, num: null }, inputs: [x], args },
      ...steps,
    );
  });
});

interface Recorded {
  readonly name: string;
  /** Its configuration as Keras 3.15 saved it. */
  readonly model: unknown;
  readonly weights?: Readonly<Record<string, readonly Nd[]>>;
  readonly inputs: readonly Nd[];
  /** What Keras 3.15 on TensorFlow answers; null is no finite number. */
  readonly expected: readonly {
    readonly shape: readonly number[];
    readonly data: readonly (number | null)[];
  }[];
}

describe('what Keras 3.15 answers', () => {
  const path = join(import.meta.dirname, 'answers-of-keras.json');
  registerRecipe('TransformerBlock', 'transformerBlock');
  registerRecipe('my>ResidualBlock', 'tcnResidualBlock');
  registerRecipe('PositionalEncoding', LAYER_RECIPES.positionalEncoding);
  registerRecipe('Time2Vector', LAYER_RECIPES.time2Vec);
  const recorded = JSON.parse(readFileSync(path, 'utf8')) as readonly Recorded[];
  it.each(recorded.map((one) => [one.name, one] as const))(
    '%s',
    async (_, { model, weights, inputs, expected }) => {
      const engine = await Engine.open(
        compile(model, (layer) => weights?.[layer.name] ?? []),
        1,
      );
      const answers = await engine.run(
        inputs.map(({ shape, data }) => ({ shape, data: data.map((one) => one ?? NaN) })),
      );
      await engine.close();
      expect(answers).toHaveLength(expected.length);
      answers.forEach(({ shape, data }, at) => {
        const hidden = expected[at]?.data.map((value) => (value === null ? 0 : value)) ?? [];
        const got = [...data].map((value, index) =>
          expected[at]?.data[index] === null && !Number.isFinite(value) ? 0 : value,
        );
        expectClose({ shape, data: got }, { shape: expected[at]?.shape ?? [], data: hidden });
      });
    },
  );
});

describe('weights that Keras left out', () => {
  const chain = (name: string, layers: unknown[]) => ({
    module: 'keras',
    class_name: 'Sequential',
    config: { name, layers, build_input_shape: [null, 3] },
  });
  const dense = { module: 'keras.layers', class_name: 'Dense', config: { name: 'dense', units: 2 } };
  const none = {
    tree: { kind: 'tree', variables: () => [], has: () => false },
    flat: { kind: 'flat', variables: () => [] },
  } as const;

  it('of a layer in an inner model are no damage: Keras saves it once, or not at all before its first call', () => {
    const refusal = (layers: unknown[], source: WeightSource): unknown => {
      try {
        return bindWeights(parseModel(chain('outer', layers), 'keras3'), source);
      } catch (error) {
        return error;
      }
    };
    const wayOut = expect.stringContaining('call the model and save it anew') as unknown;
    const told = { code: 'model_unsupported', detail: wayOut };
    const inner = [chain('inner', [dense])];
    expect(refusal(inner, none.tree)).toMatchObject({ ...told, layer: 'dense' });
    expect(refusal(inner, none.flat)).toMatchObject({ ...told, layer: 'inner' });
    for (const source of [none.tree, none.flat])
      expect(refusal([dense], source)).toMatchObject({ code: 'model_corrupt', layer: 'dense' });
  });
});

describe('the classes of Keras 3.15', () => {
  it('are all served, or refused with a reason and a way out', () => {
    const { layers, operations } = KERAS_SUPPORT;
    expect([layers.length, operations.length]).toEqual([164, 353]);
    for (const { name, state, refusal } of [...layers, ...operations])
      expect([name, state === 'unknown', (refusal?.need ?? 'none').length > 3]).toEqual([name, false, true]);
    const refused = [...layers, ...operations].filter(({ refusal }) => refusal !== undefined);
    expect(refused.length).toBeGreaterThan(50);
    for (const { className = '', refusal } of operations.filter((one) => one.refusal !== undefined))
      expect(() => operationOf(className, 'node')).toThrow(refusal?.reason ?? 'a reason');
  });
});
