import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { at, expectLayer, numbers, random, runLayer, sum, tabulate, type Nd } from './models.js';

const RUNS = { numRuns: 12 };
const shapes = fc.record({
  from: fc.integer({ min: 0, max: 1e6 }),
  steps: fc.integer({ min: 7, max: 12 }),
  channels: fc.integer({ min: 1, max: 4 }),
  filters: fc.integer({ min: 1, max: 4 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 3 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  padding: fc.constantFrom('valid', 'same', 'causal'),
  variable: fc.boolean(),
});

interface Slide {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padding: string;
}

/** TensorFlow's rule: how many positions there are and how many zeros come first. */
function slide(
  length: number,
  { kernel, stride, dilation, padding }: Slide,
): { count: number; before: number } {
  const reach = (kernel - 1) * dilation + 1;
  if (padding === 'valid') return { count: Math.floor((length - reach) / stride) + 1, before: 0 };
  const count = Math.ceil(length / stride);
  if (padding === 'causal') return { count, before: reach - 1 };
  return { count, before: Math.floor(Math.max((count - 1) * stride + reach - length, 0) / 2) };
}

/** Strides and dilations above 1 exclude each other in Keras; windows shorter than the stride need a known length. */
function sound<T extends Slide & { variable: boolean }>(one: T): T {
  const dilation = one.stride > 1 ? 1 : one.dilation;
  return { ...one, dilation, variable: one.variable && one.kernel >= one.stride };
}

describe('convolutions:', () => {
  it('Conv1D slides grouped kernels with every padding, stride and dilation', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 2 }), async (given, groups) => {
        const { from, steps, channels: part, filters: each, ...rest } = sound(given);
        const [channels, filters] = [part * groups, each * groups];
        const next = numbers(from);
        const [x, kernel, bias] = [
          random([2, steps, channels], next),
          random([rest.kernel, part, filters], next),
          random([filters], next),
        ];
        const { count, before } = slide(steps, rest);
        const want = tabulate([2, count, filters], (b, t, f) => {
          const group = Math.floor(f / each) * part;
          const total = sum(rest.kernel, (k) =>
            sum(
              part,
              (c) => at(x, b, t * rest.stride - before + k * rest.dilation, group + c) * at(kernel, k, c, f),
            ),
          );
          return total + at(bias, f);
        });
        const config = {
          filters,
          groups,
          kernel_size: [rest.kernel],
          strides: [rest.stride],
          dilation_rate: [rest.dilation],
          padding: rest.padding,
        };
        await expectLayer(
          { className: 'Conv1D', config, inputs: [x], weights: [kernel, bias], variable: rest.variable },
          want,
        );
      }),
      { numRuns: 25 },
    );
  });

  it('Conv2D slides over both axes', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (given) => {
        const { from, channels, filters, kernel: k, stride, padding: asked } = given;
        const padding = asked === 'causal' ? 'same' : asked;
        const next = numbers(from);
        const [x, kernel, bias] = [
          random([1, 8, 7, channels], next),
          random([k, 2, channels, filters], next),
          random([filters], next),
        ];
        const [down, across] = [
          slide(8, { kernel: k, stride, dilation: 1, padding }),
          slide(7, { kernel: 2, stride: 1, dilation: 1, padding }),
        ];
        const want = tabulate([1, down.count, across.count, filters], (b, r, s, f) => {
          const cell = (i: number, j: number): number =>
            sum(
              channels,
              (c) =>
                at(x, b, r * stride - down.before + i, s - across.before + j, c) * at(kernel, i, j, c, f),
            );
          return Math.max(sum(k, (i) => sum(2, (j) => cell(i, j))) + at(bias, f), 0);
        });
        const config = { filters, kernel_size: [k, 2], strides: [stride, 1], padding, activation: 'relu' };
        await expectLayer({ className: 'Conv2D', config, inputs: [x], weights: [kernel, bias] }, want);
      }),
      RUNS,
    );
  });

  it('DepthwiseConv1D and SeparableConv1D keep channels apart first', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 3 }), async (given, multiplier) => {
        const { from, steps, channels, filters, ...rest } = sound(given);
        const next = numbers(from);
        const [x, deep, point, bias] = [
          random([2, steps, channels], next),
          random([rest.kernel, channels, multiplier], next),
          random([1, channels * multiplier, filters], next),
          random([filters], next),
        ];
        const { count, before } = slide(steps, rest);
        const apart = tabulate([2, count, channels * multiplier], (b, t, m) => {
          const c = Math.floor(m / multiplier);
          return sum(
            rest.kernel,
            (k) => at(x, b, t * rest.stride - before + k * rest.dilation, c) * at(deep, k, c, m % multiplier),
          );
        });
        const shared = {
          kernel_size: [rest.kernel],
          strides: [rest.stride],
          dilation_rate: [rest.dilation],
          padding: rest.padding,
          depth_multiplier: multiplier,
        };
        await expectLayer(
          {
            className: 'DepthwiseConv1D',
            config: { ...shared, use_bias: false },
            inputs: [x],
            weights: [deep],
            variable: rest.variable,
          },
          apart,
        );
        const mixed = tabulate(
          [2, count, filters],
          (b, t, f) =>
            sum(channels * multiplier, (m) => at(apart, b, t, m) * at(point, 0, m, f)) + at(bias, f),
        );
        await expectLayer(
          {
            className: 'SeparableConv1D',
            config: { ...shared, filters },
            inputs: [x],
            weights: [deep, point, bias],
            variable: rest.variable,
          },
          mixed,
        );
      }),
      RUNS,
    );
  });

  it('Conv1DTranspose spreads every step and cuts the ends as TensorFlow does', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, fc.integer({ min: 1, max: 5 }), async (given, kernel) => {
        const { from, channels, filters, stride, variable } = given;
        const padding = given.padding === 'valid' ? 'valid' : 'same';
        const next = numbers(from);
        const steps = 5;
        const [x, weights, bias] = [
          random([2, steps, channels], next),
          random([kernel, filters, channels], next),
          random([filters], next),
        ];
        const length = padding === 'same' ? steps * stride : steps * stride + Math.max(kernel - stride, 0);
        const cut = padding === 'same' ? Math.floor(Math.max(kernel - stride, 0) / 2) : 0;
        const want = tabulate([2, length, filters], (b, t, f) => {
          const from_ = (s: number): number => {
            const k = t + cut - s * stride;
            return k < 0 || k >= kernel ? 0 : sum(channels, (c) => at(x, b, s, c) * at(weights, k, f, c));
          };
          return sum(steps, from_) + at(bias, f);
        });
        const config = { filters, kernel_size: [kernel], strides: [stride], padding, output_padding: null };
        await expectLayer(
          { className: 'Conv1DTranspose', config, inputs: [x], weights: [weights, bias], variable },
          want,
        );
      }),
      RUNS,
    );
  });

  it('kernels that do not fit the file are refused', async () => {
    const x = random([1, 6, 3], numbers(1));
    const config = { filters: 2, kernel_size: [3] };
    const wrong = {
      className: 'Conv1D',
      config,
      inputs: [x],
      weights: [random([3, 2, 2], numbers(2)), random([2], numbers(3))],
    };
    await expect(runLayer(wrong)).rejects.toMatchObject({
      code: 'model_corrupt',
      layer: 'layer',
      message: expect.stringContaining("'kernel'"),
    });
    const long = {
      ...wrong,
      config: { ...config, kernel_size: [9] },
      weights: [random([9, 3, 2], numbers(2)), random([2], numbers(3))],
    };
    await expect(runLayer(long)).rejects.toMatchObject({ code: 'model_corrupt' });
  });
});

