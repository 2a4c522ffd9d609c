import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { at, expectLayer, numbers, random, runLayer, sizeOf, sum, tabulate, type Nd } from './models.js';

const small = fc.integer({ min: 1, max: 6 });
const seed = fc.integer({ min: 0, max: 1e6 });
const RUNS = { numRuns: 8 };

const map = (x: Nd, of: (value: number) => number): Nd => ({ shape: x.shape, data: x.data.map(of) });
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const softplus = (x: number): number => Math.log1p(Math.exp(x));
/** Abramowitz & Stegun's series is too coarse; erf by its Taylor series converges fast for |x| < 4. */
function erf(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 60; n += 1) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}
const clamp = (x: number, low: number, high: number): number => Math.min(Math.max(x, low), high);

const ACTIVATIONS: Record<string, (x: number) => number> = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x) => (x > 0 ? x : 0.2 * x),
  relu6: (x) => clamp(x, 0, 6),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x)),
  celu: (x) => Math.max(x, 0) + Math.min(0, Math.expm1(x)),
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  soft_shrink: (x) => Math.sign(x) * Math.max(Math.abs(x) - 0.5, 0),
  hard_shrink: (x) => (Math.abs(x) > 0.5 ? x : 0),
  sparse_plus: (x) => (x <= -1 ? 0 : x >= 1 ? x : ((x + 1) / 2) ** 2),
  squareplus: (x) => (x + Math.sqrt(x * x + 4)) / 2,
  silu: (x) => x * sigmoid(x),
  swish: (x) => x * sigmoid(x),
  gelu: (x) => (x / 2) * (1 + erf(x / Math.SQRT2)),
  tanh: Math.tanh,
  tanh_shrink: (x) => x - Math.tanh(x),
  hard_tanh: (x) => clamp(x, -1, 1),
  sigmoid,
  exponential: Math.exp,
  hard_sigmoid: (x) => clamp(x / 6 + 0.5, 0, 1),
  hard_silu: (x) => x * clamp(x / 6 + 0.5, 0, 1),
  hard_swish: (x) => x * clamp(x / 6 + 0.5, 0, 1),
  log_sigmoid: (x) => -softplus(-x),
  sparse_sigmoid: (x) => clamp((x + 1) / 2, 0, 1),
  mish: (x) => x * Math.tanh(softplus(x)),
};

const rows = (x: Nd, of: (row: number[]) => number[]): Nd => {
  const width = x.shape.at(-1) ?? 1;
  const data = Array.from({ length: x.data.length / width }, (_, row) =>
    of(x.data.slice(row * width, (row + 1) * width)),
  );
  return { shape: [...x.shape.slice(0, -1), data[0]?.length ?? 0], data: data.flat() };
};
const softmax = (row: number[]): number[] => {
  const raised = row.map((one) => Math.exp(one - Math.max(...row)));
  return raised.map((one) => one / sum(raised.length, (index) => raised[index] ?? 0));
};

