import { describe, expect, it } from '@jest/globals';
import {
  coverageOf,
  crpsNorm,
  crpsQuantile,
  normalQuantile,
  scoreForecast,
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
