import { describe, expect, it } from '@jest/globals';
import { WorkLimit } from '../../../src/app/http/work-limit.js';

/** Fills it; returns how many it took. */
function fill(limit: WorkLimit): number {
  let taken = 0;
  while (limit.begun()) taken += 1;
  return taken;
}

function empty(limit: WorkLimit, count: number, tookMs: number, now: number): void {
  for (let nth = 0; nth < count; nth += 1) limit.ended(tookMs, now);
}

describe('the number of requests that are worked on at a time', () => {
  it('is the setting while answers come in time', () => {
    const limit = new WorkLimit(100);
    expect(fill(limit)).toBe(100);
    empty(limit, 100, 2_000, 0);
    expect(fill(limit)).toBe(100);
  });

  it('falls once for a crowd of late answers, not below 32, and grows again with answers in time', () => {
    const limit = new WorkLimit(100);
    empty(limit, fill(limit), 3_000, 0);
    expect(fill(limit)).toBe(70);
    empty(limit, 70, 3_000, 2_000);
    expect(fill(limit)).toBe(49);
    for (const now of [4_000, 6_000, 8_000]) {
      empty(limit, limit.inWork, 3_000, now);
      fill(limit);
    }
    expect(limit.inWork).toBe(32);
    empty(limit, 32, 10, 9_000);
    expect(fill(limit)).toBe(33);
    for (let nth = 0; nth < 10_000; nth += 1) {
      limit.ended(10, 10_000);
      limit.begun();
    }
    empty(limit, limit.inWork, 10, 11_000);
    expect(fill(limit)).toBe(100);
  });

  it('is not judged by a slow question alone', () => {
    const limit = new WorkLimit(100);
    limit.begun();
    limit.ended(15_000, 0);
    expect(fill(limit)).toBe(32);
  });

  it('is never more than the setting, be it below the floor', () => {
    const limit = new WorkLimit(1);
    expect(fill(limit)).toBe(1);
    limit.ended(9_000, 0);
    expect(fill(limit)).toBe(1);
  });
});
