import { describe, expect, it } from '@jest/globals';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import type { SampledOutput } from '../../../libs/keras-onnx/src/runtime/sample-summary.js';
import { compile, random, sum, type Nd } from './models.js';

const [STEPS, FEATURES, UNITS] = [64, 32, 8];
const SAMPLES = 100;
const LEVELS = [0.05, 0.5, 0.95];

/** Numbers from −1 to 1, always the same. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (2 * state) / 0x7fffffff - 1;
  };
}

const WINDOW = random([1, STEPS, FEATURES], numbersFrom(1));
const KERNEL = random([FEATURES, UNITS], numbersFrom(2));
const lastOf = (outputs: number): Nd => random([UNITS, outputs], numbersFrom(3));
const LAST = lastOf(2);

/** Dropout → Dense → mean over the steps → Dropout → Dense, everything linear, so that theory gives the moments. */
function pooled(
  bodyRate: number,
  headRate: number,
  outputs = 2,
  weights: Readonly<Record<string, Nd>> = { dense: KERNEL, last: lastOf(outputs) },
): Promise<Engine> {
  const layer = (class_name: string, config: Record<string, unknown>) => ({
    module: 'keras.layers',
    class_name,
    config,
  });
  const config = {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name: 'pooled',
      layers: [
        layer('InputLayer', { name: 'window', batch_shape: [null, STEPS, FEATURES] }),
        layer('Dropout', { name: 'early', rate: bodyRate }),
        layer('Dense', { name: 'dense', units: UNITS, use_bias: false }),
        layer('GlobalAveragePooling1D', { name: 'mean' }),
        layer('Dropout', { name: 'late', rate: headRate }),
        layer('Dense', { name: 'last', units: outputs, use_bias: false }),
      ],
    },
  };
  return Engine.open(
    compile(config, ({ name }) => (weights[name] === undefined ? [] : [weights[name]])),
    1,
  );
}

/** Mean, variance and intraclass correlation of an output of {@link pooled}. */
function theory(bodyRate: number, headRate: number, output: number) {
  const kernel = (feature: number, unit: number): number => KERNEL.data[feature * UNITS + unit] ?? 0;
  const last = (unit: number): number => LAST.data[unit * 2 + output] ?? 0;
  const x = (step: number, feature: number): number => WINDOW.data[step * FEATURES + feature] ?? 0;
  const over = (of: (step: number, feature: number) => number): number =>
    sum(STEPS, (step) => sum(FEATURES, (feature) => of(step, feature)));
  const mean = (unit: number): number =>
    over((step, feature) => x(step, feature) * kernel(feature, unit)) / STEPS;
  const covariance = (a: number, b: number): number =>
    ((bodyRate / (1 - bodyRate)) *
      over((step, feature) => x(step, feature) ** 2 * kernel(feature, a) * kernel(feature, b))) /
    STEPS ** 2;
  const level = sum(UNITS, (unit) => last(unit) * mean(unit));
  const ofBody = sum(UNITS, (a) => sum(UNITS, (b) => last(a) * last(b) * covariance(a, b)));
  const ofHead = sum(
    UNITS,
    (unit) => (headRate / (1 - headRate)) * last(unit) ** 2 * (mean(unit) ** 2 + covariance(unit, unit)),
  );
  const variance = ofBody + ofHead;
  return { mean: level, std: Math.sqrt(variance), correlation: ofBody / variance };
}

const ask = async (engine: Engine, seed: number, nested: boolean, more = {}): Promise<SampledOutput> => {
  const [output] = await engine.sample([WINDOW], {
    samples: SAMPLES,
    seed,
    nested,
    quantiles: LEVELS,
    ...more,
  });
  if (output === undefined) throw new Error('a model has an output');
  return output;
};

