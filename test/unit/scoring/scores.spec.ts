import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { NumpyGenerator } from '#libs/numpy-random';
import {
  brierDecomposition,
  brierScore,
  crpsNorm,
  crpsQuantile,
  crpsSample,
  directionalAccuracy,
  intervalScore,
  logsBinary,
  logsDecomposition,
  mae,
  mase,
  naiveMae,
  normalQuantile,
  quantileLoss,
  randomWalkForecast,
  rmse,
  skillScore,
  trailingVolatility,
  wis,
} from '#libs/scoring';

const normals = (count: number, seed: number, sd = 1): number[] => {
  const generator = NumpyGenerator.fromSeed(seed);
  return Array.from({ length: count }, () => generator.normal(0, sd));
};
const meanOver = (count: number, score: (at: number) => number): number => {
  let sum = 0;
  for (let at = 0; at < count; at += 1) sum += score(at);
  return sum / count;
};
const finite = fc.double({ min: -1e6, max: 1e6, noNaN: true });

describe('CRPS of samples', () => {
  it("is the fair score of SpecsVerification's own tests", () => {
    expect(crpsSample(1.5, [1, 2, 3])).toBeCloseTo(5 / 6 - 4 / 6, 14);
  });

  it('is the fair score by its definition, pair by pair', () => {
    // numpy: |x − y|.mean() − |xᵢ − xⱼ|.sum() / (2n(n − 1))
    const members = [2.1, 3.5, 4.7, 1.2, 1.3, 5.2, 5.3, 4.2, 3.1, 1.7];
    expect(crpsSample(5.4, members)).toBeCloseTo(1.215555555555556, 13);
    expect(crpsSample(3, members)).toBeCloseTo(0.41555555555555557, 13);
    expect(crpsSample(0, [1, -1])).toBeCloseTo(0, 14);
  });

  it('keeps its digits far from zero', () => {
    const members = [2.1, 3.5, 4.7, 1.2].map((member) => member + 2 ** 40);
    expect(crpsSample(3 + 2 ** 40, members)).toBeCloseTo(crpsSample(3, [2.1, 3.5, 4.7, 1.2]), 3);
  });

  it('favours the true spread, where the score with 1/(2N²) favours half of it', () => {
    const [members, outcomes] = [5, 40_000];
    const noise = normals(members * outcomes, 11);
    const truth = normals(outcomes, 12);
    const ensemble = (at: number, spread: number) =>
      noise.slice(at * members, (at + 1) * members).map((member) => member * spread);
    const fair = (spread: number) =>
      meanOver(outcomes, (at) => crpsSample(truth[at] ?? NaN, ensemble(at, spread)));
    const unfair = (spread: number) =>
      meanOver(outcomes, (at) => {
        const own = ensemble(at, spread);
        const pairs = own.flatMap((a) => own.map((b) => Math.abs(a - b)));
        const pairMean = pairs.reduce((sum, one) => sum + one, 0) / members ** 2;
        return meanOver(members, (one) => Math.abs((own[one] ?? NaN) - (truth[at] ?? NaN))) - pairMean / 2;
      });
    expect(fair(1)).toBeLessThan(fair(0.75));
    expect(fair(1)).toBeLessThan(fair(1.25));
    expect(unfair(0.75)).toBeLessThan(unfair(1));
  });

  it('tends to the score of the distribution that the samples come from', () => {
    expect(crpsSample(0.4, normals(200_000, 5))).toBeCloseTo(crpsNorm(0.4, 0, 1), 2);
  });

  it('refuses one sample, and numbers that are none', () => {
    expect(() => crpsSample(1, [1])).toThrow('samples needs 2 or more values, and has 1');
    expect(() => crpsSample(NaN, [1, 2])).toThrow('y must be a finite number, not NaN');
    expect(() => crpsSample(1, [1, Infinity])).toThrow('samples[1] must be a finite number, not Infinity');
  });
});

describe('CRPS of a normal distribution', () => {
  it("has the values of scoringRules' own tests", () => {
    expect(crpsNorm(-3, 0, 1)).toBeCloseTo(2.43657473, 8);
    expect(crpsNorm(-3 * 0.9, 0, 0.9)).toBeCloseTo(2.43657473 * 0.9, 8);
    expect(crpsNorm(-2.9, 0.1, 1)).toBeCloseTo(2.43657473, 8);
  });

  it('is the integral of the squared distance of distribution functions', () => {
    // scipy.integrate.quad
    expect(crpsNorm(0, 0, 1)).toBeCloseTo((Math.SQRT2 - 1) / Math.sqrt(Math.PI), 14);
    expect(crpsNorm(2.5, 1, 0.7)).toBeCloseTo(1.1131059473223501, 12);
    expect(crpsNorm(-3, 0.5, 2)).toBeCloseTo(2.436316010163814, 12);
  });

  it('is the absolute error without a spread, and refuses a negative one', () => {
    expect(crpsNorm(3, 1, 0)).toBe(2);
    expect(() => crpsNorm(3, 1, -1)).toThrow('sd must not be below 0, not -1');
  });
});

