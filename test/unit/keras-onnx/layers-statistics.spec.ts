import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { at, expectLayer, numbers, random, runLayer, sum, tabulate, type Nd } from './models.js';

const RUNS = { numRuns: 8 };
const seed = fc.integer({ min: 0, max: 1e6 });
const small = fc.integer({ min: 2, max: 5 });

const positive = (shape: readonly number[], next: () => number): Nd =>
  random(shape, () => Math.abs(next()) + 0.2);
const meanOf = (values: readonly number[]): number =>
  sum(values.length, (index) => values[index] ?? 0) / values.length;
const varianceOf = (values: readonly number[]): number =>
  meanOf(values.map((one) => (one - meanOf(values)) ** 2));

describe('normalization layers:', () => {
  it('BatchNormalization uses its moving statistics', async () => {
    await fc.assert(
      fc.asyncProperty(seed, small, fc.boolean(), fc.boolean(), async (from, c, scale, center) => {
        const next = numbers(from);
        const x = random([2, 3, c], next);
        const [gamma, beta, mean, variance] = [
          random([c], next),
          random([c], next),
          random([c], next),
          positive([c], next),
        ];
        const want = tabulate(x.shape, (b, t, f) => {
          const plain = (at(x, b, t, f) - at(mean, f)) / Math.sqrt(at(variance, f) + 1e-3);
          return plain * (scale ? at(gamma, f) : 1) + (center ? at(beta, f) : 0);
        });
        const weights = [...(scale ? [gamma] : []), ...(center ? [beta] : []), mean, variance];
        await expectLayer(
          {
            className: 'BatchNormalization',
            config: { axis: -1, epsilon: 1e-3, scale, center },
            inputs: [x],
            weights,
            variable: true,
          },
          want,
        );
      }),
      RUNS,
    );
  });

  it('LayerNormalization, GroupNormalization and UnitNormalization use the row itself', async () => {
    await fc.assert(
      fc.asyncProperty(seed, small, async (from, t) => {
        const next = numbers(from);
        const [x, gamma, beta] = [random([2, t, 6], next), random([6], next), random([6], next)];
        const steps = Array.from({ length: t }, (_, step) => step);
        const norm = (value: number, values: number[]): number =>
          (value - meanOf(values)) / Math.sqrt(varianceOf(values) + 1e-3);
        const row = (b: number, s: number): number[] => Array.from({ length: 6 }, (_, c) => at(x, b, s, c));
        const layer = tabulate(
          x.shape,
          (b, s, c) => norm(at(x, b, s, c), row(b, s)) * at(gamma, c) + at(beta, c),
        );
        await expectLayer(
          {
            className: 'LayerNormalization',
            config: { axis: [-1] },
            inputs: [x],
            weights: [gamma, beta],
            variable: true,
          },
          layer,
        );
        const whole = (b: number): number[] => steps.flatMap((s) => row(b, s));
        const wide = tabulate(x.shape, (b, s, c) => norm(at(x, b, s, c), whole(b)));
        await expectLayer(
          {
            className: 'LayerNormalization',
            config: { axis: [1, 2], scale: false, center: false },
            inputs: [x],
          },
          wide,
        );
        const group = (b: number, c: number): number[] => {
          const first = Math.floor(c / 2) * 2;
          return steps.flatMap((s) => [at(x, b, s, first), at(x, b, s, first + 1)]);
        };
        const grouped = tabulate(
          x.shape,
          (b, s, c) => norm(at(x, b, s, c), group(b, c)) * at(gamma, c) + at(beta, c),
        );
        await expectLayer(
          {
            className: 'GroupNormalization',
            config: { groups: 3 },
            inputs: [x],
            weights: [gamma, beta],
            variable: true,
          },
          grouped,
        );
        const unit = tabulate(
          x.shape,
          (b, s, c) => at(x, b, s, c) / Math.sqrt(sum(6, (k) => at(x, b, s, k) ** 2)),
        );
        await expectLayer({ className: 'UnitNormalization', config: { axis: -1 }, inputs: [x] }, unit);
      }),
      RUNS,
    );
  });

  it('Normalization and Rescaling apply fixed numbers', async () => {
    const next = numbers(4);
    const [x, mean, variance] = [random([3, 4], next), random([4], next), positive([4], next)];
    const count: Nd = { shape: [], data: [7] };
    const want = tabulate(x.shape, (b, c) => (at(x, b, c) - at(mean, c)) / Math.sqrt(at(variance, c)));
    await expectLayer(
      {
        className: 'Normalization',
        config: { axis: [-1], mean: null, variance: null },
        inputs: [x],
        weights: [mean, variance, count],
      },
      want,
    );
    await expectLayer(
      {
        className: 'Normalization',
        config: { axis: [-1], mean: mean.data, variance: variance.data },
        inputs: [x],
      },
      want,
    );
    const back = tabulate(x.shape, (b, c) => at(x, b, c) * Math.sqrt(at(variance, c)) + at(mean, c));
    await expectLayer(
      {
        className: 'Normalization',
        config: { axis: [-1], invert: true, mean: mean.data, variance: variance.data },
        inputs: [x],
      },
      back,
    );
    await expectLayer(
      { className: 'Rescaling', config: { scale: 0.5, offset: -1 }, inputs: [x] },
      tabulate(x.shape, (b, c) => at(x, b, c) / 2 - 1),
    );
  });
});