describe('nested sampling', () => {
  it.each([
    { rates: [0.05, 0.5], correlation: [0, 0.1], bodies: [20, 30] },
    { rates: [0.5, 0.2], correlation: [0.2, 0.8], bodies: [30, 90] },
    { rates: [0.5, 0.01], correlation: [0.9, 1], bodies: [90, 100] },
  ])('is as sure as independent passes with the rates $rates', async ({ rates, correlation, bodies }) => {
    const [bodyRate = 0, headRate = 0] = rates;
    const expected = [0, 1].map((output) => theory(bodyRate, headRate, output));
    const highest = Math.max(...expected.map((one) => one.correlation));
    expect(highest).toBeGreaterThanOrEqual(correlation[0] ?? NaN);
    expect(highest).toBeLessThanOrEqual(correlation[1] ?? NaN);
    const engine = await pooled(bodyRate, headRate);
    const many = await ask(engine, 1, false, { samples: 50_000 });
    const truth = [expected.map((one) => one.mean), expected.map((one) => one.std), ...many.quantiles];
    const repeats = 400;
    const measure = async (nested: boolean) => {
      const squares = truth.map(() => 0);
      let [made, deviation] = [0, 0];
      for (let seed = 1; seed <= repeats; seed += 1) {
        const answer = await ask(engine, seed, nested);
        made += (answer.nesting?.bodies ?? 0) / repeats;
        [answer.mean, answer.std, ...answer.quantiles].forEach((values, at) =>
          expected.forEach(({ std }, output) => {
            squares[at] =
              (squares[at] ?? 0) + (((values[output] ?? NaN) - (truth[at]?.[output] ?? NaN)) / std) ** 2;
          }),
        );
        expected.forEach(({ std }, output) => {
          deviation += (answer.std[output] ?? NaN) / std / expected.length / repeats;
        });
      }
      const errors = squares.map((square) => Math.sqrt(square / repeats / expected.length));
      return { errors, made, deviation };
    };
    const [independent, nested] = [await measure(false), await measure(true)];
    await engine.close();
    // Of 800 numbers each, so both sides have a standard error of 3 %.
    expect(independent.errors[0]).toBeCloseTo(1 / Math.sqrt(SAMPLES), 1);
    nested.errors.forEach((error, at) => expect(error / (independent.errors[at] ?? NaN)).toBeLessThan(1.08));
    expect(Math.abs(nested.deviation - 1)).toBeLessThan(0.012);
    expect(nested.made).toBeGreaterThanOrEqual(bodies[0] ?? NaN);
    expect(nested.made).toBeLessThanOrEqual(bodies[1] ?? NaN);
  });

  it('counts draws that are alike in width alone, as where a body scales the noise of the end', async () => {
    // Every unit is the same number with a mean of 0, and the last layer takes each second one away: whatever that number is,
    // the draws of a body have the mean 0 and its size as their width.
    const level = sum(WINDOW.data.length, (at) => WINDOW.data[at] ?? 0) / WINDOW.data.length;
    const window = { ...WINDOW, data: WINDOW.data.map((value) => value - level) };
    const ones = { shape: KERNEL.shape, data: KERNEL.data.map(() => 1) };
    const signs = {
      shape: [UNITS, 1],
      data: Array.from({ length: UNITS }, (_, at) => (at % 2 === 0 ? 1 : -1)),
    };
    const engine = await pooled(0.5, 0.5, 1, { dense: ones, last: signs });
    const asked = async (seed: number, nested: boolean, samples = SAMPLES) => {
      const [output] = await engine.sample([window], { samples, seed, nested, quantiles: LEVELS });
      const { mean, std, quantiles } = output ?? { mean: [], std: [], quantiles: [] };
      return {
        numbers: [mean[0], std[0], ...quantiles.map((one) => one[0])].map(Number),
        bodies: output?.nesting?.bodies ?? 0,
      };
    };
    const { numbers: truth } = await asked(1, false, 50_000);
    const errorsOf = async (nested: boolean) => {
      const squares = truth.map(() => 0);
      let made = 0;
      for (let seed = 1; seed <= 800; seed += 1) {
        const { numbers, bodies } = await asked(seed, nested);
        made += bodies / 800;
        numbers.forEach(
          (value, at) => (squares[at] = (squares[at] ?? 0) + (value - (truth[at] ?? NaN)) ** 2),
        );
      }
      return { errors: squares.map(Math.sqrt), made };
    };
    const [independent, nested] = [await errorsOf(false), await errorsOf(true)];
    await engine.close();
    nested.errors.forEach((error, at) => expect(error / (independent.errors[at] ?? NaN)).toBeLessThan(1.08));
    expect(nested.made).toBeGreaterThan(30);
    expect(nested.made).toBeLessThan(80);
  });

  it('gives the same bits for the same seed and says how many passes it made', async () => {
    const engine = await pooled(0.05, 0.5);
    const first = await ask(engine, 5, true, { keepSamples: true });
    const again = await ask(engine, 5, true, { keepSamples: true });
    const apart = await ask(engine, 5, true, { keepSamples: true, batch: 7 });
    const other = await ask(engine, 6, true, { keepSamples: true });
    const [row] = await engine.sampleRows([WINDOW], {
      samples: SAMPLES,
      seeds: [5],
      nested: true,
      keepSamples: true,
    });
    await engine.close();
    expect(first.nesting).toEqual({ bodies: 20, passes: 320 });
    expect(first.values).toHaveLength(320 * 2);
    expect(again.values).toEqual(first.values);
    expect(apart.values).toEqual(first.values);
    expect(row?.[0]?.values).toEqual(first.values);
    expect(other.values).not.toEqual(first.values);
  });

  it('samples independently where few are asked for or the end is not cheap', async () => {
    const engine = await pooled(0.05, 0.5);
    const few = await ask(engine, 5, true, { samples: 20 });
    expect(few).toEqual(await ask(engine, 5, false, { samples: 20 }));
    await engine.close();
    const wide = await pooled(0.05, 0.5, 1_024);
    const costly = await ask(wide, 5, true);
    expect(costly).toEqual(await ask(wide, 5, false));
    await wide.close();
    expect([few.nesting, costly.nesting]).toEqual([undefined, undefined]);
  });

  it('computes as many bodies as samples where nothing can be told of how alike draws are', async () => {
    const engine = await pooled(0.05, 0.5);
    const data = WINDOW.data.map((value, at) => (at === 0 ? Number.NaN : value));
    const [output] = await engine.sample([{ ...WINDOW, data }], { samples: SAMPLES, seed: 5, nested: true });
    await engine.close();
    expect(output?.nesting).toEqual({ bodies: SAMPLES, passes: 16 * SAMPLES });
  });
});
