import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { dividesInterval, Frame, gapsOf, type Interval, knownValues, longerBars } from '#libs/timeseries';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const at = (text: string): number => Date.parse(`${text}Z`);
const iso = (time: number | undefined | null): string => new Date(time ?? NaN).toISOString().slice(0, 16);

/** Bars at these times; row r has open r, high r + 2, low r - 2, close r + 1 and volume 1. */
const barsAt = (times: readonly number[], zone: string | null = null): Frame => {
  const rows = times.map((_, row) => row);
  const column = (of: (row: number) => number) => Float64Array.from(rows, of);
  return Frame.of(Float64Array.from(times), {
    OPEN: column((row) => row),
    HIGH: column((row) => row + 2),
    LOW: column((row) => row - 2),
    CLOSE: column((row) => row + 1),
    VOLUME: column(() => 1),
    RSI: column((row) => 10 * row),
  }).dated({ closeOf: null, zone });
};

const every = (stepMs: number, from: string, to: string, isOpen: (time: number) => boolean = () => true) =>
  Array.from({ length: (at(to) - at(from)) / stepMs + 1 }, (_, row) => at(from) + row * stepMs).filter(
    isOpen,
  );

/** Labels with the first open, last close and summed volume of each bar. */
const told = ({ frame }: { readonly frame: Frame }) =>
  [...frame.time].map((time, row) => [
    iso(time),
    frame.column('OPEN')[row],
    frame.column('CLOSE')[row],
    frame.column('VOLUME')[row],
  ]);

