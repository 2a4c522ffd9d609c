import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  addDims,
  ceilDims,
  divideDims,
  evaluateDim,
  multiplyDims,
  type Dim,
} from '../../../libs/keras-onnx/src/graph/dims.js';
import { snakeCase } from '../../../libs/keras-onnx/src/graph/snake-case.js';
import { SUPPORTED_LAYERS } from '../../../libs/keras-onnx/src/layers/registry.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { compile, numbers, random, type Nd } from './models.js';

type Entry = Record<string, unknown>;
const tensor = (layer: string, node = 0, index = 0): unknown => ({
  class_name: '__keras_tensor__',
  config: { keras_history: [layer, node, index] },
});
const entry = (class_name: string, name: string, config: Entry = {}, ...calls: unknown[][]): Entry => ({
  module: 'keras.layers',
  class_name,
  name,
  config: { name, ...config },
  inbound_nodes: calls.map((args) => ({ args, kwargs: {} })),
});
const input = (name: string, ...shape: (number | null)[]): Entry =>
  entry('InputLayer', name, { batch_shape: [null, ...shape], dtype: 'float32' });
const functional = (layers: Entry[], inputs: unknown, outputs: unknown, name = 'model'): Entry => ({
  module: 'keras.src.models.functional',
  class_name: 'Functional',
  name,
  config: { name, layers, input_layers: inputs, output_layers: outputs },
});

const dense: Nd[] = [
  { shape: [2, 2], data: [1, 2, 3, 4] },
  { shape: [2], data: [0.5, -0.5] },
];
const apply = ([a = 0, b = 0]: readonly number[]): number[] => [a + 3 * b + 0.5, 2 * a + 4 * b - 0.5];

async function answer(
  config: Entry,
  weights: Record<string, readonly Nd[]>,
  inputs: readonly Nd[],
): Promise<number[][]> {
  const model = compile(config, (layer) => weights[layer.name] ?? []);
  const engine = await Engine.open(model, 1);
  const outputs = await engine.run(inputs);
  await engine.close();
  return outputs.map(({ data }) => Array.from(data));
}

const x: Nd = { shape: [1, 2], data: [1, 2] };

describe('layer graphs', () => {
  it('share one layer between several calls, in any order of the list', async () => {
    const layers = [
      entry('Add', 'add', {}, [[tensor('twice', 0), tensor('twice', 1)]]),
      entry('Dense', 'twice', { units: 2 }, [tensor('in')], [tensor('twice', 0)]),
      input('in', 2),
    ];
    const once = apply(x.data);
    const [sum] = await answer(functional(layers, ['in', 0, 0], [['add', 0, 0]]), { twice: dense }, [x]);
    expect(sum).toEqual(apply(once).map((value, index) => value + (once[index] ?? 0)));
  });

  it('call nested models more than once and count their outputs from 1', async () => {
    const inner = functional(
      [input('z', 2), entry('Dense', 'd', { units: 2 }, [tensor('z')])],
      ['z', 0, 0],
      ['d', 0, 0],
      'inner',
    );
    inner.inbound_nodes = [
      { args: [tensor('a')], kwargs: {} },
      { args: [tensor('b')], kwargs: {} },
    ];
    const layers = [
      input('a', 2),
      input('b', 2),
      inner,
      entry('Subtract', 'minus', {}, [[tensor('inner', 0), tensor('inner', 1)]]),
    ];
    const config = functional(layers, { first: ['a', 0, 0], second: ['b', 0, 0] }, [
      ['minus', 0, 0],
      ['inner', 2, 0],
    ]);
    const y: Nd = { shape: [1, 2], data: [-1, 0.5] };
    const [minus, second] = await answer(config, { inner: dense }, [x, y]);
    expect(second).toEqual(apply(y.data));
    expect(minus).toEqual(apply(x.data).map((value, index) => value - (apply(y.data)[index] ?? 0)));
  });

  it('read the calls of Keras 2', async () => {
    const legacy = (class_name: string, name: string, config: Entry, inbound_nodes: unknown[]): Entry => ({
      class_name,
      name,
      config: { name, ...config },
      inbound_nodes,
    });
    const inner = {
      class_name: 'Sequential',
      name: 'inner',
      config: {
        name: 'inner',
        layers: [legacy('Dense', 'd', { units: 2, batch_input_shape: [null, 2] }, [])],
      },
      inbound_nodes: [[['in', 0, 0, {}]]],
    };
    const layers = [
      legacy('InputLayer', 'in', { batch_input_shape: [null, 2], dtype: 'float32' }, []),
      inner,
      legacy('Add', 'add', {}, [
        [
          ['in', 0, 0, {}],
          ['inner', 1, 0, {}],
        ],
      ]),
    ];
    const config = {
      class_name: 'Functional',
      config: { name: 'old', layers, input_layers: [['in', 0, 0]], output_layers: [['add', 0, 0]] },
    };
    const [sum] = await answer(config, { inner: dense }, [x]);
    expect(sum).toEqual(apply(x.data).map((value, index) => value + (x.data[index] ?? 0)));
  });

  it('answer the input itself, or one tensor twice', async () => {
    const layers = [input('in', 2), entry('Identity', 'same', {}, [tensor('in')])];
    const outputs = await answer(
      functional(
        layers,
        ['in', 0, 0],
        [
          ['same', 0, 0],
          ['same', 0, 0],
          ['in', 0, 0],
        ],
      ),
      {},
      [x],
    );
    expect(outputs).toEqual([x.data, x.data, x.data]);
  });

  it('refuse loops, missing layers and unknown outputs by name', () => {
    const loop = [
      input('in', 2),
      entry('Dense', 'a', { units: 2 }, [tensor('b')]),
      entry('Dense', 'b', { units: 2 }, [tensor('a')]),
    ];
    const weights = (layer: { className: string }): Nd[] => (layer.className === 'Dense' ? dense : []);
    const plain = (layers: Entry[], outputs: unknown): unknown => functional(layers, ['in', 0, 0], outputs);
    expect(() => compile(plain(loop, ['b', 0, 0]), weights)).toThrow('loop');
    expect(() => compile(plain([input('in', 2)], ['nothing', 0, 0]), weights)).toThrow("'nothing'");
    expect(() =>
      compile(
        plain([input('in', 2), entry('Dense', 'a', { units: 2 }, [tensor('in', 0, 3)])], ['a', 0, 0]),
        weights,
      ),
    ).toThrow("layer 'a'");
  });
});

