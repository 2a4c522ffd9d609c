import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Frame, firstRowAfter, firstRowFrom } from '#libs/timeseries';

const hour = 3_600_000;
const frame = Frame.of(Float64Array.of(0, hour, hour, 2 * hour, 5 * hour), {
  CLOSE: Float64Array.of(1, 2, 3, 4, 5),
  OPEN: Float64Array.of(10, 20, 30, 40, 50),
});

describe('Frame', () => {
  it('selects columns in the asked order', () => {
    expect(frame.select(['OPEN']).names).toEqual(['OPEN']);
    expect(frame.select(['OPEN', 'CLOSE']).names).toEqual(['OPEN', 'CLOSE']);
  });

  it('names the columns that exist when one does not', () => {
    expect(() => frame.column('HIGH')).toThrow(
      expect.objectContaining({
        kind: 'invalid',
        code: 'invalid_request',
        message: expect.stringContaining('CLOSE, OPEN'),
      }),
    );
    expect(() => frame.select(['CLOSE', 'X'])).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  });

  it('slices without copying', () => {
    const part = frame.slice(1, 3);
    expect([...part.time]).toEqual([hour, hour]);
    expect([...part.column('CLOSE')]).toEqual([2, 3]);
    expect(part.column('CLOSE').buffer).toBe(frame.column('CLOSE').buffer);
    expect([...frame.last(2).column('CLOSE')]).toEqual([4, 5]);
    expect(frame.last(9).length).toBe(5);
    expect(frame.last(0).length).toBe(0);
  });

  it('never shows a row later than asOf', () => {
    expect(frame.upTo(-1).length).toBe(0);
    expect(frame.upTo(hour).length).toBe(3);
    expect(frame.upTo(hour + 1).length).toBe(3);
    expect(frame.upTo(9 * hour).length).toBe(5);
  });

  it('takes a range with both ends included', () => {
    expect([...frame.between(hour, 2 * hour).column('CLOSE')]).toEqual([2, 3, 4]);
    expect(frame.between(3 * hour, 4 * hour).length).toBe(0);
    expect(frame.between(4 * hour, 0).length).toBe(0);
    expect(frame.between().length).toBe(5);
  });

  it('adds and replaces columns', () => {
    const wider = frame.with({ HIGH: Float64Array.of(5, 5, 5, 5, 5), OPEN: new Float64Array(5) });
    expect(wider.names).toEqual(['CLOSE', 'OPEN', 'HIGH']);
    expect(wider.column('OPEN')[0]).toBe(0);
    expect(frame.column('OPEN')[0]).toBe(10);
  });

  it('refuses unequal lengths and times out of order', () => {
    expect(() => Frame.of(Float64Array.of(1), { A: new Float64Array(2) })).toThrow('column A has 2 rows');
    expect(() => Frame.of(Float64Array.of(2, 1))).toThrow('ascending; row 1');
    expect(() => Frame.of(Float64Array.of(NaN))).toThrow('row 0');
    expect(() => frame.with({ A: new Float64Array(4) })).toThrow('column A has 4 rows');
  });
});

describe('looking rows up by time', () => {
  it('gives the later of two equally near rows and clamps at the ends', () => {
    expect(frame.nearestRow(0.5 * hour)).toBe(2);
    expect(frame.nearestRow(0.5 * hour - 1)).toBe(0);
    expect(frame.nearestRow(3.5 * hour)).toBe(4);
    expect(frame.nearestRow(-99 * hour)).toBe(0);
    expect(frame.nearestRow(99 * hour)).toBe(4);
    expect(frame.exactRow(hour)).toBe(2);
    expect(frame.exactRow(hour + 1)).toBe(-1);
    expect(frame.slice(0, 0).nearestRow(0)).toBe(-1);
    expect(frame.slice(0, 0).rowAtOrBefore(0)).toBe(-1);
  });

  it('agrees with a linear scan', () => {
    const times = fc
      .array(fc.integer({ min: 0, max: 30 }), { maxLength: 20 })
      .map((list) => list.sort((a, b) => a - b));
    fc.assert(
      fc.property(times, fc.integer({ min: -3, max: 33 }), (list, time) => {
        const rows = Frame.of(Float64Array.from(list));
        const distance = list.map((one) => Math.abs(one - time));
        expect(rows.rowAtOrBefore(time)).toBe(list.findLastIndex((one) => one <= time));
        expect(rows.exactRow(time)).toBe(list.lastIndexOf(time));
        expect(rows.nearestRow(time)).toBe(distance.lastIndexOf(Math.min(...distance)));
        expect(firstRowFrom(rows.time, time)).toBe(list.filter((one) => one < time).length);
        expect(firstRowAfter(rows.time, time)).toBe(list.filter((one) => one <= time).length);
      }),
      { numRuns: 300 },
    );
  });
});
