import { describe, expect, it } from '@jest/globals';
import { NumpyGenerator } from '#libs/numpy-random';
import {
  blockBootstrap,
  blockBootstrapRatio,
  chiSquareSurvival,
  dieboldMariano,
  intervalCoverage,
  normalCdf,
  normalQuantile,
  pitHistogram,
  pitNorm,
  pitPlaces,
  pitQuantile,
  pitSample,
  studentTwoSided,
  symbolDay,
  uniformityOf,
  wilsonInterval,
} from '#libs/scoring';

/** Equal to 12 digits, whatever their size. */
function expectDigits(actual: readonly number[], expected: readonly number[]): void {
  for (const [at, value] of expected.entries())
    expect(Math.abs((actual[at] ?? NaN) - value)).toBeLessThanOrEqual(1e-12 * Math.abs(value));
}

describe('distributions, as scipy has them', () => {
  it('normal', () => {
    expectDigits(
      [1e-300, 1e-10, 0.025, 0.3, 0.5, 0.9, 0.999999].map(normalQuantile),
      [
        -37.0470962993612, -6.361340902404056, -1.9599639845400545, -0.5244005127080409, 0,
        1.2815515655446004, 4.753424308817087,
      ],
    );
    expectDigits(
      [-30, -8, -1.5, -0.3, 0, 0.7, 3, 8.2].map(normalCdf),
      [
        4.906713927147908e-198, 6.22096057427174e-16, 0.06680720126885807, 0.3820885778110474, 0.5,
        0.758036347776927, 0.9986501019683699, 0.9999999999999999,
      ],
    );
  });

  it.each([
    [0.975, 1.959963984540054],
    [0.95, 1.6448536269514722],
    [1e-6, -4.753424308822899],
    [1e-20, -9.26234008979841],
    [0.075, -1.4395314709384563],
    [0.25, -0.6744897501960817],
  ])('normal quantile of %d, and of its complement', (probability, z) => {
    expect(normalQuantile(probability)).toBeCloseTo(z, 12);
    if (probability > 1e-9) expect(normalQuantile(1 - probability)).toBeCloseTo(-z, 9);
  });

  it('chi-square and Student', () => {
    const chi = [
      [0.5, 1, 0.47950012218695337],
      [3.84, 1, 0.05004352124870519],
      [9, 9, 0.43727418891386693],
      [16.92, 9, 0.04998360638750561],
      [40, 9, 7.598525229464264e-6],
      [300, 99, 4.2266534644194534e-22],
    ] as const;
    for (const [x, degrees, p] of chi) expect(chiSquareSurvival(x, degrees) / p).toBeCloseTo(1, 10);
    const student = [
      [0.3, 1, 0.8144528418445154],
      [1.96, 10, 0.07843624024769971],
      [-2.5, 99, 0.014062596921149069],
      [5, 499, 7.951451882128965e-7],
      [12, 30, 5.580185415199261e-13],
    ] as const;
    for (const [t, degrees, p] of student) expect(studentTwoSided(t, degrees) / p).toBeCloseTo(1, 10);
  });
});

describe('coverage', () => {
  it("has Wilson's interval, as scipy's binomtest gives it", () => {
    const cases = [
      [87, 100, 0.95, 0.7901964855992357, 0.9224283257275948],
      [0, 20, 0.95, 0, 0.16112515805281935],
      [20, 20, 0.9, 0.8808421626390355, 1],
      [3, 7, 0.9, 0.18644319036395607, 0.7105229089864071],
    ] as const;
    for (const [hits, count, confidence, lower, upper] of cases) {
      const share = wilsonInterval(hits, count, confidence);
      expect(share.share).toBe(hits / count);
      expect(share.lower).toBeCloseTo(lower, 12);
      expect(share.upper).toBeCloseTo(upper, 12);
    }
  });

  it('of nothing is unknown', () => {
    expect(wilsonInterval(0, 0)).toEqual({ share: null, lower: 0, upper: 1, hits: 0, count: 0 });
    expect(() => wilsonInterval(3, 2)).toThrow('0 ≤ hits ≤ count, not 3 and 2');
  });

  it('counts the ends of an interval as inside', () => {
    expect(intervalCoverage(1, { lower: 1, upper: 2 })).toBe(true);
    expect(intervalCoverage(2.01, { lower: 1, upper: 2 })).toBe(false);
  });
});

