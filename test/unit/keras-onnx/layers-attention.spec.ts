import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { at, expectLayer, numbers, random, runLayer, sum, tabulate, type Nd } from './models.js';

const RUNS = { numRuns: 10 };
const seed = fc.integer({ min: 0, max: 1e6 });
const small = fc.integer({ min: 1, max: 4 });

/** softmax over the sources that `visible` lets through. */
function weigh(scores: Nd, visible: (target: number, source: number) => boolean): Nd {
  const [targets = 0, sources = 0] = scores.shape.slice(-2);
  const seen = scores.data.map((one, index) =>
    visible(Math.floor(index / sources) % targets, index % sources) ? Math.exp(one) : 0,
  );
  const data = seen.map((one, index) => {
    const row = Math.floor(index / sources) * sources;
    return one / sum(sources, (source) => seen[row + source] ?? 0);
  });
  return { shape: scores.shape, data };
}

const always = (): boolean => true;
const causal = (target: number, source: number): boolean => source <= target;

describe('attention layers:', () => {
  it('MultiHeadAttention projects, weighs and joins its heads', async () => {
    await fc.assert(
      fc.asyncProperty(
        seed,
        small,
        small,
        small,
        fc.boolean(),
        fc.boolean(),
        async (from, heads, size, valueSize, masked, variable) => {
          const next = numbers(from);
          const [b, t, s, d] = [2, 4, 4, 3];
          const [query, value] = [random([b, t, d], next), random([b, s, d], next)];
          const projection = (width: number): [Nd, Nd] => [
            random([d, heads, width], next),
            random([heads, width], next),
          ];
          const [q, k, v] = [projection(size), projection(size), projection(valueSize)];
          const [outKernel, outBias] = [random([heads, valueSize, d], next), random([d], next)];
          const project = (x: Nd, [kernel, bias]: [Nd, Nd], width: number): Nd =>
            tabulate(
              [b, x.shape[1] ?? 0, heads, width],
              (i, step, h, w) => sum(d, (f) => at(x, i, step, f) * at(kernel, f, h, w)) + at(bias, h, w),
            );
          const [queries, keys, values] = [
            project(query, q, size),
            project(value, k, size),
            project(value, v, valueSize),
          ];
          const scores = tabulate(
            [b, heads, t, s],
            (i, h, x, y) =>
              sum(size, (w) => at(queries, i, x, h, w) * at(keys, i, y, h, w)) / Math.sqrt(size),
          );
          const weights = weigh(scores, masked ? causal : always);
          const mixed = tabulate([b, t, heads, valueSize], (i, x, h, w) =>
            sum(s, (y) => at(weights, i, h, x, y) * at(values, i, y, h, w)),
          );
          const want = tabulate(
            [b, t, d],
            (i, x, f) =>
              sum(heads, (h) => sum(valueSize, (w) => at(mixed, i, x, h, w) * at(outKernel, h, w, f))) +
              at(outBias, f),
          );
          await expectLayer(
            {
              className: 'MultiHeadAttention',
              config: {
                num_heads: heads,
                key_dim: size,
                value_dim: valueSize,
                use_bias: true,
                output_shape: null,
                attention_axes: [1],
                dropout: 0.3,
              },
              inputs: [query, value],
              weights: [...q, ...k, ...v, outKernel, outBias],
              kwargs: { use_causal_mask: masked, return_attention_scores: true },
              variable,
            },
            want,
            weights,
          );
        },
      ),
      RUNS,
    );
  });

  it('Attention scores by dot product or by tanh of the sum', async () => {
    await fc.assert(
      fc.asyncProperty(seed, fc.boolean(), fc.boolean(), async (from, masked, scaled) => {
        const next = numbers(from);
        const [query, value, key] = [
          random([2, 4, 3], next),
          random([2, 4, 5], next),
          random([2, 4, 3], next),
        ];
        const [scale, weight]: [Nd, Nd] = [
          { shape: [], data: [0.7] },
          { shape: [], data: [1.3] },
        ];
        const factor = scaled ? 0.7 : 1;
        const visible = masked ? causal : always;
        const apply = (scores: Nd): Nd => {
          const weights = weigh(scores, visible);
          return tabulate([2, 4, 5], (b, t, f) => sum(4, (s) => at(weights, b, t, s) * at(value, b, s, f)));
        };
        const dot = tabulate(
          [2, 4, 4],
          (b, t, s) => factor * sum(3, (f) => at(query, b, t, f) * at(key, b, s, f)),
        );
        const shared = { inputs: [query, value, key], kwargs: { use_causal_mask: masked } };
        await expectLayer(
          {
            className: 'Attention',
            config: { use_scale: scaled, score_mode: 'dot' },
            weights: scaled ? [scale] : [],
            ...shared,
          },
          apply(dot),
        );
        const bent = tabulate(
          [2, 4, 4],
          (b, t, s) => 1.3 * sum(3, (f) => Math.tanh(factor * (at(query, b, t, f) + at(key, b, s, f)))),
        );
        await expectLayer(
          {
            className: 'Attention',
            config: { use_scale: scaled, score_mode: 'concat' },
            weights: scaled ? [scale, weight] : [weight],
            ...shared,
          },
          apply(bent),
        );
        const each = random([3], next);
        const additive = tabulate([2, 4, 4], (b, t, s) =>
          sum(3, (f) => (scaled ? at(each, f) : 1) * Math.tanh(at(query, b, t, f) + at(key, b, s, f))),
        );
        await expectLayer(
          {
            className: 'AdditiveAttention',
            config: { use_scale: scaled },
            weights: scaled ? [each] : [],
            ...shared,
          },
          apply(additive),
        );
      }),
      RUNS,
    );
  });

  it('attention over other axes is refused', async () => {
    const x = random([1, 3, 2], numbers(1));
    const config = { num_heads: 1, key_dim: 2, attention_axes: [2] };
    const weights = [[2, 1, 2], [1, 2], [2, 1, 2], [1, 2], [2, 1, 2], [1, 2], [1, 2, 2], [2]].map((shape) =>
      random(shape, numbers(3)),
    );
    await expect(
      runLayer({ className: 'MultiHeadAttention', config, inputs: [x, x], weights }),
    ).rejects.toMatchObject({ code: 'model_unsupported' });
  });
});
