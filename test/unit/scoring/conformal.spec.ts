import { describe, expect, it } from '@jest/globals';
import { AppError } from '#libs/kernel';
import { NumpyGenerator } from '#libs/numpy-random';
import {
  ADAPTIVE_START,
  adaptiveStep,
  adaptiveStretches,
  COVERAGE_LEVELS,
  conformalQuantile,
  conformityScore,
  intervalCoverage,
  rangeDistance,
  rangeOfMoments,
  splitConformal,
  spreadOf,
  statedInterval,
  stretchedInterval,
} from '#libs/scoring';

const NINE = [5, 1, 9, 3, 7, 2, 8, 4, 6];
const stated = {
  horizons: [1, 4],
  points: [100, 110],
  deviations: [2, null],
  intervals: [{ level: 0.8, lower: [98, 107], upper: [102, 119] }],
  quantiles: { '0.5': [100, 110] },
};

describe('conformal intervals', () => {
  it('take the ⌈(n + 1)(1 − α)⌉-th smallest score, and the largest beyond it', () => {
    expect(conformalQuantile(NINE, 0.1)).toBe(9);
    expect(conformalQuantile(NINE, 0.2)).toBe(8);
    expect(conformalQuantile(NINE, 0.5)).toBe(5);
    expect(conformalQuantile(NINE, 0.55)).toBe(5);
    expect(conformalQuantile(NINE, 0.05)).toBe(9);
    expect(conformalQuantile(NINE, 1)).toBe(0);
    // 20 × 0.95 is the 19th of 19, whatever the last bit of the product is
    const nineteen = Array.from({ length: 19 }, (_, at) => at + 1);
    expect(splitConformal(nineteen)).toEqual([10, 16, 18, 19]);
    expect(() => conformalQuantile([], 0.1)).toThrow(AppError);
    expect(() => conformalQuantile(NINE, NaN)).toThrow(/alpha must be a finite number/);
  });

  it('measure errors in the deviation, else in the interval nearest to 90 %, else in the random walk', () => {
    expect(spreadOf(stated, 0, 3)).toEqual({ kind: 'deviation', below: 2, above: 2 });
    const own = spreadOf(stated, 1, 3);
    expect(own?.kind).toBe('interval');
    // z of 80 % is 1.2815515655446004; the interval reaches 3 below and 9 above
    expect(own?.below).toBeCloseTo(3 / 1.2815515655446004, 12);
    expect(own?.above).toBeCloseTo(9 / 1.2815515655446004, 12);
    const bare = { ...stated, intervals: [], deviations: [0, 0] };
    expect(spreadOf(bare, 1, 3)).toEqual({ kind: 'volatility', below: 6, above: 6 });
    expect(spreadOf(bare, 1, null)).toBeNull();
    expect(spreadOf({ ...bare, points: [null, null] }, 1, 3)).toBeNull();
    expect(conformityScore(96, 100, { kind: 'interval', below: 2, above: 8 })).toBe(2);
    expect(conformityScore(104, 100, { kind: 'interval', below: 2, above: 8 })).toBe(0.5);
    expect(stretchedInterval(100, { kind: 'interval', below: 2, above: 8 }, 1.5)).toEqual({
      lower: 97,
      upper: 112,
    });
  });

  it('show what a forecast said of a level: its interval, its quantiles, its deviation, nothing', () => {
    expect(statedInterval(stated, 0, 0.8)).toEqual({ lower: 98, upper: 102 });
    expect(statedInterval(stated, 0, 0.9)?.upper).toBeCloseTo(100 + 2 * 1.6448536269514722, 12);
    expect(statedInterval(stated, 1, 0.9)).toBeNull();
    const quantiles = { '0.05': [90, 91], '0.95': [110, 121] };
    expect(statedInterval({ ...stated, quantiles }, 1, 0.9)).toEqual({ lower: 91, upper: 121 });
  });
});