describe('pooling', () => {
  it('takes maxima and means of windows without counting the padding', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, async (given) => {
        const { from, steps, channels, kernel, stride, variable } = sound(given);
        const padding = given.padding === 'valid' ? 'valid' : 'same';
        const x = random([2, steps, channels], numbers(from));
        const { count, before } = slide(steps, { kernel, stride, dilation: 1, padding });
        const window = (b: number, t: number, c: number): number[] =>
          Array.from({ length: kernel }, (_, k) => t * stride - before + k)
            .filter((step) => step >= 0 && step < steps)
            .map((step) => at(x, b, step, c));
        const pool = (of: (values: number[]) => number): Nd =>
          tabulate([2, count, channels], (b, t, c) => of(window(b, t, c)));
        const mean = (values: number[]): number =>
          sum(values.length, (index) => values[index] ?? 0) / values.length;
        const config = { pool_size: [kernel], strides: [stride], padding };
        await expectLayer(
          { className: 'MaxPooling1D', config, inputs: [x], variable },
          pool((values) => Math.max(...values)),
        );
        await expectLayer({ className: 'AveragePooling1D', config, inputs: [x], variable }, pool(mean));
      }),
      RUNS,
    );
  });

  it('summarizes all steps', async () => {
    const x = random([2, 5, 3], numbers(8));
    const values = (b: number, c: number): number[] => Array.from({ length: 5 }, (_, t) => at(x, b, t, c));
    const top = tabulate([2, 3], (b, c) => Math.max(...values(b, c)));
    const mean = tabulate([2, 1, 3], (b, _, c) => sum(5, (t) => at(x, b, t, c)) / 5);
    await expectLayer({ className: 'GlobalMaxPooling1D', inputs: [x], variable: true }, top);
    await expectLayer({ className: 'GlobalAveragePooling1D', config: { keepdims: true }, inputs: [x] }, mean);
  });
});
