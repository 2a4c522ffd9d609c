import { describe, expect, it } from '@jest/globals';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { compile } from './models.js';

/** x (rows, 3, 2) through one layer of Keras 2. */
async function through(
  className: string,
  config: object,
  kwargs: object,
): Promise<[readonly number[], number[]]> {
  const layers = [
    {
      class_name: 'InputLayer',
      name: 'x',
      config: { name: 'x', batch_input_shape: [null, 3, 2] },
      inbound_nodes: [],
    },
    {
      class_name: className,
      name: 'op',
      config: { name: 'op', ...config },
      inbound_nodes: [[['x', 0, 0, kwargs]]],
    },
  ];
  const graph = { name: 'm', layers, input_layers: [['x', 0, 0]], output_layers: [['op', 0, 0]] };
  const engine = await Engine.open(
    compile({ class_name: 'Functional', config: graph }, () => [], 'keras2'),
    1,
  );
  const [answer] = await engine.run([{ shape: [1, 3, 2], data: [1, 2, 3, 4, 5, 7] }]);
  await engine.close();
  return [answer?.shape ?? [], Array.from(answer?.data ?? [])];
}

describe('plain TensorFlow operations that Keras 2 kept as layers', () => {
  it('answer as the operations do', async () => {
    const lambda = (name: string, kwargs: object) => through('TFOpLambda', { function: name }, kwargs);
    expect(await lambda('math.multiply', { y: 2, name: null })).toEqual([
      [1, 3, 2],
      [2, 4, 6, 8, 10, 14],
    ]);
    expect(await lambda('math.reduce_max', { axis: 1, keepdims: true })).toEqual([
      [1, 1, 2],
      [5, 7],
    ]);
    expect(await lambda('transpose', { perm: [0, 2, 1] })).toEqual([
      [1, 2, 3],
      [1, 3, 5, 2, 4, 7],
    ]);
    expect(await lambda('math.subtract', { y: ['x', 0, 0] })).toEqual([
      [1, 3, 2],
      [0, 0, 0, 0, 0, 0],
    ]);
    expect(await lambda('math.squared_difference', { y: 4 })).toEqual([
      [1, 3, 2],
      [9, 4, 1, 0, 1, 9],
    ]);
    expect(await lambda('gather', { indices: [2, 0], axis: 1 })).toEqual([
      [1, 2, 2],
      [5, 7, 1, 2],
    ]);
    const edges = [
      [0, 0],
      [1, 0],
      [0, 0],
    ];
    expect(await lambda('pad', { paddings: edges, mode: 'REFLECT' })).toEqual([
      [1, 4, 2],
      [3, 4, 1, 2, 3, 4, 5, 7],
    ]);
    const [, units] = await lambda('nn.l2_normalize', { axis: -1 });
    expect(units[0]).toBeCloseTo(1 / Math.sqrt(5), 6);
    const [, bent] = await lambda('nn.gelu', {});
    expect(bent[0]).toBeCloseTo(0.8413447, 5);
    const all = { start: null, stop: null, step: null };
    const last = { slice_spec: [all, { start: -1, stop: null, step: null }] };
    expect(await through('SlicingOpLambda', { function: '__operators__.getitem' }, last)).toEqual([
      [1, 1, 2],
      [5, 7],
    ]);
    const node = { node_def: 'name: "a" op: "Sub" input: "a/x" input: "x"', constants: { 0: 10 } };
    expect(await through('TensorFlowOpLayer', node, {})).toEqual([
      [1, 3, 2],
      [9, 8, 7, 6, 5, 3],
    ]);
  });

  it('are refused by name where they are not known', async () => {
    await expect(through('TFOpLambda', { function: 'image.resize' }, {})).rejects.toThrow(
      "layer 'op': the TensorFlow function image.resize",
    );
  });
});