describe('the probability integral transform', () => {
  const draws = (count: number, seed: number, sd = 1): number[] => {
    const generator = NumpyGenerator.fromSeed(seed);
    return Array.from({ length: count }, () => generator.normal(0, sd));
  };

  it('lies within the rank of the value, ties included', () => {
    expect(pitSample(2.5, [1, 2, 3], 0.5)).toBe(2.5 / 4);
    expect(pitSample(2, [1, 2, 2], 0)).toBe(1 / 4);
    expect(pitSample(2, [1, 2, 2], 0.999)).toBeCloseTo(1, 2);
    expect(pitQuantile(5, { levels: [0.1, 0.5, 0.9], values: [1, 4, 8] }, 0.25)).toBeCloseTo(0.6, 14);
    expect(pitQuantile(0, { levels: [0.1, 0.9], values: [1, 8] }, 0.5)).toBeCloseTo(0.05, 14);
    expect(pitQuantile(9, { levels: [0.1, 0.9], values: [1, 8] }, 0.5)).toBeCloseTo(0.95, 14);
    expect(pitNorm(1.96, 0, 1)).toBeCloseTo(0.975, 4);
  });

  it('is uniform for an honest ensemble and not for one that is too narrow, the same with the same seed', () => {
    const [members, outcomes] = [9, 2_000];
    const truth = draws(outcomes, 1);
    const test = (sd: number, seed: number) => {
      const noise = draws(members * outcomes, 2, sd);
      const places = pitPlaces(outcomes, seed);
      return pitHistogram(
        truth.map((y, at) => pitSample(y, noise.slice(at * members, (at + 1) * members), places[at] ?? 0)),
      );
    };
    expect(test(1, 7).pValue).toBeGreaterThan(0.01);
    expect(test(0.7, 7).pValue).toBeLessThan(1e-6);
    expect(test(1, 7)).toEqual(test(1, 7));
    expect(pitPlaces(3, 8)).not.toEqual(pitPlaces(3, 7));
  });

  it("is tested as scipy's chisquare does", () => {
    const { chiSquare, degrees, pValue } = uniformityOf([12, 8, 15, 9, 6, 10, 10, 11, 9, 10]);
    expect(chiSquare).toBeCloseTo(5.2, 12);
    expect(degrees).toBe(9);
    expect(pValue).toBeCloseTo(0.8165367975972474, 12);
    expect(pitHistogram([0, 0.1, 0.55, 1], 2).counts).toEqual([2, 2]);
    expect(() => uniformityOf([0, 0])).toThrow('counts must not all be 0');
  });
});

describe('Diebold and Mariano', () => {
  const first = [
    4.165, 6.531, 0.175, 0.322, 0.205, 0.046, 4.08, 0.054, 0.749, 11.042, 0.051, 0.124, 0.079, 0.446, 1.113,
    0.153, 0.232, 0.057, 0.917, 0.04, 0.001, 2.39, 0.297, 0.255, 0.033, 0.292, 3.745, 0.073, 0.059, 1.005,
    0.786, 0.085, 0.779, 0.337, 0.008, 0.449, 7.999, 1.043, 0.921, 2.784,
  ];
  const second = [
    0.129, 0.829, 0.334, 1.958, 0.001, 0.005, 3.339, 0.944, 0.063, 2.088, 0.071, 1.449, 0.576, 0.574, 0.078,
    1.036, 0.089, 10.511, 0.805, 0.408, 4.539, 0.006, 1.571, 0.969, 6.993, 1.413, 0.851, 2.26, 7.87, 0.419,
    0.182, 0.627, 4.276, 2.398, 0.212, 1.858, 3.341, 0.001, 0.234, 4.989,
  ];

  it("is the dm.test of R's forecast 8.20, with either variance", () => {
    const cases = [
      [1, 'bartlett', -0.770731958911259, 0.445510114657661],
      [3, 'acf', -0.79162650968498, 0.433367027963685],
      [3, 'bartlett', -0.734085181611589, 0.467287491711595],
    ] as const;
    for (const [horizon, varianceEstimator, statistic, pValue] of cases) {
      const test = dieboldMariano(first, second, { horizon, varianceEstimator });
      expect(test.statistic).toBeCloseTo(statistic, 12);
      expect(test.pValue).toBeCloseTo(pValue, 12);
    }
  });

  it('finds a model better that is so on every target, and two equal ones equal', () => {
    expect(dieboldMariano(first, first)).toMatchObject({ statistic: 0, pValue: 1 });
    expect(dieboldMariano([1, 1, 1], [2, 2, 2])).toMatchObject({ statistic: -Infinity, pValue: 0 });
    expect(dieboldMariano(first, second).statistic).toBeCloseTo(-dieboldMariano(second, first).statistic, 12);
  });

  it('refuses lists that do not belong together, and horizons beyond them', () => {
    expect(() => dieboldMariano([1, 2], [1])).toThrow('they go in pairs');
    expect(() => dieboldMariano([1, 2], [2, 1], { horizon: 2 })).toThrow(
      'horizon must be a whole number from 1 to 1, not 2',
    );
  });
});

