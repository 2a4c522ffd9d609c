import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { nearestOf, payTable, simulatePay, TABLE } from '../../../bench/score-pay.js';
import {
  coverageOf,
  crpsNorm,
  crpsQuantile,
  normalQuantile,
  PAY_BOUND,
  type PaidForecast,
  scoreForecast,
  scorePay,
  scorePayOf,
  type StatedNumbers,
} from '#libs/scoring';

const NOTHING: StatedNumbers = {
  horizons: [4],
  points: [10],
  deviations: [null],
  intervals: [],
  quantiles: {},
};
const walk = { baselineValue: 9, volatility: 0.5 };
const score = (stated: Partial<StatedNumbers>, value = 11) =>
  scoreForecast({ ...NOTHING, ...stated }, 0, value, { walk, key: '1:4' });

describe('the scores of one outcome', () => {
  it('are those of the normal distribution where a deviation was stated', () => {
    const scores = score({ deviations: [2] });
    expect(scores).toMatchObject({ lossKind: 'crps_norm', loss: crpsNorm(11, 10, 2) });
    expect(scores?.baselineLoss).toBe(crpsNorm(11, 9, 1));
    expect(scores?.pit).toBeCloseTo(0.6914624612740131, 12);
    expect(coverageOf(scores?.covered ?? null)).toEqual([true, true, true, true]);
    expect(coverageOf(score({ deviations: [0.5] })?.covered ?? null)).toEqual([false, false, false, false]);
    expect(coverageOf(score({ deviations: [0.6] })?.covered ?? null)).toEqual([false, false, false, true]);
  });

  it('are those of the quantiles and the ends of intervals where none was, the walk by the same levels', () => {
    const intervals = [{ level: 0.9, lower: [7], upper: [12] }];
    const quantiles = { '0.25': [9], '0.5': [10], '0.75': [10.5] };
    const levels = [0.05, 0.25, 0.5, 0.75, 0.95];
    const scores = score({ intervals, quantiles });
    expect(scores?.lossKind).toBe('crps_quantile');
    expect(scores?.loss).toBeCloseTo(crpsQuantile(11, { levels, values: [7, 9, 10, 10.5, 12] }), 12);
    const walked = levels.map((level) => 9 + normalQuantile(level));
    expect(scores?.baselineLoss).toBeCloseTo(crpsQuantile(11, { levels, values: walked }), 12);
    expect(coverageOf(scores?.covered ?? null)).toEqual([false, null, true, null]);
    expect(scores?.pit).toBeGreaterThan(0.75);
    expect(scores?.pit).toBeLessThan(0.95);
    // the place within a rank is the forecast's own, whenever it is computed
    expect(score({ intervals, quantiles })?.pit).toBe(scores?.pit);
  });

  it('are the absolute error where no spread was stated, or one that is none', () => {
    expect(score({})).toMatchObject({ lossKind: 'absolute_error', loss: 1, pit: null, covered: null });
    expect(score({ deviations: [0] })?.lossKind).toBe('absolute_error');
    const crossing = { '0.1': [12], '0.9': [8] };
    expect(score({ quantiles: crossing })?.lossKind).toBe('absolute_error');
  });

  it('have no baseline without a scale, and are none without a point', () => {
    const alone = scoreForecast({ ...NOTHING, deviations: [1] }, 0, 11, { walk: null, key: '' });
    expect(alone).toMatchObject({ baselineLoss: null, loss: crpsNorm(11, 10, 1) });
    expect(score({ points: [null] })).toBeNull();
  });

  it('read a stated interval before the deviation', () => {
    const intervals = [{ level: 0.9, lower: [10.9], upper: [11.1] }];
    expect(coverageOf(score({ deviations: [0.01], intervals })?.covered ?? null)).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });
});