describe('refusals', () => {
  const one = (layer: Entry, more: Entry[] = []): (() => unknown) => {
    const last = more.at(-1) ?? layer;
    return () =>
      compile(
        functional(
          [input('in', 3, 2), layer, ...more],
          ['in', 0, 0],
          [String(last.name), 0, 0].length === 3 ? [[String(last.name), 0, 0]] : [],
        ),
        () => [],
      );
  };

  it('name Lambda, custom classes and unlisted layers with what would help', () => {
    const lambda = entry('Lambda', 'code', { function: {} }, [tensor('in')]);
    expect(one(lambda)).toThrow(
      expect.objectContaining({
        code: 'model_unsupported',
        layer: 'code',
        message: expect.stringContaining('ONNX'),
      }),
    );
    const custom = { ...entry('Odd', 'odd', {}, [tensor('in')]), module: null, registered_name: 'Acme>Odd' };
    expect(one(custom)).toThrow(
      expect.objectContaining({
        code: 'model_unsupported',
        layer: 'odd',
        message: expect.stringContaining('Acme>Odd'),
      }),
    );
    const imposter = { ...entry('Dense', 'dense', { units: 2 }, [tensor('in')]), module: 'acme.layers' };
    expect(one(imposter)).toThrow(expect.objectContaining({ code: 'model_unsupported', layer: 'dense' }));
    expect(one(entry('ConvLSTM2D', 'far', {}, [tensor('in')]))).toThrow(
      expect.objectContaining({ layer: 'far' }),
    );
    expect(one(entry('constructor', 'js', {}, [tensor('in')]))).toThrow(
      expect.objectContaining({ layer: 'js' }),
    );
    expect(() => compile({ module: 'keras', class_name: 'Model', config: {} }, () => [])).toThrow(
      'functional API',
    );
  });

  it('name settings of the wrong kind and weights of other dtypes', () => {
    expect(one(entry('Dense', 'bad', { units: 'many' }, [tensor('in')]))).toThrow(/'bad'/);
    expect(one(entry('Dropout', 'drop', { rate: 7 }, [tensor('in')]))).toThrow(
      expect.objectContaining({ code: 'model_corrupt', layer: 'drop' }),
    );
    const dtype = { class_name: 'DTypePolicy', config: { name: 'int8_from_float32' } };
    expect(one(entry('Dropout', 'small', { rate: 0.5, dtype }, [tensor('in')]))).toThrow(
      expect.objectContaining({ code: 'model_unsupported' }),
    );
  });

  it('list what compiles', () => {
    expect(SUPPORTED_LAYERS).toEqual(
      expect.arrayContaining(['Conv1DTranspose', 'MultiHeadAttention', 'Bidirectional', 'SpatialDropout1D']),
    );
  });
});

describe('lengths known only at run time', () => {
  it('are computed as plain numbers are', () => {
    const step = fc.tuple(
      fc.constantFrom('add', 'multiply', 'divide', 'ceil'),
      fc.integer({ min: 1, max: 7 }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 500 }), fc.array(step, { maxLength: 6 }), (start, steps) => {
        let [dim, plain]: [Dim, number] = ['t', start];
        for (const [kind, by] of steps) {
          if (kind === 'add') [dim, plain] = [addDims(dim, by), plain + by];
          else if (kind === 'multiply') [dim, plain] = [multiplyDims(dim, by), plain * by];
          else if (kind === 'divide') [dim, plain] = [divideDims(dim, by), Math.floor(plain / by)];
          else [dim, plain] = [ceilDims(dim, by), Math.ceil(plain / by)];
        }
        expect(evaluateDim(dim, { t: start })).toBe(plain);
      }),
    );
  });

  it('cancel when an axis is merged and split again', () => {
    const merged = multiplyDims(multiplyDims('samples', 't'), 6);
    expect(divideDims(divideDims(merged, 6), 't')).toEqual('samples');
    expect(divideDims(merged, multiplyDims('t', 3))).toEqual(multiplyDims('samples', 2));
  });

  it('name saved places as Keras does', () => {
    expect(['Conv1DTranspose', 'LSTM', 'PReLU', 'MultiHeadAttention', 'MaxPooling1D'].map(snakeCase)).toEqual(
      ['conv1d_transpose', 'lstm', 'p_re_lu', 'multi_head_attention', 'max_pooling1d'],
    );
    expect(random([2], numbers(1)).data).toHaveLength(2);
  });
});