describe('the block bootstrap', () => {
  it('counts values of the same symbol and day once', () => {
    // 50 days with the same value four times: the error of 50 values, twice that of 200
    const generator = NumpyGenerator.fromSeed(1);
    const days = Array.from({ length: 50 }, () => generator.standardNormal());
    const values = days.flatMap((value) => [value, value, value, value]);
    const blocks = values.map((_, at) => symbolDay('SP500', Math.floor(at / 4) * 86_400_000));
    const byDay = blockBootstrap(values, blocks, { seed: 3, replicates: 4_000 });
    const apart = blockBootstrap(
      values,
      values.map((_, at) => String(at)),
      { seed: 3, replicates: 4_000 },
    );
    // numpy: std / √50 and std / √200 of the same draws
    expect(byDay.standardError / 0.12461066741100667).toBeCloseTo(1, 1);
    expect(apart.standardError / 0.06230533370550333).toBeCloseTo(1, 1);
    expect(byDay.effectiveCount).toBeGreaterThan(45);
    expect(byDay.effectiveCount).toBeLessThan(55);
    expect(byDay.blocks).toBe(50);
    expect(byDay.lower).toBeLessThan(byDay.mean);
    expect(byDay.upper).toBeGreaterThan(byDay.mean);
  });

  it('gives the same interval for the same seed', () => {
    const [values, blocks] = [
      [1, 2, 3, 5],
      ['a', 'a', 'b', 'c'],
    ];
    expect(blockBootstrap(values, blocks, { seed: 4 })).toEqual(blockBootstrap(values, blocks, { seed: 4 }));
    expect(blockBootstrap([2, 2], ['a', 'b'], { seed: 4 })).toMatchObject({ mean: 2, standardError: 0 });
  });

  it('gives a ratio of sums the error of the ratio, not that of its parts', () => {
    const generator = NumpyGenerator.fromSeed(9);
    const baseline = Array.from({ length: 400 }, () => Math.exp(generator.normal(0, 1)));
    const loss = baseline.map((one) => one * (0.9 + 0.01 * generator.standardNormal()));
    const skill = blockBootstrapRatio(loss, baseline, { seed: 1 });
    expect(skill.ratio).toBeCloseTo(0.9, 2);
    // numerator and denominator vary by 6 %, together; the ratio does not
    expect(skill.standardError).toBeLessThan(0.002);
    expect(skill.lower).toBeLessThan(skill.ratio);
    expect(skill.upper).toBeGreaterThan(skill.ratio);
    expect(() => blockBootstrapRatio([1], [0], { seed: 1 })).toThrow('denominators must have a sum above 0');
  });

  it('tells symbols and days apart', () => {
    const noon = Date.UTC(2026, 0, 14, 12);
    expect(symbolDay('A', noon)).toBe(symbolDay('A', noon + 3_600_000));
    expect(symbolDay('A', noon)).not.toBe(symbolDay('B', noon));
    expect(symbolDay('A', noon)).not.toBe(symbolDay('A', noon + 86_400_000));
    expect(() => blockBootstrap([1, 2], ['a'], { seed: 1 })).toThrow('blocks has 1 entries for 2 values');
  });
});
