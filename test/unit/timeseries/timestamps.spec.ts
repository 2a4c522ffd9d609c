import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { civilToEpoch } from '#libs/kernel';
import {
  dayOfMonth,
  dayOfWeek,
  formatIso,
  formatNaiveIso,
  hourOfDay,
  parseSyncTimestamp,
  parseTimestamp,
} from '#libs/timeseries';

const noon = Date.UTC(2024, 0, 10, 12, 30, 15);
/** Years 1 to 9999 in whole milliseconds. */
const moment = fc.integer({ min: -62_135_596_800_000, max: 253_402_300_799_999 });

describe('parseTimestamp', () => {
  it.each([
    ['2024-01-10 12:30:15', noon],
    ['2024-01-10T12:30:15', noon],
    ['2024-01-10T12:30:15Z', noon],
    ['2024-01-10 12:30:15.250', noon + 250],
    ['2024-01-10T12:30:15.2505', noon + 250.5],
    ['2024-01-10T14:30:15+02:00', noon],
    ['2024-01-10T07:00:15-0530', noon],
    ['2024-01-10T11:30:15-01', noon],
    ['2024-01-10T12:30', Date.UTC(2024, 0, 10, 12, 30)],
    ['2024-01-10', Date.UTC(2024, 0, 10)],
    ['2024-02-29', Date.UTC(2024, 1, 29)],
    ['2023-12-31T23:30:00-01:00', Date.UTC(2024, 0, 1, 0, 30)],
    ['0001-01-01T01:00:00+01:00', -62_135_596_800_000],
    ['9999-12-31T22:59:59.999-01:00', 253_402_300_799_999],
  ])('reads %s', (text, expected) => {
    expect(parseTimestamp(text)).toBe(expected);
  });

  it.each([
    ['2024-02-30'],
    ['2023-02-29'],
    ['1900-02-29'],
    ['2024-13-01'],
    ['2024-00-10'],
    ['2024-01-00'],
    ['2024-01-10 24:00:00'],
    ['2024-01-10 12:60:00'],
    ['2024-01-10 12:00:60'],
    ['2024-01-10T12:00:00+24:00'],
    ['2024-01-10T12:00:00+01:60'],
    ['2024-1-10'],
    ['10.01.2024 12:30:15.0'],
    ['2024-01-10  12:30:15'],
    [' 2024-01-10'],
    ['2024-01-10T'],
    ['2024-01-10+02:00'],
    ['0000-01-01'],
    ['0000-12-31T23:59:59-01:00'],
    ['0001-01-01T00:30:00+01:00'],
    ['9999-12-31T23:59:59-23:59'],
    ['9999-12-31T23:59:59.999-00:01'],
    ['+010000-01-01T00:00:00Z'],
    ['-000001-01-01T00:00:00Z'],
    [''],
    ['yesterday'],
    ['1704889815000'],
  ])('refuses %p', (text) => {
    expect(parseTimestamp(text)).toBeNull();
  });

  it('reads back what the formatters and the platform write', () => {
    fc.assert(
      fc.property(moment, (time) => {
        expect(parseTimestamp(formatIso(time))).toBe(time);
        expect(parseTimestamp(formatNaiveIso(time))).toBe(time);
        expect(parseTimestamp(new Date(time).toISOString())).toBe(time);
      }),
    );
  });
});

describe('parseSyncTimestamp', () => {
  it.each([
    ['10.01.2024 12:30:15.0', noon],
    ['10.01.2024 12:30:15.250', noon + 250],
    ['10.1.2024 12:30:15.000001', noon + 0.001],
    ['1.2.2024 3:4:5.6', Date.UTC(2024, 1, 1, 3, 4, 5, 600)],
  ])('reads %s', (text, expected) => {
    expect(parseSyncTimestamp(text)).toBeCloseTo(expected, 2);
  });

  it.each([
    ['10.01.2024 12:30:15'],
    ['10.01.2024 12:30:15.'],
    ['10.01.2024 12:30:15.1234567'],
    ['10.01.24 12:30:15.0'],
    ['2024-01-10 12:30:15.0'],
    ['2024-01-10T12:30:15.000Z'],
    ['10/01/2024 12:30:15.0'],
    ['30.02.2024 12:30:15.0'],
    ['10.13.2024 12:30:15.0'],
    ['10.01.2024 24:00:00.0'],
    ['10.01.2024 12:30:60.0'],
    ['10.01.2024 12:30:15.0Z'],
    ['10.01.2024T12:30:15.0'],
    [' 10.01.2024 12:30:15.0'],
    ['10.01.2024 12:30:15.0\n'],
    ['010.01.2024 12:30:15.0'],
    [''],
  ])('refuses %p', (text) => {
    expect(parseSyncTimestamp(text)).toBeNull();
  });
});

describe('formatters', () => {
  it('write fractions only when there are any', () => {
    expect(formatIso(noon)).toBe('2024-01-10T12:30:15Z');
    expect(formatIso(noon + 250)).toBe('2024-01-10T12:30:15.250Z');
    expect(formatIso(noon + 0.001)).toBe('2024-01-10T12:30:15.000001Z');
    expect(formatNaiveIso(noon)).toBe('2024-01-10T12:30:15');
    expect(formatNaiveIso(noon + 250)).toBe('2024-01-10T12:30:15.250000');
    expect(formatNaiveIso(-0.001)).toBe('1969-12-31T23:59:59.999999');
  });
});

describe('the calendar', () => {
  it('agrees with the platform on every date', () => {
    fc.assert(
      fc.property(moment, (time) => {
        const date = new Date(time);
        expect(
          civilToEpoch(
            date.getUTCFullYear(),
            date.getUTCMonth() + 1,
            date.getUTCDate(),
            date.getUTCHours(),
            date.getUTCMinutes(),
            date.getUTCSeconds(),
            date.getUTCMilliseconds(),
          ),
        ).toBe(time);
        expect(dayOfWeek(time)).toBe((date.getUTCDay() + 6) % 7);
        expect(hourOfDay(time)).toBe(date.getUTCHours());
        expect(dayOfMonth(time)).toBe(date.getUTCDate());
      }),
    );
  });

  it('counts Monday as day 0', () => {
    expect(dayOfWeek(Date.UTC(2024, 0, 8))).toBe(0);
    expect(dayOfWeek(Date.UTC(2024, 0, 14, 23, 59))).toBe(6);
  });
});
