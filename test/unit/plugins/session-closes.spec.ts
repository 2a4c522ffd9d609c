import { describe, expect, it } from '@jest/globals';
import { previousCloses, sessionsOf } from '../../../libs/plugins/src/feeders/default-feeder/bar-source.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(`${text}Z`);

/** Hourly bars of days, the close of each its number of hours since the first day began. */
function bars(days: readonly string[], hours: readonly number[]): [time: Float64Array, close: Float64Array] {
  const time = Float64Array.from(
    days.flatMap((day) => hours.map((hour) => at(`${day}T00:00`) + hour * HOUR)),
  );
  return [time, time.map((moment) => (moment - at(`${days[0]}T00:00`)) / HOUR)];
}

describe('the close of the session before', () => {
  const sydney = ['2024-01-08', '2024-01-09', '2024-01-10', '2024-01-11'];
  /** 10:00 to 16:00 in Sydney's summer: from 23:00 UTC of the day before to 05:00. */
  const hours = [-1, 0, 1, 2, 3, 4];

  it('is that of a whole session which goes on over midnight UTC, from its end on', async () => {
    const [time, close] = bars(sydney, hours);
    const sessions = await sessionsOf(time, close, null);
    const moments = ['2024-01-10T00:30', '2024-01-10T04:30', '2024-01-10T05:00', '2024-01-10T23:30'].map(at);
    // The session of the 9th closed at 05:00 with its bar of 04:00, that of the 10th a day later.
    expect([...previousCloses(Float64Array.from(moments), sessions)]).toEqual([28, 28, 52, 52]);
  });

  it('has nothing of the session that still runs', async () => {
    const [time, close] = bars(sydney, hours);
    const sessions = await sessionsOf(time.subarray(0, -2), close.subarray(0, -2), null);
    expect(sessions.close.at(-1)).toBe(52);
  });

  it('is that of the days of its market’s clock where it never closes', async () => {
    const [time, close] = bars(
      sydney,
      Array.from({ length: 24 }, (_, hour) => hour),
    );
    const known = async (zone: string | null): Promise<string> => {
      const { knownFrom } = await sessionsOf(time, close, zone);
      return new Date(knownFrom[1] ?? NaN).toISOString();
    };
    expect(await known(null)).toBe('2024-01-10T00:00:00.000Z');
    expect(await known('America/New_York')).toBe('2024-01-10T05:00:00.000Z');
  });

  it('is the day before of bars that are days themselves', async () => {
    const time = Float64Array.from([0, 1, 2, 3], (day) => at('2024-01-08T00:00') + day * DAY);
    const sessions = await sessionsOf(time, Float64Array.of(1, 2, 3, 4), null);
    const moments = ['2024-01-09T23:59', '2024-01-10T00:00'].map(at);
    expect([...previousCloses(Float64Array.from(moments), sessions)]).toEqual([1, 2]);
  });
});