describe('activations', () => {
  for (const [activation, of] of Object.entries(ACTIVATIONS)) {
    it(`compute ${activation}`, async () => {
      const next = numbers(activation.length);
      const x = random([3, 7], () => 3 * next());
      await expectLayer({ className: 'Activation', config: { activation }, inputs: [x] }, map(x, of));
    });
  }

  it('compute those that look at a whole row', async () => {
    const next = numbers(5);
    const x = random([4, 6], () => 3 * next());
    const as = (activation: string, want: Nd) =>
      expectLayer({ className: 'Activation', config: { activation }, inputs: [x] }, want);
    await as('softmax', rows(x, softmax));
    await as('log_softmax', map(rows(x, softmax), Math.log));
    await as(
      'glu',
      rows(x, (row) => row.slice(0, 3).map((one, index) => one * sigmoid(row[index + 3] ?? 0))),
    );
  });

  it('keep the threshold of Keras in sparsemax, which sums running sums', async () => {
    const x: Nd = { shape: [1, 3], data: [2, 1.5, -1] };
    // Sorted 2, 1.5, −1; running sums 2, 3.5, 2.5; the first two are inside: threshold (2 + 3.5 − 1) / 2.
    await expectLayer(
      { className: 'Activation', config: { activation: 'sparsemax' }, inputs: [x] },
      { shape: [1, 3], data: [0, 0, 0] },
    );
  });

  it('know that Keras 2 had another hard_sigmoid', async () => {
    const x = random([2, 5], numbers(1));
    const want = map(x, (one) => clamp(0.2 * one + 0.5, 0, 1));
    await expectLayer(
      { className: 'Activation', config: { activation: 'hard_sigmoid' }, inputs: [x], dialect: 'keras2' },
      want,
    );
  });

  it('compute the activation layers with their settings', async () => {
    await fc.assert(
      fc.asyncProperty(seed, fc.double({ min: 0.05, max: 0.9, noNaN: true }), async (from, slope) => {
        const next = numbers(from);
        const x = random([2, 3, 4], () => 2 * next());
        await expectLayer(
          { className: 'LeakyReLU', config: { negative_slope: slope }, inputs: [x] },
          map(x, (one) => (one > 0 ? one : slope * one)),
        );
        await expectLayer(
          { className: 'LeakyReLU', config: { alpha: slope }, inputs: [x], dialect: 'keras2' },
          map(x, (one) => (one > 0 ? one : slope * one)),
        );
        await expectLayer(
          { className: 'ELU', config: { alpha: slope }, inputs: [x] },
          map(x, (one) => (one > 0 ? one : slope * Math.expm1(one))),
        );
        const relu = (one: number): number => (one > slope ? Math.min(one, 1.5) : 0.1 * (one - slope));
        await expectLayer(
          {
            className: 'ReLU',
            config: { max_value: 1.5, negative_slope: 0.1, threshold: slope },
            inputs: [x],
          },
          map(x, relu),
        );
        const alpha = random([1, 4], next);
        const prelu = tabulate(x.shape, (b, t, c) =>
          ((one) => (one > 0 ? one : one * at(alpha, 0, c)))(at(x, b, t, c)),
        );
        await expectLayer(
          { className: 'PReLU', config: { shared_axes: [1] }, inputs: [x], weights: [alpha] },
          prelu,
        );
        await expectLayer({ className: 'Softmax', config: { axis: -1 }, inputs: [x] }, rows(x, softmax));
        const flat = rows({ shape: [2, 12], data: x.data }, softmax);
        await expectLayer(
          { className: 'Softmax', config: { axis: [1, 2] }, inputs: [x] },
          { shape: x.shape, data: flat.data },
        );
      }),
      RUNS,
    );
  });
});

describe('dense layers and look-ups', () => {
  it('multiply, add and activate along the last axis', async () => {
    await fc.assert(
      fc.asyncProperty(seed, small, small, small, fc.boolean(), async (from, b, f, units, use_bias) => {
        const next = numbers(from);
        const [x, kernel, bias] = [random([b, 3, f], next), random([f, units], next), random([units], next)];
        const want = tabulate([b, 3, units], (i, t, u) =>
          Math.tanh(sum(f, (k) => at(x, i, t, k) * at(kernel, k, u)) + (use_bias ? at(bias, u) : 0)),
        );
        await expectLayer(
          {
            className: 'Dense',
            config: { units, use_bias, activation: 'tanh' },
            inputs: [x],
            weights: use_bias ? [kernel, bias] : [kernel],
            variable: true,
          },
          want,
        );
      }),
      RUNS,
    );
  });

  it('look rows up', async () => {
    const table = random([9, 4], numbers(3));
    const x: Nd = { shape: [2, 3], data: [0, 8, 3, 3, 1, 7] };
    const want = tabulate([2, 3, 4], (b, t, c) => at(table, at(x, b, t), c));
    await expectLayer(
      { className: 'Embedding', config: { input_dim: 9, output_dim: 4 }, inputs: [x], weights: [table] },
      want,
    );
  });

  it('zero masked steps', async () => {
    const x: Nd = { shape: [1, 3, 2], data: [5, 5, 5, 1, 2, 3] };
    await expectLayer(
      { className: 'Masking', config: { mask_value: 5 }, inputs: [x] },
      { shape: [1, 3, 2], data: [0, 0, 5, 1, 2, 3] },
    );
  });

  it('pass through what only matters in training', async () => {
    const x = random([2, 3, 4], numbers(9));
    for (const className of ['Identity', 'ActivityRegularization'])
      await expectLayer({ className, inputs: [x] }, x);
    for (const className of ['Dropout', 'SpatialDropout1D', 'GaussianDropout', 'AlphaDropout']) {
      await expectLayer({ className, config: { rate: 0.4 }, inputs: [x] }, x);
    }
    await expectLayer({ className: 'GaussianNoise', config: { stddev: 0.4 }, inputs: [x] }, x);
  });
});