describe('the pay of one outcome', () => {
  const WALK = { baselineValue: 100, volatility: 2 };
  const pay = (value: number, forecast: PaidForecast) => scorePay(value, forecast, WALK, 4);
  const numbers = fc.double({ min: -1e9, max: 1e9, noNaN: true });
  const near = fc.double({ min: 80, max: 120, noNaN: true });
  const value = fc.oneof(near, numbers);
  const ascending = (least: number) =>
    fc.array(value, { minLength: least, maxLength: 8 }).map((list) => list.toSorted((a, b) => a - b));
  const quantiles = ascending(1).chain((values) =>
    fc
      .uniqueArray(fc.integer({ min: 1, max: 999 }), { minLength: values.length, maxLength: values.length })
      .map((levels) => ({
        kind: 'quantiles' as const,
        levels: levels.toSorted((a, b) => a - b).map((level) => level / 1_000),
        values,
      })),
  );
  const forecasts: fc.Arbitrary<PaidForecast> = fc.oneof(
    fc
      .record({ mean: value, sd: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e12, noNaN: true })) })
      .map((one) => ({ kind: 'normal' as const, ...one })),
    quantiles,
    ascending(2).map((samples) => ({ kind: 'samples' as const, samples })),
  );

  it('is half for the random walk, whatever comes and however it is stated', () => {
    const levels = [0.1, 0.5, 0.75];
    for (const came of [-1e6, 93, 100, 104.5, 1e6]) {
      const values = levels.map((level) => 100 + 4 * normalQuantile(level));
      expect(pay(came, { kind: 'normal', mean: 100, sd: 4 }).fraction).toBe(0.5);
      expect(pay(came, { kind: 'quantiles', levels, values }).fraction).toBeCloseTo(0.5, 14);
    }
  });

  it('is all for knowing, and nothing for being sure of the opposite, at the bound of what counts', () => {
    const edge = 100 + PAY_BOUND * 4;
    expect(pay(edge, { kind: 'normal', mean: 200 - edge, sd: 0 }).fraction).toBeCloseTo(0, 14);
    expect(pay(edge + 50, { kind: 'normal', mean: edge, sd: 0 }).fraction).toBeGreaterThan(0.77);
    expect(pay(edge, { kind: 'normal', mean: edge, sd: 0 }).loss).toBe(0);
    expect(pay(edge, { kind: 'normal', mean: -1e300, sd: 1 }).fraction).toBeCloseTo(0, 14);
  });

  it('lies between nothing and all for every value and every forecast, and no cut makes it so', () => {
    fc.assert(
      fc.property(value, forecasts, (came, forecast) => {
        const { fraction, loss, baselineLoss, scale } = pay(came, forecast);
        const line = 0.5 + (baselineLoss - loss) / scale;
        expect(line).toBeGreaterThan(-1e-9);
        expect(line).toBeLessThan(1 + 1e-9);
        expect(fraction).toBeCloseTo(line, 9);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is that of the CRPS within the bounds: the integral of the squared distance', () => {
    fc.assert(
      fc.property(near, near, fc.double({ min: 0.3, max: 40, noNaN: true }), (came, mean, sd) => {
        const { loss } = pay(came, { kind: 'normal', mean, sd });
        // the CRPS of many quantiles of the same distribution, moved into the bounds one by one
        const levels = Array.from({ length: 2_000 }, (_, at) => (at + 0.5) / 2_000);
        const values = levels.map((level) => mean + sd * normalQuantile(level));
        expect(Math.abs(pay(came, { kind: 'quantiles', levels, values }).loss - loss)).toBeLessThan(0.01);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses numbers that are no forecast', () => {
    const normal = { kind: 'normal', mean: 100, sd: 1 } as const;
    expect(() => pay(NaN, normal)).toThrow('value must be a finite number');
    expect(() => pay(100, { ...normal, sd: -1 })).toThrow('sd must not be below 0');
    expect(() => scorePay(100, normal, { ...WALK, volatility: 0 }, 1)).toThrow('volatility must be above 0');
    expect(() => pay(100, { kind: 'quantiles', levels: [0.1, 0.9], values: [2, 1] })).toThrow('cross');
  });

  it('takes the form in which the forecast is scored', () => {
    const one = { ...NOTHING, intervals: [{ level: 0.9, lower: [8], upper: [12] }] };
    const of = (stated: StatedNumbers) => scorePayOf(stated, 0, 11, walk)?.fraction;
    const [low, high] = [0.05, 0.95];
    expect(of({ ...one, deviations: [2] })).toBe(
      scorePay(11, { kind: 'normal', mean: 10, sd: 2 }, walk, 4).fraction,
    );
    expect(of(one)).toBe(
      scorePay(11, { kind: 'quantiles', levels: [low, high], values: [8, 12] }, walk, 4).fraction,
    );
    expect(of(NOTHING)).toBe(scorePay(11, { kind: 'normal', mean: 10, sd: 0 }, walk, 4).fraction);
    expect(of({ ...NOTHING, points: [null] })).toBeUndefined();
  });

  it('is best for whoever states what they believe, as docs/scoring.md shows at full size', () => {
    const pays = simulatePay(1_500);
    for (const { lost, error } of pays.map(nearestOf)) expect(lost).toBeGreaterThan(2 * error);
    const [kept = ''] = TABLE.exec(readFileSync('docs/scoring.md', 'utf8')) ?? [];
    const forms = (table: string) =>
      table.split('\n').map((row) => row.split('|', 3).map((cell) => cell.trim().replace(/-+/, '-')));
    expect(forms(kept)).toEqual(forms(payTable(pays)));
    expect(kept).toMatch(/shift 0, stretch/);
  });
});
