import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { GRAPH, nodeField, TENSOR } from '../../../libs/keras-onnx/src/foreign/model.js';
import { type Field, floatField, intField, lengthField } from '../../../libs/keras-onnx/src/onnx/wire.js';
import type { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import {
  BOOL,
  FLOAT,
  floats,
  foreignFile,
  ForeignFolder,
  HALF,
  initializer,
  INT64,
  outside,
  port,
} from './foreign-files.js';

const [DOUBLE, BFLOAT16] = [11, 16];
const folder = new ForeignFolder();
const open = (graph: readonly Field[], opset = 17): Promise<Engine> => folder.open(foreignFile(graph, opset));

const x = { name: 'x', shape: [2, 4], data: [1, -2, 3, 4, 5, 6, -7, 8] };
const edges = (type: number): Field[] => [
  port('input', 'x', type, ['b', 4]),
  port('output', 'y', type, ['b', 4]),
];
const listed = (name: string, type: number, numbers: Field): Field =>
  lengthField(GRAPH.initializer, [intField(TENSOR.type, type), lengthField(TENSOR.name, name), numbers]);
const attribute = (name: string, value: Field, type: number): Field =>
  lengthField(5, [lengthField(1, name), value, intField(20, type)]);
const drop = nodeField('Dropout', ['x', 'rate', 'train'], ['y']);
const train = initializer('train', BOOL, [], Uint8Array.of(1));

/** Of a dropout of a quarter: what is kept is 4/3 of itself, and its deviation √⅓ of it. */
async function expectQuarter(engine: Engine): Promise<void> {
  const [rest] = await engine.run([x]);
  expect(Array.from(rest?.data ?? [])).toEqual(x.data);
  const [spread] = await engine.sample([x], { samples: 2_000, seed: 3 });
  x.data.forEach((value, index) => {
    expect((spread?.std[index] ?? 0) / Math.abs(value)).toBeCloseTo(Math.sqrt(1 / 3), 1);
  });
}

describe('the rate of a dropout of an ONNX file', () => {
  const quarter = Buffer.alloc(8);
  quarter.writeDoubleLE(0.25);
  it.each<[string, Field]>([
    ['a half', initializer('rate', HALF, [], Uint8Array.of(0x00, 0x34))],
    ['a half in a list', listed('rate', HALF, intField(TENSOR.ints, 0x3400))],
    ['a bfloat16', initializer('rate', BFLOAT16, [], Uint8Array.of(0x80, 0x3e))],
    ['a double', initializer('rate', DOUBLE, [], quarter)],
    ['a double in a list', listed('rate', DOUBLE, lengthField(TENSOR.doubles, quarter))],
    ['a float in a list', listed('rate', FLOAT, lengthField(TENSOR.floats, floats(0.25)))],
    [
      'a number of a Constant',
      nodeField('Constant', [], ['rate'], [attribute('value_float', floatField(2, 0.25), 1)]),
    ],
  ])('may be %s', async (_, rate) => {
    await expectQuarter(await open([rate, drop, train, ...edges(FLOAT)]));
  });

  it('and its flag may come through a cast', async () => {
    const [rate, one] = [
      initializer('rate', FLOAT, [], floats(0.25)),
      nodeField('Constant', [], ['one'], [attribute('value_int', intField(3, 1), 2)]),
    ];
    const flag = nodeField('Cast', ['one'], ['train'], [attribute('to', intField(3, BOOL), 2)]);
    await expectQuarter(await open([one, flag, rate, drop, ...edges(FLOAT)]));
  });

  it('does not matter to the type of what is dropped, before CastLike too', async () => {
    const rate = initializer('rate', FLOAT, [], floats(0.25));
    for (const [type, opset] of [
      [DOUBLE, 13],
      [HALF, 13],
      [DOUBLE, 17],
      [HALF, 22],
    ] as const) {
      const behind = [
        nodeField('Neg', ['x'], ['n']),
        nodeField('Neg', ['n'], ['p']),
        nodeField('Dropout', ['p', 'rate', 'train'], ['y']),
      ];
      await expectQuarter(await open([...behind, rate, train, ...edges(type)], opset));
    }
  });
});

it('a batch normalization that trains is refused: ONNX Runtime answers another thing with each call', async () => {
  const names = ['scale', 'bias', 'mean', 'variance'];
  const learning = nodeField(
    'BatchNormalization',
    ['x', ...names],
    ['y', 'a', 'b'],
    [attribute('training_mode', intField(3, 1), 2)],
  );
  const weights = names.map((name) => initializer(name, FLOAT, [4], floats(1, 1, 1, 1)));
  await expect(open([learning, ...weights, ...edges(FLOAT)])).rejects.toMatchObject({
    code: 'model_unsupported',
    detail: expect.stringContaining('BatchNormalization, which learns from each call') as unknown,
  });
});

describe('integers at the edges of an ONNX file', () => {
  it.each([
    ['int8', 3, -128, 127],
    ['uint8', 2, 0, 255],
    ['int16', 5, -32_768, 32_767],
    ['uint16', 4, 0, 65_535],
    ['int32', 6, -(2 ** 31), 2 ** 31 - 1],
    ['uint32', 12, 0, 2 ** 32 - 1],
    ['uint64', 13, 0, 2 ** 53 - 1],
    ['int64', INT64, -(2 ** 53 - 1), 2 ** 53 - 1],
  ])(
    'of %s are read and answered, and none that it cannot hold is taken',
    async (name, type, least, most) => {
      const engine = await open([nodeField('Identity', ['x'], ['y']), ...edges(type)]);
      const given = (...data: number[]) => [{ name: 'x', shape: [1, 4], data }];
      const [y] = await engine.run(given(least, most, 1, 100));
      expect(Array.from(y?.data ?? [])).toEqual([least, most, 1, 100].map(Math.fround));
      for (const wrong of [least - 1, most + 1])
        await expect(engine.run(given(wrong, 1, 1, 1))).rejects.toMatchObject({
          code: 'model_input',
          detail: expect.stringContaining(Number.isSafeInteger(wrong) ? name : 'integers') as unknown,
        });
      await expect(engine.run(given(0.5, 1, 1, 1))).rejects.toThrow('takes integers');
    },
  );
});

it('numbers beside the file may be named by ./, and those of a folder below are refused with the way out', async () => {
  const graph = (location: string): Field[] => [
    nodeField('MatMul', ['x', 'w'], ['y']),
    outside('w', [4, 4], location, 0, 64),
    ...edges(FLOAT),
  ];
  await writeFile(
    join(folder.path, 'weights.bin'),
    floats(...Array.from({ length: 16 }, (_, at) => (at % 5 === 0 ? 2 : 0))),
  );
  const [y] = await (await open(graph('./weights.bin'))).run([x]);
  expect(Array.from(y?.data ?? [])).toEqual(x.data.map((one) => 2 * one));
  await expect(open(graph('sub/weights.bin'))).rejects.toMatchObject({
    code: 'model_unsupported',
    detail: expect.stringContaining('save_as_external_data=True') as unknown,
  });
  for (const place of ['./../weights.bin', 'sub/../../x', '.', './'])
    await expect(open(graph(place))).rejects.toMatchObject({ code: 'model_corrupt' });
});
