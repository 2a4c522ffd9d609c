import { describe, expect, it } from '@jest/globals';
import { NumpyGenerator } from '#libs/numpy-random';
import type { ScoreDayEntity } from '../../../src/outcomes/score-day.entity.js';
import { noSums } from '../../../src/outcomes/score-sums.js';
import { agedStanding, onTimeRateOf, standingOf, trendOf } from '../../../src/outcomes/standing.js';

const NOW = Date.UTC(2026, 0, 31);
const DAY_MS = 86_400_000;

const day = (age: number, sums: Partial<ScoreDayEntity>): ScoreDayEntity => ({
  subject: 'model:m',
  horizon: 0,
  symbol: 'SP500',
  interval: '1d',
  ...noSums(),
  day: new Date(NOW - age * DAY_MS).toISOString().slice(0, 10),
  ...sums,
});

/** A model whose losses are this share of the baseline's, give or take. */
function model(days: number, share: number, perDay = 4): ScoreDayEntity[] {
  const generator = NumpyGenerator.fromSeed(5);
  return Array.from({ length: days }, (_, age) => {
    const baselineLoss = perDay * Math.exp(generator.normal(0, 0.3));
    const loss = baselineLoss * (share + 0.2 * generator.standardNormal());
    return day(age, { scored: perDay, loss, baselineLoss });
  });
}

describe('where a model stands', () => {
  it('is unknown without outcomes', () => {
    expect(standingOf([], NOW)).toMatchObject({ rating: 'unrated', skill: null, quality: null, outcomes: 0 });
  });

  it.each([
    [39, 'unrated'],
    [40, 'provisional'],
    [149, 'provisional'],
    [150, 'rated'],
  ])('with %d outcomes is %s', (outcomes, rating) => {
    const standing = standingOf(model(outcomes, 0.8, 1), NOW);
    expect(standing.rating).toBe(rating);
    expect(standing.quality === null).toBe(rating === 'unrated');
  });

  it('rests on the lower bound of its skill and on how many independent outcomes there are', () => {
    const standing = standingOf(model(120, 0.8), NOW);
    expect(standing.skill).toBeGreaterThan(0.15);
    expect(standing.skillLower).toBeLessThan(standing.skill ?? 0);
    expect(standing.skillUpper).toBeGreaterThan(standing.skill ?? 1);
    // 480 outcomes, but 120 days, the older ones counting less
    expect(standing.outcomes).toBe(480);
    expect(standing.effectiveCount).toBeGreaterThan(80);
    expect(standing.effectiveCount).toBeLessThan(120);
    const { effectiveCount, skillLower, quality } = standing;
    expect(quality).toBeCloseTo((effectiveCount / (effectiveCount + 50)) * (skillLower ?? 0), 12);
    expect(standingOf(model(120, 0.8), NOW)).toEqual(standing);
  });

  it('draws whole days of a model with many symbols: what moves them together is one draw', () => {
    const days = model(100, 0.8, 1);
    const symbols = ['A', 'B', 'C', 'D', 'E'].flatMap((symbol) => days.map((one) => ({ ...one, symbol })));
    const [one, five] = [standingOf(days, NOW), standingOf(symbols, NOW)];
    expect(five.skill).toBeCloseTo(one.skill ?? NaN, 9);
    expect(five.skillLower).toBeCloseTo(one.skillLower ?? NaN, 2);
  });

  it('is never a quality below 0', () => {
    expect(standingOf(model(120, 1.5), NOW)).toMatchObject({ quality: 0 });
  });

  it('is worth half of its outcomes after 60 days without new ones', () => {
    const days = model(50, 0.8);
    const [now, later] = [standingOf(days, NOW), standingOf(days, NOW + 60 * DAY_MS)];
    expect(later.effectiveCount).toBeCloseTo(now.effectiveCount / 2, 9);
    expect(later.skillLower).toBeCloseTo(now.skillLower ?? NaN, 9);
    expect(later.quality).toBeLessThan(now.quality ?? 0);
    const kept = { ...now, onTimeRate: 0.5, reputation: (now.quality ?? 0) / 2, updatedAt: new Date(NOW) };
    const aged = agedStanding(kept, NOW + 60 * DAY_MS);
    expect(aged.effectiveCount).toBeCloseTo(later.effectiveCount, 9);
    expect(aged.quality).toBeCloseTo(later.quality ?? NaN, 9);
    expect(aged.reputation).toBeCloseTo((later.quality ?? NaN) / 2, 9);
    expect(agedStanding(kept, NOW)).toEqual(kept);
  });

  it('forgets half in 60 days', () => {
    const good = Array.from({ length: 50 }, (_, age) =>
      day(60 + age, { scored: 1, loss: 1, baselineLoss: 2 }),
    );
    const bad = Array.from({ length: 50 }, (_, age) => day(age, { scored: 1, loss: 3, baselineLoss: 2 }));
    // (1/2 · 0.5 + 1 · (−0.5)) / 1.5
    expect(standingOf([...bad, ...good], NOW).skill).toBeCloseTo(-1 / 6, 6);
  });
});

describe('what the last seven days say', () => {
  /** The losses of the last week are another share of the baseline's than all before. */
  const weeks = (lately: number, before: number): ScoreDayEntity[] => [
    ...model(7, lately),
    ...model(60, before).map((one, age) => ({ ...one, day: day(age + 7, {}).day })),
  ];

  it.each([
    [0.4, 0.9, 'improving'],
    [1.4, 0.9, 'declining'],
    [0.9, 0.9, 'stable'],
  ] as const)('at %d of the loss after %d is %s', (lately, before, trend) => {
    expect(trendOf(weeks(lately, before), NOW)).toBe(trend);
  });

  it('is nothing where there is nothing lately, or too little before', () => {
    expect(trendOf([], NOW)).toBeNull();
    expect(trendOf(weeks(0.4, 0.9).slice(7), NOW)).toBeNull();
    expect(trendOf(weeks(0.4, 0.9).slice(0, 15), NOW)).toBeNull();
  });
});

describe('punctuality', () => {
  const on = (age: number, name: string, events: number) => ({ day: day(age, {}).day, name, events });

  it('is what was delivered among all that ended, half after 60 days', () => {
    expect(onTimeRateOf([], NOW)).toBeNull();
    expect(onTimeRateOf([on(0, 'completed', 3), on(0, 'expired', 1)], NOW)).toBe(0.75);
    expect(onTimeRateOf([on(0, 'completed', 1), on(60, 'released', 1)], NOW)).toBeCloseTo(1 / 1.5, 12);
    expect(onTimeRateOf([on(5, 'failed', 2)], NOW)).toBe(0);
  });
});