describe('reshaping layers', () => {
  it('move elements where the plain loops put them', async () => {
    await fc.assert(
      fc.asyncProperty(seed, small, small, small, fc.boolean(), async (from, b, t, f, variable) => {
        const x = random([b, t, f], numbers(from));
        const as = (className: string, config: Record<string, unknown>, want: Nd) =>
          expectLayer({ className, config, inputs: [x], variable }, want);
        await as('Flatten', {}, { shape: [b, t * f], data: x.data });
        await as('Reshape', { target_shape: [-1] }, { shape: [b, t * f], data: x.data });
        await as('Reshape', { target_shape: [-1, f, 1] }, { shape: [b, t, f, 1], data: x.data });
        await as(
          'Permute',
          { dims: [2, 1] },
          tabulate([b, f, t], (i, j, k) => at(x, i, k, j)),
        );
        await as(
          'UpSampling1D',
          { size: 3 },
          tabulate([b, 3 * t, f], (i, s, c) => at(x, i, Math.floor(s / 3), c)),
        );
        await as(
          'ZeroPadding1D',
          { padding: [2, 1] },
          tabulate([b, t + 3, f], (i, s, c) => at(x, i, s - 2, c)),
        );
        if (t > 2)
          await as(
            'Cropping1D',
            { cropping: [1, 1] },
            tabulate([b, t - 2, f], (i, s, c) => at(x, i, s + 1, c)),
          );
        if (t > 1)
          await as(
            'Cropping1D',
            { cropping: [1, 0] },
            tabulate([b, t - 1, f], (i, s, c) => at(x, i, s + 1, c)),
          );
        const flat: Nd = { shape: [b, t * f], data: x.data };
        await expectLayer(
          { className: 'RepeatVector', config: { n: 4 }, inputs: [flat] },
          tabulate([b, 4, t * f], (i, _, c) => at(flat, i, c)),
        );
      }),
      RUNS,
    );
  });

  it('refuse impossible shapes', async () => {
    const x = random([1, 2, 3], numbers(1));
    expect(sizeOf(x.shape)).toBe(6);
    await expect(
      runLayer({ className: 'Reshape', config: { target_shape: [4] }, inputs: [x] }),
    ).rejects.toMatchObject({ code: 'model_corrupt', layer: 'layer' });
    await expect(
      runLayer({ className: 'Cropping1D', config: { cropping: [1, 1] }, inputs: [x] }),
    ).rejects.toMatchObject({ code: 'model_corrupt' });
    // Keras 3.15: "Expected as input a list/tuple of 2 tensors".
    const three = [x, x, x].map(() => random([2, 1], numbers(2)));
    await expect(
      runLayer({ className: 'HashedCrossing', config: { num_bins: 5 }, inputs: three }),
    ).rejects.toThrow('crossing 3 tensors, where Keras takes two, is not supported; cross two of them');
  });

  it('refuse what Keras computes and this does not, as sound', async () => {
    const x = random([1, 2, 3], numbers(1));
    const code = 'model_unsupported';
    const lanczos = { size: 2, interpolation: 'lanczos3' };
    await expect(
      runLayer({ className: 'UpSampling2D', config: lanczos, inputs: [random([1, 2, 2, 1], numbers(1))] }),
    ).rejects.toMatchObject({ code, message: expect.stringContaining('lanczos3') as unknown });
    const matrix = random([2, 3], numbers(1));
    await expect(
      runLayer({
        className: 'Diag',
        operation: true,
        inputs: [matrix],
        args: ([first]) => [first],
        config: { k: 0 },
      }),
    ).rejects.toMatchObject({ code, message: expect.stringContaining('rows of a run') as unknown });
    const weights = [random([3, 2], numbers(1)), random([2], numbers(2)), random([3, 1], numbers(3))];
    await expect(
      runLayer({ className: 'Dense', config: { units: 2, lora_rank: 1 }, inputs: [x], weights }),
    ).rejects.toMatchObject({
      code,
      message: expect.stringContaining('save the model as .keras') as unknown,
    });
  });
});
