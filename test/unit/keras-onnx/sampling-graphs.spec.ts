import { describe, expect, it } from '@jest/globals';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { compile } from './models.js';

describe('sampling of whole graphs', () => {
  it('joins branches that are fanned out with branches that are not', async () => {
    const tensor = (name: string): unknown => ({
      class_name: '__keras_tensor__',
      config: { keras_history: [name, 0, 0] },
    });
    const entry = (
      class_name: string,
      name: string,
      config: Record<string, unknown>,
      ...args: unknown[]
    ) => ({
      module: 'keras.layers',
      class_name,
      name,
      config: { name, ...config },
      inbound_nodes: args.length === 0 ? [] : [{ args, kwargs: {} }],
    });
    const layers = [
      entry('InputLayer', 'in', { batch_shape: [null, 2] }),
      entry('Dropout', 'drop', { rate: 0.5 }, tensor('in')),
      entry('Concatenate', 'join', { axis: -1 }, [tensor('in'), tensor('drop')]),
      entry('Rescaling', 'still', { scale: 3, offset: 0 }, tensor('in')),
    ];
    const config = {
      module: 'keras',
      class_name: 'Functional',
      config: {
        name: 'm',
        layers,
        input_layers: ['in', 0, 0],
        output_layers: [
          ['join', 0, 0],
          ['still', 0, 0],
        ],
      },
    };
    const engine = await Engine.open(
      compile(config, () => []),
      1,
    );
    const [join, still] = await engine.sample([{ shape: [1, 2], data: [1, 2] }], { samples: 200, seed: 4 });
    await engine.close();
    expect(Array.from(join?.mean.subarray(0, 2) ?? [])).toEqual([1, 2]);
    expect(Array.from(join?.std.subarray(0, 2) ?? [])).toEqual([0, 0]);
    expect(join?.std[2]).toBeGreaterThan(0.9);
    expect(Array.from(still?.mean ?? [])).toEqual([3, 6]);
    expect(Array.from(still?.std ?? [])).toEqual([0, 0]);
  });

  it('refuses to sample where rows are mixed behind a random layer, but still runs', async () => {
    const tensor = (name: string): unknown => ({
      class_name: '__keras_tensor__',
      config: { keras_history: [name, 0, 0] },
    });
    const layers = [
      {
        module: 'keras.layers',
        class_name: 'InputLayer',
        name: 'in',
        config: { name: 'in', batch_shape: [null, 2] },
        inbound_nodes: [],
      },
      {
        module: 'keras.layers',
        class_name: 'Dropout',
        name: 'drop',
        config: { name: 'drop', rate: 0.5 },
        inbound_nodes: [{ args: [tensor('in')], kwargs: {} }],
      },
      {
        module: 'keras.src.ops.numpy',
        class_name: 'Mean',
        name: 'mean',
        config: { name: 'mean', axis: 0, keepdims: true },
        inbound_nodes: [{ args: [tensor('drop')], kwargs: {} }],
      },
    ];
    const config = {
      module: 'keras',
      class_name: 'Functional',
      config: { name: 'm', layers, input_layers: ['in', 0, 0], output_layers: ['mean', 0, 0] },
    };
    const model = compile(config, () => []);
    expect(model.sampleRefusal).toContain("operation Mean behind 'drop'");
    const engine = await Engine.open(model, 1);
    const [output] = await engine.run([{ shape: [2, 2], data: [1, 2, 3, 4] }]);
    expect(Array.from(output?.data ?? [])).toEqual([2, 3]);
    await expect(
      engine.sample([{ shape: [2, 2], data: [1, 2, 3, 4] }], { samples: 2, seed: 1 }),
    ).rejects.toMatchObject({ code: 'model_unsupported' });
    await engine.close();
    // Four numbers are two rows, which a graph for samples of one row has not; but nothing here is random.
    const shaped = {
      module: 'keras.src.ops.numpy',
      class_name: 'Reshape',
      name: 'mean',
      config: { name: 'mean', newshape: [4] },
      inbound_nodes: [{ args: [tensor('in')], kwargs: {} }],
    };
    const still = compile({ ...config, config: { ...config.config, layers: [layers[0], shaped] } }, () => []);
    expect([still.sample, still.sampleRefusal]).toEqual([undefined, undefined]);
  });
});