describe('longer bars', () => {
  it('join open, high, low, close and volume, and keep the last value of other columns', () => {
    const bars = longerBars(barsAt(every(HOUR, '2026-01-05T00:00', '2026-01-06T23:00')), HOUR, '1d');
    expect(told(bars)).toEqual([
      ['2026-01-05T00:00', 0, 24, 24],
      ['2026-01-06T00:00', 24, 48, 24],
    ]);
    const { frame } = bars;
    expect([...frame.column('HIGH')]).toEqual([25, 49]);
    expect([...frame.column('LOW')]).toEqual([-2, 22]);
    expect([...frame.column('RSI')]).toEqual([230, 470]);
    expect(iso(frame.calendar.closeOf?.(at('2026-01-06T00:00')))).toBe('2026-01-07T00:00');
  });

  it('leave out the last one while parts of it are missing', () => {
    const bars = longerBars(barsAt(every(HOUR, '2026-01-05T00:00', '2026-01-06T22:00')), HOUR, '1d');
    expect(told(bars)).toEqual([['2026-01-05T00:00', 0, 24, 24]]);
    expect(iso(bars.running)).toBe('2026-01-06T00:00');
    const hours = longerBars(
      barsAt(every(15 * MINUTE, '2026-01-05T00:00', '2026-01-05T01:15')),
      15 * MINUTE,
      '1h',
    );
    expect([told(hours).length, iso(hours.running)]).toEqual([1, '2026-01-05T01:00']);
  });

  const isFxOpen = (time: number) => {
    const [day, hour] = [new Date(time).getUTCDay(), new Date(time).getUTCHours()];
    return day === 0 ? hour >= 22 : day === 5 ? hour <= 21 : day !== 6;
  };

  it('count the Sunday evening of a market that rests on Saturdays to Monday', () => {
    const times = every(HOUR, '2026-01-04T22:00', '2026-01-23T21:00', isFxOpen);
    const days = longerBars(barsAt(times), HOUR, '1d');
    expect(told(days).slice(0, 2)).toEqual([
      ['2026-01-05T00:00', 0, 26, 26],
      ['2026-01-06T00:00', 26, 50, 24],
    ]);
    expect(days.frame.length).toBe(15);
    const weeks = longerBars(barsAt(times), HOUR, '1w');
    expect(told(weeks).map(([label]) => label)).toEqual(
      [5, 12, 19].map((day) => iso(Date.UTC(2026, 0, day))),
    );
  });

  it('end a market day with its session, and know it then', () => {
    // New York: 14:30 to 21:00 UTC in winter.
    const isOpen = (time: number) => {
      const minute = (time % DAY) / MINUTE;
      return ![0, 6].includes(new Date(time).getUTCDay()) && minute >= 870 && minute < 1260;
    };
    const whole = every(30 * MINUTE, '2026-01-05T14:30', '2026-01-21T20:30', isOpen);
    const days = longerBars(barsAt(whole), 30 * MINUTE, '1d');
    expect(iso(days.frame.time.at(-1))).toBe('2026-01-21T00:00');
    expect(iso(days.frame.calendar.closeOf?.(at('2026-01-21T00:00')))).toBe('2026-01-21T21:00');
    expect(iso(longerBars(barsAt(whole.slice(0, -1)), 30 * MINUTE, '1d').running)).toBe('2026-01-21T00:00');
    const hours = longerBars(barsAt(whole), 30 * MINUTE, '1h');
    expect(told(hours).slice(0, 1)).toEqual([['2026-01-05T14:30', 0, 2, 2]]);
    expect(iso(hours.frame.time.at(-1))).toBe('2026-01-21T20:30');
  });

  it('date a session that begins the evening before by the day on which it ends', () => {
    // Sydney: 23:00 to 05:00 UTC.
    const isOpen = (time: number) => {
      const end = time + HOUR;
      return ![0, 6].includes(new Date(end).getUTCDay()) && end % DAY < 6 * HOUR;
    };
    const times = every(HOUR, '2026-01-04T23:00', '2026-01-22T23:00', isOpen);
    const days = longerBars(barsAt(times), HOUR, '1d');
    expect(told(days).slice(0, 2)).toEqual([
      ['2026-01-05T00:00', 0, 6, 6],
      ['2026-01-06T00:00', 6, 12, 6],
    ]);
    expect([iso(days.frame.time.at(-1)), iso(days.running)]).toEqual([
      '2026-01-22T00:00',
      '2026-01-23T00:00',
    ]);
  });

  it('count days by the clock of the source', () => {
    const times = every(HOUR, '2026-01-04T22:00', '2026-01-06T21:00');
    const days = longerBars(barsAt(times, 'EET'), HOUR, '1d');
    expect(told(days)).toEqual([
      ['2026-01-05T00:00', 0, 24, 24],
      ['2026-01-06T00:00', 24, 48, 24],
    ]);
  });

  it('make weeks, months and quarters of days', () => {
    const isWeekday = (time: number) => ![0, 6].includes(new Date(time).getUTCDay());
    const days = barsAt(every(DAY, '2026-01-01T00:00', '2026-04-03T00:00', isWeekday));
    const labels = (interval: Interval) => {
      const { frame, running } = longerBars(days, DAY, interval);
      return [iso(frame.time.at(-1)).slice(0, 10), running === null ? null : iso(running).slice(0, 10)];
    };
    expect(labels('1w')).toEqual(['2026-03-30', null]);
    expect(labels('1mo')).toEqual(['2026-03-01', '2026-04-01']);
    expect(labels('3mo')).toEqual(['2026-01-01', '2026-04-01']);
  });

  it('take the last of bars with one time, and values before gaps', () => {
    const frame = Frame.of(Float64Array.of(0, HOUR, HOUR, 2 * HOUR, 3 * HOUR), {
      close: Float64Array.of(1, 2, 3, NaN, NaN),
      Volume: Float64Array.of(1, 10, 20, NaN, 5),
    });
    const bars = longerBars(frame, HOUR, '4h').frame;
    expect([bars.column('close')[0], bars.column('Volume')[0]]).toEqual([3, 26]);
  });

  it.each<[number, Interval, boolean]>([
    [HOUR, '1d', true],
    [HOUR, '4h', true],
    [HOUR, '90m', false],
    [7 * MINUTE, '1h', false],
    [DAY, '1h', false],
    [HOUR, '1h', false],
    [DAY, '1w', true],
    [7 * DAY, '1mo', false],
    [31 * DAY, '3mo', true],
    [DAY, '5d', false],
  ])('of bars that are %d ms apart: %s is possible: %s', (stepMs, interval, isPossible) => {
    expect(dividesInterval(stepMs, interval)).toBe(isPossible);
  });

  it('lose and invent nothing', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.integer({ min: 0, max: 3_000 }), { minLength: 2, maxLength: 400 }),
        fc.constantFrom<Interval>('4h', '1d', '1w', '1mo'),
        fc.constantFrom(null, 'EET', 'America/New_York'),
        (hours, interval, zone) => {
          const source = barsAt(
            hours.toSorted((a, b) => a - b).map((hour) => hour * HOUR),
            zone,
          );
          const { frame, running } = longerBars(source, HOUR, interval);
          const rows = frame.column('VOLUME').reduce((sum, one) => sum + one, 0);
          expect(running === null ? rows === source.length : rows < source.length).toBe(true);
          // Opens, highs, lows and closes of numbered rows tell which rows each bar holds: all, each once, in order.
          let next = 0;
          for (let bar = 0; bar < frame.length; bar += 1) {
            const held = frame.column('VOLUME')[bar] ?? 0;
            expect(frame.column('OPEN')[bar]).toBe(next);
            expect(frame.column('LOW')[bar]).toBe(next - 2);
            next += held;
            expect(frame.column('CLOSE')[bar]).toBe(next);
            expect(frame.column('HIGH')[bar]).toBe(next + 1);
          }
        },
      ),
      { numRuns: 100 },
    );
  });
});