describe('adaptive conformal inference', () => {
  it('moves α by γ(α − err), by hand', () => {
    const options = { gamma: 0.1, window: 3 };
    const first = adaptiveStep(ADAPTIVE_START, 2, null, options);
    // nothing was issued that the first could miss
    expect(first).toEqual({ alphas: ADAPTIVE_START.alphas, outcomes: 1, scores: [2] });
    const held = adaptiveStep(first, 1, null, options);
    // 0.5 + 0.1 × 0.5, 0.2 + 0.1 × 0.2, 0.1 + 0.1 × 0.1, 0.05 + 0.1 × 0.05
    for (const [at, alpha] of [0.55, 0.22, 0.11, 0.055].entries())
      expect(held.alphas[at]).toBeCloseTo(alpha, 12);
    const missed = adaptiveStep(held, 3, null, options);
    // 0.55 + 0.1 × (0.5 − 1), 0.22 − 0.08, 0.11 − 0.09, 0.055 − 0.095 → 0
    for (const [at, alpha] of [0.5, 0.14, 0.02, 0].entries())
      expect(missed.alphas[at]).toBeCloseTo(alpha, 12);
    expect(missed).toMatchObject({ outcomes: 3, scores: [2, 1, 3] });
    expect(adaptiveStep(missed, 9, null, options).scores).toEqual([1, 3, 9]);
    // what was issued counts, whatever the state says by now
    const issued = adaptiveStep(missed, 9, [true, true, true, true], options);
    expect(issued.alphas[1]).toBeCloseTo(0.16, 12);
    expect(adaptiveStretches(missed)).toEqual([2, 3, 3, 3]);
    expect(() => adaptiveStep(missed, 1, null, { gamma: 1, window: 3 })).toThrow(/gamma/);
    expect(() => adaptiveStep(missed, 1, null, { gamma: 0.1, window: 0 })).toThrow(/window/);
  });

  it.each([1, 5])('mends spreads of 0.7 σ within 1,000 outcomes, known %i steps later', (delay) => {
    const generator = NumpyGenerator.fromSeed(20210601);
    const options = { gamma: 0.005, window: 500 };
    let state = ADAPTIVE_START;
    const raw: boolean[] = [];
    const calibrated: boolean[] = [];
    const waiting: { score: number; held: boolean[] | null }[] = [];
    for (let t = 0; t < 3_000; t += 1) {
      const value = 100 + generator.standardNormal();
      const one = {
        ...stated,
        horizons: [1],
        points: [100],
        deviations: [0.7],
        intervals: [],
        quantiles: {},
      };
      const spread = spreadOf(one, 0, null);
      if (spread === null) throw new Error('a deviation is a spread');
      const stretches = adaptiveStretches(state);
      const intervals = stretches.map((stretch) => stretchedInterval(100, spread, stretch));
      const held = intervals.map((interval) => intervalCoverage(value, interval));
      raw.push(intervalCoverage(value, statedInterval(one, 0, 0.9) ?? { lower: NaN, upper: NaN }));
      calibrated.push(held[COVERAGE_LEVELS.indexOf(0.9)] ?? false);
      waiting.push({ score: conformityScore(value, 100, spread), held: held.length === 0 ? null : held });
      const known = waiting[t + 1 - delay];
      if (known !== undefined) state = adaptiveStep(state, known.score, known.held, options);
    }
    const share = (of: readonly boolean[]): number => of.filter(Boolean).length / of.length;
    expect(Math.abs(share(raw.slice(0, 2_000)) - 0.75)).toBeLessThanOrEqual(0.03);
    expect(share(calibrated.slice(1_000))).toBeGreaterThanOrEqual(0.88);
    expect(share(calibrated.slice(1_000))).toBeLessThanOrEqual(0.92);
  });

  it('follows a spread that doubles, which a fixed split does not', () => {
    const generator = NumpyGenerator.fromSeed(7);
    const spread = { kind: 'deviation', below: 1, above: 1 } as const;
    let state = ADAPTIVE_START;
    const before = Array.from({ length: 500 }, () => Math.abs(generator.standardNormal()));
    for (const score of before) state = adaptiveStep(state, score, null, { gamma: 0.005, window: 200 });
    const fixed = splitConformal(before)[2] ?? NaN;
    let [adaptive, split] = [0, 0];
    for (let t = 0; t < 1_500; t += 1) {
      const score = conformityScore(2 * generator.standardNormal(), 0, spread);
      if (t >= 500) {
        adaptive += score <= (adaptiveStretches(state)[2] ?? NaN) ? 1 : 0;
        split += score <= fixed ? 1 : 0;
      }
      state = adaptiveStep(state, score, null, { gamma: 0.005, window: 200 });
    }
    expect(adaptive / 1_000).toBeGreaterThan(0.87);
    expect(split / 1_000).toBeLessThan(0.65);
  });
});

describe('the distance from a training range', () => {
  it('is 0 within it, and counts its widths beyond', () => {
    const range = { lower: 10, upper: 30 };
    expect([9, 10, 20, 30, 40].map((value) => rangeDistance(value, range))).toEqual([0.05, 0, 0, 0, 0.5]);
    expect(rangeDistance(6, { lower: 5, upper: 5 })).toBe(0.2);
    expect(rangeDistance(2, { lower: 0, upper: 0 })).toBe(2);
    expect(rangeOfMoments(5, 2)).toEqual({ lower: -1, upper: 11 });
    expect(() => rangeDistance(1, { lower: 2, upper: 1 })).toThrow(/lower must not be above upper/);
    expect(() => rangeOfMoments(5, -1)).toThrow(/sd must be at least 0/);
  });
});
