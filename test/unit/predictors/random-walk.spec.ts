import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Frame } from '#libs/plugin-sdk';
import { normalQuantile } from '#libs/scoring';
import { futureTimes } from '#libs/timeseries';
import randomWalk, {
  type RandomWalkPredictor,
} from '../../../libs/plugins/src/predictors/random-walk-predictor.js';
import { at, createPredictor, forecastRequest } from './predictor-context.js';

const HOUR = 3_600_000;
const start = at('2024-01-10 00:00');
const frameOf = (closes: readonly number[], name = 'CLOSE') =>
  Frame.of(
    Float64Array.from(closes, (_, row) => start + row * HOUR),
    { [name]: Float64Array.from(closes) },
  );
describe('the random walk', () => {
  const create = (given: Readonly<Record<string, unknown>> = {}) =>
    createPredictor<RandomWalkPredictor, typeof randomWalk.parameters>(randomWalk, given);

  it('keeps the last value and widens with the square root of the horizon', async () => {
    // Changes 3 and -1: root mean square √5.
    const output = (await create()).forecast(frameOf([10, 13, 12]), forecastRequest({ horizons: [1, 4] }));
    expect(output).toMatchObject({
      mode: 'random_walk',
      baseline_value: 12,
      predictions: [12, 12],
      seed: null,
    });
    expect(output.uncertainty).toEqual([Math.sqrt(5), 2 * Math.sqrt(5)]);
    const [interval] = output.intervals ?? [];
    expect(interval?.level).toBe(0.95);
    expect(interval?.lower[1]).toBeCloseTo(12 - 1.959963984540054 * 2 * Math.sqrt(5), 10);
    expect(interval?.upper[1]).toBeCloseTo(12 + 1.959963984540054 * 2 * Math.sqrt(5), 10);
    expect(Object.keys(output.quantiles ?? {})).toEqual(['0.05', '0.25', '0.5', '0.75', '0.95']);
    expect(output.quantiles?.['0.5']).toEqual([12, 12]);
    expect(output.quantiles?.['0.95']?.[0]).toBeCloseTo(12 + 1.6448536269514722 * Math.sqrt(5), 10);
    expect(output.metadata).toEqual({ volatility_per_bar: Math.sqrt(5), volatility_changes: 2 });
  });

  it('measures volatility on the trailing window only, over known values', async () => {
    const output = (await create({ volatility_window: 2 })).forecast(
      frameOf([1000, 0, NaN, 3, 2, NaN]),
      forecastRequest({ horizons: [1] }),
    );
    expect(output).toMatchObject({ baseline_value: 2, baseline_datetime: '2024-01-10T04:00:00' });
    expect(output.uncertainty).toEqual([Math.sqrt(5)]);
  });

  it('never looks ahead: bars after the baseline change nothing', async () => {
    const predictor = await create();
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 2, noNaN: true }), { minLength: 2, maxLength: 40 }),
        fc.array(fc.double({ min: 1, max: 2, noNaN: true }), { maxLength: 10 }),
        (past, future) => {
          const request = forecastRequest({ baseline: start + (past.length - 0.5) * HOUR, horizons: [1, 7] });
          expect(predictor.forecast(frameOf([...past, ...future]), request)).toEqual(
            predictor.forecast(frameOf(past), request),
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each([
    ['one bar', frameOf([1])],
    ['no known value', frameOf([NaN, NaN])],
  ])('needs two bars and refuses %s', async (_, frame) => {
    const predictor = await create();
    expect(() => predictor.forecast(frame, forecastRequest())).toThrow(
      expect.objectContaining({ code: 'no_data' }) as never,
    );
  });

  it('refuses quantiles outside 0 to 1', async () => {
    await expect(create({ quantile_levels: [0.5, 1] })).rejects.toThrow('quantile_levels');
  });

  it('covers what it claims on a random walk', async () => {
    const predictor = await create({ volatility_window: 500 });
    let seed = 1;
    const uniform = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const walk = [0];
    for (let row = 1; row < 12_000; row += 1) walk.push((walk[row - 1] ?? 0) + normalQuantile(uniform()));
    const frame = frameOf(walk);
    let inside = 0;
    const tries = 1000;
    for (let turn = 0; turn < tries; turn += 1) {
      const row = 600 + turn * 11;
      const output = predictor.forecast(
        frame,
        forecastRequest({ baseline: start + row * HOUR, horizons: [5] }),
      );
      const truth = walk[row + 5] ?? NaN;
      const [interval] = output.intervals ?? [];
      if (truth >= (interval?.lower[0] ?? NaN) && truth <= (interval?.upper[0] ?? NaN)) inside += 1;
    }
    expect(inside / tries).toBeGreaterThan(0.92);
    expect(inside / tries).toBeLessThan(0.98);
  });
});

describe('times of future bars', () => {
  const times = (text: readonly string[]) => Float64Array.from(text, at);
  const iso = (time: number) => new Date(time).toISOString().slice(0, 16);

  it('continue the spacing while two weeks are not known', () => {
    const next = futureTimes(times(['2024-01-12 18:00', '2024-01-12 19:00', '2024-01-12 20:00']));
    expect([1, 2, 6].map((step) => iso(next(step)))).toEqual([
      '2024-01-12T21:00',
      '2024-01-12T22:00',
      '2024-01-13T02:00',
    ]);
  });

  it('skip the weekend of daily bars and of hourly ones', () => {
    const days = Array.from({ length: 60 }, (_, day) => at('2024-01-01') + day * 24 * HOUR);
    const weekdays = Float64Array.from(days.filter((day) => ![0, 6].includes(new Date(day).getUTCDay())));
    expect(iso(weekdays.at(-1) ?? NaN)).toBe('2024-02-29T00:00');
    const next = futureTimes(weekdays);
    expect([1, 2, 6, 7].map((step) => iso(next(step)))).toEqual([
      '2024-03-01T00:00',
      '2024-03-04T00:00',
      '2024-03-08T00:00',
      '2024-03-11T00:00',
    ]);
    const hours = Array.from({ length: 24 * 40 }, (_, hour) => at('2024-01-01') + hour * HOUR);
    const isOpen = (time: number) => {
      const [day, hour] = [new Date(time).getUTCDay(), new Date(time).getUTCHours()];
      return day === 0 ? hour >= 22 : day === 5 ? hour <= 20 : day !== 6;
    };
    const open = Float64Array.from(hours.filter((hour) => isOpen(hour) && hour <= at('2024-02-02 20:00')));
    const after = futureTimes(open);
    expect([1, 2, 3].map((step) => iso(after(step)))).toEqual([
      '2024-02-04T22:00',
      '2024-02-04T23:00',
      '2024-02-05T00:00',
    ]);
  });

  /** Weekday bars at these hours of New York, whose summer time ended on 2026-11-01. */
  const newYork = (from: string, to: string, hours: readonly number[]) => {
    const offset = (day: number) => (day >= at('2026-03-08') && day < at('2026-11-01') ? 4 : 5) * HOUR;
    const count = Math.round((at(to) - at(from)) / (24 * HOUR)) + 1;
    const days = Array.from({ length: count }, (_, day) => at(from) + day * 24 * HOUR);
    const open = days.filter((day) => ![0, 6].includes(new Date(day).getUTCDay()));
    return Float64Array.from(open.flatMap((day) => hours.map((hour) => day + hour * HOUR + offset(day))));
  };
  const session = [9.5, 10.5, 11.5, 12.5, 13.5, 14.5, 15.5];

  it('follow the summer time that the openings so far show', () => {
    const daily = futureTimes(newYork('2026-10-01', '2026-11-13', [9.5]));
    expect([1, 2, 6].map((step) => iso(daily(step)))).toEqual([
      '2026-11-16T14:30',
      '2026-11-17T14:30',
      '2026-11-23T14:30',
    ]);
    const hourly = futureTimes(newYork('2026-10-01', '2026-11-13', session));
    expect([1, 7, 8].map((step) => iso(hourly(step)))).toEqual([
      '2026-11-16T14:30',
      '2026-11-16T20:30',
      '2026-11-17T14:30',
    ]);
  });

  it('follow a change of the clock that is still to come', () => {
    const zone = 'America/New_York';
    const before = newYork('2026-10-01', '2026-10-30', session);
    expect(iso(futureTimes(before, zone)(1))).toBe('2026-11-02T14:30');
    expect(iso(futureTimes(before)(1))).toBe('2026-11-02T13:30');
    const year = newYork('2026-01-05', '2026-10-30', session);
    expect(iso(futureTimes(year)(1))).toBe('2026-11-02T14:30');
    const short = newYork('2026-10-28', '2026-10-30', [9.5]);
    expect(iso(futureTimes(short, zone)(3))).toBe('2026-11-02T14:30');
  });

  it('stay dates and steady hours where no clock is kept', () => {
    const dates = newYork('2026-08-03', '2026-10-30', [0]).map((time) => time - (time % (24 * HOUR)));
    expect(iso(futureTimes(dates, 'America/New_York')(1))).toBe('2026-11-02T00:00');
    const hours = Float64Array.from({ length: 24 * 30 }, (_, hour) => at('2026-10-01 00:00') + hour * HOUR);
    expect(iso(futureTimes(hours, 'America/New_York')(24 * 5))).toBe('2026-11-04T23:00');
  });

  it('count months by the calendar', () => {
    const months = times(['2023-10-31', '2023-11-30', '2023-12-31', '2024-01-31']);
    const next = futureTimes(months);
    expect([1, 2, 12].map((step) => iso(next(step)))).toEqual([
      '2024-02-29T00:00',
      '2024-03-31T00:00',
      '2025-01-31T00:00',
    ]);
  });

  it('are always later, in ascending order', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 2, maxLength: 60 }),
        (minutes) => {
          const history = Float64Array.from(minutes, (minute) => start + minute * 60_000).sort();
          const next = futureTimes(history);
          const steps = Array.from({ length: 50 }, (_, step) => next(step + 1));
          expect(steps[0]).toBeGreaterThan(history.at(-1) ?? NaN);
          expect(steps.every((time, index) => index === 0 || time > (steps[index - 1] ?? NaN))).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});