describe('scores of quantiles and intervals', () => {
  it('cost what the value lies away, by the side', () => {
    expect(quantileLoss(10, 8, 0.9)).toBeCloseTo(1.8, 14);
    expect(quantileLoss(6, 8, 0.9)).toBeCloseTo(0.2, 14);
    expect(intervalScore(10, { level: 0.9, lower: 4, upper: 8 })).toBeCloseTo(44, 12);
    expect(intervalScore(3, { level: 0.5, lower: 4, upper: 8 })).toBeCloseTo(8, 12);
    expect(intervalScore(5, { level: 0.9, lower: 4, upper: 8 })).toBe(4);
  });

  it('the weighted interval score of a median and intervals is the CRPS of their quantiles', () => {
    fc.assert(
      fc.property(fc.array(finite, { minLength: 5, maxLength: 5 }), finite, (numbers, y) => {
        const values = numbers.toSorted((a, b) => a - b);
        const [q05 = 0, q25 = 0, median = 0, q75 = 0, q95 = 0] = values;
        const score = wis(
          y,
          [
            { level: 0.9, lower: q05, upper: q95 },
            { level: 0.5, lower: q25, upper: q75 },
          ],
          median,
        );
        const crps = crpsQuantile(y, { levels: [0.05, 0.25, 0.5, 0.75, 0.95], values });
        expect(Math.abs(score.wis - crps)).toBeLessThanOrEqual(1e-9 * (1 + crps));
        const parts = score.dispersion + score.overprediction + score.underprediction;
        expect(Math.abs(parts - score.wis)).toBeLessThanOrEqual(1e-9 * (1 + score.wis));
      }),
    );
  });

  it('many quantiles of a normal distribution have its CRPS', () => {
    const levels = Array.from({ length: 999 }, (_, at) => (at + 1) / 1000);
    const values = levels.map(normalQuantile);
    expect(crpsQuantile(0.7, { levels, values })).toBeCloseTo(crpsNorm(0.7, 0, 1), 2);
  });

  it('refuses crossing quantiles, bounds the wrong way round and levels that are none', () => {
    expect(() => crpsQuantile(1, { levels: [0.1, 0.9], values: [2, 1] })).toThrow(
      'quantiles cross: that of 0.9 is below that of 0.1',
    );
    expect(() => crpsQuantile(1, { levels: [0.9, 0.1], values: [1, 2] })).toThrow(
      'levels must ascend strictly',
    );
    expect(() => intervalScore(1, { level: 95, lower: 0, upper: 1 })).toThrow(
      'level must lie between 0 and 1, not 95',
    );
    expect(() => wis(1, [{ level: 0.5, lower: 2, upper: 1 }])).toThrow(
      'lower (2) must not be above upper (1)',
    );
    expect(() => wis(1, [])).toThrow('wis needs an interval or a median');
  });
});

describe('scores of points', () => {
  /** WWWusage, as R has it; the values are those of `accuracy` of R's forecast 8.20 for the naive forecast of its last 20. */
  const series = [
    88, 84, 85, 85, 84, 85, 83, 85, 88, 89, 91, 99, 104, 112, 126, 138, 146, 151, 150, 148, 147, 149, 143,
    132, 131, 139, 147, 150, 148, 145, 140, 134, 131, 131, 129, 126, 126, 132, 137, 140, 142, 150, 159, 167,
    170, 171, 172, 172, 174, 175, 172, 172, 174, 174, 169, 165, 156, 142, 131, 121, 112, 104, 102, 99, 99, 95,
    88, 84, 84, 87, 89, 88, 85, 86, 89, 91, 91, 94, 101, 110, 121, 135, 145, 149, 156, 165, 171, 175, 177,
    182, 193, 204, 208, 210, 215, 222, 228, 226, 222, 220,
  ];
  const [history, y] = [series.slice(0, 80), series.slice(80)];
  const yHat = y.map(() => history.at(-1) ?? NaN);

  it('are those of the forecast package', () => {
    expect(mae(y, yHat)).toBeCloseTo(76.2, 12);
    expect(rmse(y, yHat)).toBeCloseTo(82.81726873062163, 11);
    expect(naiveMae(history)).toBeCloseTo(4.07594936708861, 13);
    expect(mase(y, yHat, naiveMae(history))).toBeCloseTo(18.6950310559006, 11);
  });

  it('take a scale for each pair', () => {
    expect(mase([1, 2], [2, 4], [1, 4])).toBeCloseTo(0.75, 14);
    expect(() => mase([1, 2], [2, 4], [1, 0])).toThrow('scales[1] must be above 0, not 0');
    expect(() => mae([1, 2], [1])).toThrow('y has 2 values, yHat has 1: they go in pairs');
  });

  it('count directions among pairs that have one', () => {
    expect(directionalAccuracy([2, 0, 1, 3], [3, 2, 2, 1], [1, 1, 1, 1])).toEqual({
      accuracy: 0.5,
      correct: 1,
      counted: 2,
    });
    expect(directionalAccuracy([1], [2], [1]).accuracy).toBeNull();
  });
});

