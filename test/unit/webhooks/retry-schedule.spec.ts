import { describe, expect, it } from '@jest/globals';
import { parseRetryAfter, retryDelayMs } from '../../../src/webhooks/retry-schedule.js';

const [MINUTE_MS, HOUR_MS] = [60_000, 3_600_000];

describe('the wait for the next attempt', () => {
  it('follows the schedule of the Standard Webhooks specification', () => {
    const waits = Array.from({ length: 11 }, (_, index) => retryDelayMs(index + 1, null, 0));
    const hours = [2, 5, 10, 14, 20, 24].map((count) => count * HOUR_MS);
    expect(waits).toEqual([5_000, 5 * MINUTE_MS, 30 * MINUTE_MS, ...hours, null, null]);
  });

  it('is lengthened by chance, by a fifth at most', () => {
    expect(retryDelayMs(1, null, 0.5)).toBe(5_500);
    expect(retryDelayMs(1, null, 1)).toBe(6_000);
  });

  it('is as long as the receiver asks, within a day, and never shorter than the schedule', () => {
    expect(retryDelayMs(1, MINUTE_MS, 0)).toBe(MINUTE_MS);
    expect(retryDelayMs(1, 30 * HOUR_MS, 0)).toBe(24 * HOUR_MS);
    expect(retryDelayMs(4, MINUTE_MS, 0)).toBe(2 * HOUR_MS);
    expect(retryDelayMs(10, MINUTE_MS, 0)).toBeNull();
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 5);

  it.each([
    [undefined, null],
    ['60', MINUTE_MS],
    ['0', null],
    ['', null],
    ['1.5e3', null],
    ['9999999999', null],
    ['Mon, 05 Jan 2026 01:00:00 GMT', HOUR_MS],
    ['Sun, 04 Jan 2026 01:00:00 GMT', null],
    ['tomorrow', null],
  ])('with the value %j asks for %j ms', (header, wait) => {
    expect(parseRetryAfter(header, now)).toBe(wait);
  });
});
