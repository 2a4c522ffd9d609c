import { describe, expect, it } from '@jest/globals';
import { computeFeatures, Frame, logShift, shiftedLog, subBarTicks } from '#libs/timeseries';

const minute = 60_000;
const frame = Frame.of(Float64Array.of(0, 60 * minute), {
  OPEN: Float64Array.of(10, 20),
  HIGH: Float64Array.of(14, 25),
  LOW: Float64Array.of(9, 18),
  CLOSE: Float64Array.of(12, 19),
});

describe('features', () => {
  it('are computed from the current bar', () => {
    const names = ['BC-BO', 'BH-BL', 'BH-BO', 'BO-BL'];
    const shapes = computeFeatures(frame, names, { barShapes: 'current' });
    expect([...shapes].map(([name, values]) => [name, ...values])).toEqual([
      ['BC-BO', 2, -1],
      ['BH-BL', 5, 7],
      ['BH-BO', 4, 5],
      ['BO-BL', 1, 2],
    ]);
  });

  it('are computed from the bar before, unknown in the first row', () => {
    expect([...(computeFeatures(frame, ['BC-BO']).get('BC-BO') ?? [])]).toEqual([NaN, 2]);
  });

  it('are computed from the time, Monday first', () => {
    const time = Float64Array.of(Date.UTC(2024, 0, 8, 5), Date.UTC(2024, 1, 29, 23, 59));
    const parts = computeFeatures(Frame.of(time), ['day_of_month', 'hour_of_day', 'day_of_week']);
    expect([...parts.values()].map((values) => [...values])).toEqual([
      [8, 29],
      [5, 23],
      [0, 3],
    ]);
  });

  it('are computed from shorter bars: strictly before the bar, its own close where there is no history', () => {
    const quarters = {
      time: Float64Array.of(15, 30, 45, 60, 75).map((at) => at * minute),
      close: Float64Array.of(1, 2, 3, 4, 5),
    };
    const hours = { time: Float64Array.of(0, 60 * minute, 120 * minute), close: Float64Array.of(12, 19, 30) };
    const ticks = subBarTicks(hours, quarters, 4);
    expect(ticks.map((values) => [...values])).toEqual([
      [12, 3, 5],
      [12, 2, 4],
      [12, 1, 3],
      [12, 19, 2],
    ]);
    const none = { time: new Float64Array(0), close: new Float64Array(0) };
    expect([...(subBarTicks(hours, none, 1)[0] ?? [])]).toEqual([12, 19, 30]);
  });

  it('are computed from values that a logarithm cannot take', () => {
    const values = Float64Array.of(-1, 0, NaN, 1);
    expect(logShift(values)).toBe(2);
    expect([...shiftedLog(values, 2)]).toEqual([0, Math.log(2), NaN, Math.log(3)]);
    expect(logShift(Float64Array.of(0.5, 2))).toBe(0);
    expect([...shiftedLog(Float64Array.of(-1, 0, 1), 0)]).toEqual([NaN, NaN, 0]);
  });
});