describe('the random walk', () => {
  it('widens with the root of the horizon', () => {
    expect(trailingVolatility([1, 3, 2, 2])).toBeCloseTo(Math.sqrt(5 / 3), 14);
    expect(randomWalkForecast(100, 2, 9)).toEqual({ mean: 100, sd: 6 });
  });

  it('has no skill against itself, and a better forecast has some', () => {
    const walk = randomWalkForecast(0, 1, 4);
    const baseline = crpsNorm(1, walk.mean, walk.sd);
    expect(skillScore(baseline, baseline)).toBe(0);
    expect(skillScore(baseline / 4, baseline)).toBe(0.75);
    expect(() => skillScore(1, 0)).toThrow('baselineLoss must be above 0, not 0');
  });
});

describe('scores of probabilities', () => {
  const observed = [1, 0, 1, 1, 0, 0, 1, 0, 1, 1];
  const predicted = [0.8, 0.3, 0.8, 0.6, 0.3, 0.1, 0.6, 0.6, 0.8, 0.3];

  it('are split into reliability, resolution and uncertainty, as numpy and scipy compute them', () => {
    const brier = brierDecomposition(observed, predicted, null);
    expect(brierScore(observed, predicted)).toBeCloseTo(0.148, 14);
    expect(brier.score).toBeCloseTo(0.148, 14);
    expect(brier.reliability).toBeCloseTo(0.014666666666666661, 14);
    expect(brier.resolution).toBeCloseTo(0.10666666666666666, 14);
    expect(brier.uncertainty).toBeCloseTo(0.24, 14);
    const logs = logsDecomposition(observed, predicted, null);
    expect(logsBinary(observed, predicted)).toBeCloseTo(0.4630055841209993, 13);
    expect(logs.score).toBeCloseTo(0.4630055841209993, 13);
    expect(logs.reliability).toBeCloseTo(0.08109708314411165, 13);
    expect(logs.resolution).toBeCloseTo(0.29110316603236874, 13);
    expect(logs.uncertainty).toBeCloseTo(0.6730116670092565, 13);
  });

  it('group by bins, the last of which holds 1', () => {
    const { groups } = brierDecomposition([1, 1, 0, 1], [1, 0.95, 0.05, 0.5], 10);
    expect(groups).toEqual([
      { predicted: 0.05, observed: 0, count: 1 },
      { predicted: 0.5, observed: 1, count: 1 },
      { predicted: 0.975, observed: 1, count: 2 },
    ]);
  });

  it('the parts add up for any forecasts', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 1, max: 9 })), {
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(pairs, (drawn) => {
        const outcomes = drawn.map(([outcome]) => outcome);
        const forecasts = drawn.map(([, tenth]) => tenth / 10);
        const brier = brierDecomposition(outcomes, forecasts, null);
        expect(Math.abs(brier.score - brierScore(outcomes, forecasts))).toBeLessThan(1e-12);
        const logs = logsDecomposition(outcomes, forecasts, null);
        expect(Math.abs(logs.score - logsBinary(outcomes, forecasts))).toBeLessThan(1e-12);
      }),
    );
  });

  it('say what is no probability and no event', () => {
    expect(logsBinary([1], [0])).toBe(Infinity);
    expect(() => brierScore([2], [0.5])).toThrow('observed[0] must be 0 or 1, not 2');
    expect(() => brierScore([1], [1.2])).toThrow('predicted[0] must lie from 0 to 1, not 1.2');
  });
});