describe('merging layers', () => {
  it('combine tensors of one shape and of unequal ranks', async () => {
    await fc.assert(
      fc.asyncProperty(seed, small, small, async (from, t, f) => {
        const next = numbers(from);
        const [a, b, c] = [random([2, t, f], next), random([2, t, f], next), random([2, f], next)];
        const each = (of: (x: number, y: number, z: number) => number): Nd =>
          tabulate(a.shape, (i, s, k) => of(at(a, i, s, k), at(b, i, s, k), at(c, i, k)));
        const as = (className: string, inputs: readonly Nd[], want: Nd) =>
          expectLayer({ className, inputs, variable: true }, want);
        await as(
          'Add',
          [a, b, c],
          each((x, y, z) => x + y + z),
        );
        await as(
          'Subtract',
          [a, b],
          each((x, y) => x - y),
        );
        await as(
          'Multiply',
          [a, b, c],
          each((x, y, z) => x * y * z),
        );
        await as(
          'Average',
          [a, b, c],
          each((x, y, z) => (x + y + z) / 3),
        );
        await as(
          'Maximum',
          [a, b],
          each((x, y) => Math.max(x, y)),
        );
        await as(
          'Minimum',
          [a, b],
          each((x, y) => Math.min(x, y)),
        );
        const side = tabulate([2, t, 2 * f], (i, s, k) => (k < f ? at(a, i, s, k) : at(b, i, s, k - f)));
        await expectLayer({ className: 'Concatenate', config: { axis: -1 }, inputs: [a, b] }, side);
        const down = tabulate([2, 2 * t, f], (i, s, k) => (s < t ? at(a, i, s, k) : at(b, i, s - t, k)));
        await expectLayer(
          { className: 'Concatenate', config: { axis: 1 }, inputs: [a, b], variable: true },
          down,
        );
      }),
      RUNS,
    );
  });

  it('contract one axis of each tensor in Dot, normalized or not', async () => {
    const next = numbers(12);
    const [a, b, v, w] = [
      random([2, 3, 4], next),
      random([2, 5, 4], next),
      random([2, 4], next),
      random([2, 4], next),
    ];
    const pairs = tabulate([2, 3, 5], (i, s, r) => sum(4, (k) => at(a, i, s, k) * at(b, i, r, k)));
    await expectLayer({ className: 'Dot', config: { axes: -1 }, inputs: [a, b] }, pairs);
    const project = tabulate([2, 3], (i, s) => sum(4, (k) => at(a, i, s, k) * at(v, i, k)));
    await expectLayer({ className: 'Dot', config: { axes: [2, 1] }, inputs: [a, v] }, project);
    await expectLayer({ className: 'Dot', config: { axes: [1, 2] }, inputs: [v, a] }, project);
    const length = (x: Nd, i: number): number => Math.sqrt(sum(4, (k) => at(x, i, k) ** 2));
    const cosine = tabulate(
      [2, 1],
      (i) => sum(4, (k) => at(v, i, k) * at(w, i, k)) / (length(v, i) * length(w, i)),
    );
    await expectLayer({ className: 'Dot', config: { axes: 1, normalize: true }, inputs: [v, w] }, cosine);
  });

  it('refuse shapes that do not fit', async () => {
    const next = numbers(2);
    const inputs = [random([2, 3], next), random([2, 4], next)];
    await expect(runLayer({ className: 'Add', inputs })).rejects.toMatchObject({
      code: 'model_corrupt',
      layer: 'layer',
    });
    await expect(runLayer({ className: 'Dot', config: { axes: 1 }, inputs })).rejects.toMatchObject({
      code: 'model_corrupt',
    });
  });
});
