import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  at,
  expectLayer,
  numbers,
  random,
  runLayer,
  sum,
  tabulate,
  type LayerCase,
  type Nd,
} from './models.js';

const seed = fc.integer({ min: 0, max: 1e6 });
const x = random([2, 4, 3], numbers(21));
const y = random([2, 4, 3], numbers(22));
const positive: Nd = { shape: x.shape, data: x.data.map((one) => Math.abs(one) + 0.1) };

const operation = (className: string, more: Partial<LayerCase> = {}): LayerCase => ({
  className,
  operation: true,
  inputs: [x],
  args: (tensors) => [...tensors],
  ...more,
});
const map = (of: (one: number) => number, from: Nd = x): Nd => ({
  shape: from.shape,
  data: from.data.map(of),
});
const zip = (of: (one: number, other: number) => number): Nd => ({
  shape: x.shape,
  data: x.data.map((one, index) => of(one, y.data[index] ?? 0)),
});
const slice = (start: number | null, stop: number | null, step: number | null): unknown => ({
  class_name: '__slice__',
  config: { start, stop, step },
});
const every = slice(null, null, null);

describe('keras.ops nodes', () => {
  it('compute elementwise functions', async () => {
    const functions: Record<string, (one: number) => number> = {
      Negative: (one) => -one,
      Absolute: Math.abs,
      Sign: Math.sign,
      Floor: Math.floor,
      Ceil: Math.ceil,
      Square: (one) => one * one,
      Exp: Math.exp,
      Expm1: Math.expm1,
      Sin: Math.sin,
      Cos: Math.cos,
      Tan: Math.tan,
      Sinh: Math.sinh,
      Cosh: Math.cosh,
      Arctan: Math.atan,
      Tanh: Math.tanh,
      Sigmoid: (one) => 1 / (1 + Math.exp(-one)),
      Relu: (one) => Math.max(one, 0),
    };
    for (const [name, of] of Object.entries(functions)) await expectLayer(operation(name), map(of));
    const roots = {
      Sqrt: Math.sqrt,
      Rsqrt: (one: number) => 1 / Math.sqrt(one),
      Log: Math.log,
      Log1p: Math.log1p,
      Log2: Math.log2,
      Log10: Math.log10,
      Reciprocal: (one: number) => 1 / one,
    };
    for (const [name, of] of Object.entries(roots))
      await expectLayer(operation(name, { inputs: [positive] }), map(of, positive));
  });

  it('compute with two operands, tensors or numbers, on either side', async () => {
    const pairs: Record<string, (one: number, other: number) => number> = {
      Add: (a, b) => a + b,
      Subtract: (a, b) => a - b,
      Multiply: (a, b) => a * b,
      TrueDivide: (a, b) => a / b,
      Maximum: Math.max,
      Minimum: Math.min,
    };
    for (const [name, of] of Object.entries(pairs)) {
      await expectLayer(operation(name, { inputs: [x, y] }), zip(of));
      await expectLayer(
        operation(name, { args: ([one]) => [one, 1.5] }),
        map((one) => of(one, 1.5)),
      );
      await expectLayer(
        operation(name, { args: ([one]) => [2, one] }),
        map((one) => of(2, one)),
      );
    }
    await expectLayer(
      operation('Power', { args: ([one]) => [one, 2] }),
      map((one) => one ** 2),
    );
    await expectLayer(
      operation('FloorDivide', { args: ([one]) => [one, 0.3] }),
      map((one) => Math.floor(one / 0.3)),
    );
    await expectLayer(
      operation('Clip', { config: { x_min: -0.2, x_max: 0.4 } }),
      map((one) => Math.min(Math.max(one, -0.2), 0.4)),
    );
  });

  it('add constant tensors that stand in the configuration', async () => {
    const value = [
      [
        [1, 2, 3],
        [4, 5, 6],
        [7, 8, 9],
        [10, 11, 12],
      ],
    ];
    const constant = { class_name: '__tensor__', config: { value, dtype: 'float32' } };
    const want = tabulate(x.shape, (b, t, f) => at(x, b, t, f) + (value[0]?.[t]?.[f] ?? 0));
    await expectLayer(operation('Add', { args: ([one]) => [one, constant] }), want);
  });

  it('compare and choose', async () => {
    await expectLayer(
      operation('Greater', { args: ([one]) => [one, 0] }),
      map((one) => Number(one > 0)),
    );
    await expectLayer(
      operation('LogicalNot'),
      map((one) => Number(one === 0)),
    );
    await expectLayer(
      operation('Where', { inputs: [x, y], args: ([one, other]) => [one, other, 0.5] }),
      zip((_, other) => other),
    );
  });

  it('reduce any axes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(1, 2, -1), fc.boolean(), async (axis, keepdims) => {
        const over = axis === 1 ? 1 : 2;
        const values = (b: number, k: number): number[] =>
          Array.from({ length: x.shape[over] ?? 0 }, (_, one) =>
            over === 1 ? at(x, b, one, k) : at(x, b, k, one),
          );
        const rest = over === 1 ? 3 : 4;
        const wide = over === 1 ? [2, 1, rest] : [2, rest, 1];
        const as = (name: string, of: (list: number[]) => number) =>
          expectLayer(operation(name, { config: { axis, keepdims } }), {
            shape: keepdims ? wide : [2, rest],
            data: tabulate([2, rest], (b, k) => of(values(b, k))).data,
          });
        const mean = (list: number[]): number => sum(list.length, (index) => list[index] ?? 0) / list.length;
        const variance = (list: number[]): number => mean(list.map((one) => (one - mean(list)) ** 2));
        await as('Sum', (list) => mean(list) * list.length);
        await as('Mean', mean);
        await as('Max', (list) => Math.max(...list));
        await as('Min', (list) => Math.min(...list));
        await as('Prod', (list) => list.reduce((product, one) => product * one, 1));
        await as('Var', variance);
        await as('Std', (list) => Math.sqrt(variance(list)));
        await as('Norm', (list) => Math.sqrt(mean(list.map((one) => one * one)) * list.length));
      }),
      { numRuns: 6 },
    );
  });

  it('multiply matrices', async () => {
    const other = random([2, 3, 5], numbers(30));
    const want = tabulate([2, 4, 5], (b, t, u) => sum(3, (k) => at(x, b, t, k) * at(other, b, k, u)));
    await expectLayer(operation('Matmul', { inputs: [x, other] }), want);
  });

  it('rearrange', async () => {
    await expectLayer(operation('Reshape', { config: { newshape: [-1, 12] }, variable: false }), {
      shape: [2, 12],
      data: x.data,
    });
    await expectLayer(
      operation('Transpose', { config: { axes: [0, 2, 1] } }),
      tabulate([2, 3, 4], (b, i, j) => at(x, b, j, i)),
    );
    await expectLayer(
      operation('Swapaxes', { config: { axis1: 1, axis2: -1 } }),
      tabulate([2, 3, 4], (b, i, j) => at(x, b, j, i)),
    );
    await expectLayer(
      operation('Moveaxis', { config: { source: -1, destination: 1 } }),
      tabulate([2, 3, 4], (b, i, j) => at(x, b, j, i)),
    );
    await expectLayer(operation('ExpandDims', { config: { axis: 1 } }), {
      shape: [2, 1, 4, 3],
      data: x.data,
    });
    await expectLayer(
      operation('Squeeze', { config: { axis: 1 }, inputs: [{ shape: [2, 1, 3], data: x.data.slice(0, 6) }] }),
      { shape: [2, 3], data: x.data.slice(0, 6) },
    );
    await expectLayer(
      operation('Flip', { config: { axis: 1 } }),
      tabulate(x.shape, (b, t, f) => at(x, b, 3 - t, f)),
    );
    await expectLayer(
      operation('Tile', { config: { repeats: [1, 2, 1] } }),
      tabulate([2, 8, 3], (b, t, f) => at(x, b, t % 4, f)),
    );
    await expectLayer(
      operation('Repeat', { config: { repeats: 2, axis: 1 } }),
      tabulate([2, 8, 3], (b, t, f) => at(x, b, Math.floor(t / 2), f)),
    );
    await expectLayer(
      operation('Pad', {
        config: {
          pad_width: [
            [0, 0],
            [1, 2],
            [0, 0],
          ],
          mode: 'constant',
        },
      }),
      tabulate([2, 7, 3], (b, t, f) => at(x, b, t - 1, f)),
    );
    await expectLayer(
      operation('Cumsum', { config: { axis: 1 } }),
      tabulate(x.shape, (b, t, f) => sum(t + 1, (s) => at(x, b, s, f))),
    );
    const both = { inputs: [x, y], args: (tensors: readonly unknown[]) => [tensors] };
    await expectLayer(
      operation('Concatenate', { config: { axis: -1 }, ...both }),
      tabulate([2, 4, 6], (b, t, f) => (f < 3 ? at(x, b, t, f) : at(y, b, t, f - 3))),
    );
    await expectLayer(
      operation('Stack', { config: { axis: 1 }, ...both }),
      tabulate([2, 2, 4, 3], (b, s, t, f) => at(s === 0 ? x : y, b, t, f)),
    );
    const halves = [0, 2].map((start) => tabulate([2, 2, 3], (b, t, f) => at(x, b, start + t, f)));
    await expectLayer(operation('Split', { config: { indices_or_sections: 2, axis: 1 } }), ...halves);
  });

  it('index like NumPy, also where the length is open', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: -4, max: 3 }),
        fc.integer({ min: 1, max: 3 }),
        fc.boolean(),
        seed,
        async (start, step, variable, from) => {
          const z = random([2, 4, 3], numbers(from));
          const index = (key: unknown[]): LayerCase =>
            operation('GetItem', { inputs: [z], variable, args: ([one]) => [one, key] });
          const first = start < 0 ? start + 4 : start;
          const picked = Array.from({ length: 4 }, (_, t) => t).filter(
            (t) => t >= first && (t - first) % step === 0,
          );
          await expectLayer(
            index([every, slice(start, null, step)]),
            tabulate([2, picked.length, 3], (b, t, f) => at(z, b, picked[t] ?? 0, f)),
          );
          await expectLayer(
            index([every, start]),
            tabulate([2, 3], (b, f) => at(z, b, first, f)),
          );
          await expectLayer(
            index([every, slice(null, null, -1)]),
            tabulate([2, 4, 3], (b, t, f) => at(z, b, 3 - t, f)),
          );
          await expectLayer(
            index([{ class_name: '__ellipsis__', config: {} }, 1]),
            tabulate([2, 4], (b, t) => at(z, b, t, 1)),
          );
          await expectLayer(index([every, null]), { shape: [2, 1, 4, 3], data: z.data });
        },
      ),
      { numRuns: 10 },
    );
  });

  it('are refused by name when unknown', async () => {
    await expect(runLayer(operation('Fft'))).rejects.toMatchObject({
      code: 'model_unsupported',
      layer: 'layer',
      message: expect.stringContaining("'Fft'"),
    });
    await expect(runLayer(operation('Sum', { config: { axis: 7 } }))).rejects.toMatchObject({
      code: 'model_corrupt',
      layer: 'layer',
    });
  });
});