/** New York: 9:30 to 16:00 on weekdays, in summer time from 2026-03-08 on. */
const isNewYorkOpen = (time: number) => {
  const minute = ((time - (time < at('2026-03-08T07:00') ? 5 : 4) * HOUR) % DAY) / MINUTE;
  return ![0, 6].includes(new Date(time).getUTCDay()) && minute >= 570 && minute < 960;
};
const newYork = every(30 * MINUTE, '2026-01-05T14:30', '2026-06-26T19:30', isNewYorkOpen);

describe('what has become known of longer bars', () => {
  const knownDays = (times: readonly number[], stepMs: number) => {
    const { frame, knownFrom } = longerBars(barsAt(times), stepMs, '1d');
    return new Map([...frame.time].map((label, row) => [iso(label).slice(0, 10), iso(knownFrom[row])]));
  };

  it('is known when the session ends, a short one when it usually would', () => {
    const isCut = (time: number) => iso(time) >= '2026-02-17T18:00' && iso(time) < '2026-02-18';
    const known = knownDays(
      newYork.filter((time) => !isCut(time)),
      30 * MINUTE,
    );
    expect(['2026-02-16', '2026-02-17', '2026-06-16'].map((day) => known.get(day))).toEqual([
      '2026-02-16T21:00',
      '2026-02-17T21:00',
      '2026-06-16T20:00',
    ]);
  });

  it('is known at midnight of a market that never closes, its last hours missing or not', () => {
    const times = every(HOUR, '2026-01-05T00:00', '2026-01-09T23:00');
    const lost = ['2026-01-06T22:00', '2026-01-06T23:00'].map(at);
    const known = knownDays(
      times.filter((time) => !lost.includes(time)),
      HOUR,
    );
    expect(['2026-01-05', '2026-01-06'].map((day) => known.get(day))).toEqual([
      '2026-01-06T00:00',
      '2026-01-07T00:00',
    ]);
  });

  it('is the same for whoever knows nothing later', () => {
    const question = fc.record({
      last: fc.integer({ min: 200, max: newYork.length }),
      lost: fc.integer({ min: 0, max: 20 }),
      interval: fc.constantFrom<Interval>('1h', '4h', '1d', '1w', '1mo'),
    });
    fc.assert(
      fc.property(question, ({ last, lost, interval }) => {
        const times = newYork.filter((_, row) => row < last || row >= last + lost);
        const all = longerBars(barsAt(times), 30 * MINUTE, interval);
        const seen = longerBars(barsAt(times.slice(0, last)), 30 * MINUTE, interval);
        const moment = Float64Array.of((times[last - 1] ?? NaN) + 30 * MINUTE);
        const value = ({ frame, knownFrom }: typeof all) =>
          knownValues(moment, knownFrom, frame.column('CLOSE'))[0];
        expect(value(seen)).toBe(value(all));
      }),
      { numRuns: 100 },
    );
  });
});

describe('gaps', () => {
  it('are not seen where a market opens an hour earlier because of summer time', () => {
    expect(gapsOf(Float64Array.from(newYork), 30 * MINUTE, null)).toMatchObject({ count: 0, missing: 0 });
    expect(gapsOf(Float64Array.from(newYork), 30 * MINUTE, 'America/New_York').count).toBe(0);
  });

  it('are seen on both sides of the change, by the bar before', () => {
    const lost = ['2026-02-04T15:00', '2026-05-06T15:00', '2026-05-06T15:30'].map(at);
    const { count, missing, longest, longestAfter } = gapsOf(
      Float64Array.from(newYork.filter((time) => !lost.includes(time))),
      30 * MINUTE,
      null,
    );
    expect([count, missing, longest, iso(longestAfter)]).toEqual([2, 3, 2, '2026-05-06T14:30']);
  });
});
