import { describe, expect, it } from '@jest/globals';
import { WorkLimit } from '../../../src/app/http/work-limit.js';

/** Fills it; returns how many are in work then. */
function fill(limit: WorkLimit, now: number): number {
  while (limit.begun(now));
  return limit.inWork;
}

function empty(limit: WorkLimit, count: number, tookMs: number, now: number): void {
  for (let nth = 0; nth < count; nth += 1) limit.ended(tookMs, now);
}

describe('the number of requests that are worked on at a time', () => {
  it('is the setting while answers come in time', () => {
    const limit = new WorkLimit(100);
    expect(fill(limit, 0)).toBe(100);
    empty(limit, 100, 2_000, 0);
    expect(fill(limit, 0)).toBe(100);
  });

  it('falls at once to a share of what was answered while the first late one waited', () => {
    const limit = new WorkLimit(500);
    fill(limit, 0);
    for (let nth = 1; nth <= 99; nth += 1) limit.ended(nth * 20, nth * 20);
    limit.ended(2_001, 2_001);
    expect(limit.inWork).toBe(400);
    expect(limit.begun(2_001)).toBe(false);
    empty(limit, 400, 8_000, 3_000); // of the same crowd
    expect(fill(limit, 3_000)).toBe(62); // 0.7 of the 88 in the last eight quarters of a second, the last one incomplete
  });

  it('does not count what was answered before', () => {
    const limit = new WorkLimit(500);
    fill(limit, 0);
    empty(limit, 200, 10, 0);
    empty(limit, 60, 2_300, 2_300);
    empty(limit, limit.inWork, 2_400, 2_400);
    expect(fill(limit, 2_400)).toBe(32);
  });

  it('grows by one with as many answers in time as it allows', () => {
    const limit = new WorkLimit(100);
    fill(limit, 0);
    empty(limit, 100, 3_000, 3_000);
    expect(fill(limit, 3_000)).toBe(32);
    empty(limit, 32, 10, 3_000);
    expect(fill(limit, 3_000)).toBe(33);
    for (let nth = 0; nth < 10_000; nth += 1) {
      limit.ended(10, 4_000);
      limit.begun(4_000);
    }
    expect(fill(limit, 4_000)).toBe(100);
  });

  it('is the setting again once nothing was refused for ten seconds', () => {
    const limit = new WorkLimit(100);
    fill(limit, 0);
    empty(limit, 100, 3_000, 3_000);
    expect(fill(limit, 12_999)).toBe(32); // refuses one
    expect(fill(limit, 22_999)).toBe(32); // and one more
    expect(fill(limit, 33_000)).toBe(100);
  });

  it('is not judged by slow questions when little else is in work', () => {
    const limit = new WorkLimit(100);
    for (let nth = 0; nth < 32; nth += 1) limit.begun(0);
    empty(limit, 32, 15_000, 15_000);
    expect(fill(limit, 15_000)).toBe(100);
  });

  it('is never more than the setting, be it below the floor', () => {
    const limit = new WorkLimit(1);
    expect(fill(limit, 0)).toBe(1);
    limit.ended(9_000, 9_000);
    expect(fill(limit, 9_000)).toBe(1);
  });
});
