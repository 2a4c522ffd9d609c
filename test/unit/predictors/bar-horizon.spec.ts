import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { barHorizons, type WeekRule } from '../../../libs/plugins/src/predictors/oracle/bar-horizon.js';
import { rowMatch } from '../../../libs/plugins/src/predictors/oracle/row-match.js';

const HOUR = 3_600_000;
/** 2024-01-06, a Saturday. */
const SATURDAY = Date.UTC(2024, 0, 6);

const isFridayClose = (time: number, { closeHour }: WeekRule) => {
  const date = new Date(time);
  return date.getUTCDay() === 5 && date.getUTCHours() >= closeHour;
};
const weekOf = (time: number) => Math.floor((time - SATURDAY) / (7 * 24 * HOUR));

/** The rule of the original, said as a scan for one row. */
function scanOriginal(time: Float64Array, row: number, rule: WeekRule): number {
  for (let at = row + 1; at < time.length; at += 1) {
    const moment = time[at] ?? NaN;
    const isMonday = new Date(moment).getUTCDay() === 1;
    if (isFridayClose(moment, rule) || (isMonday && at > row + 1)) return at - row;
  }
  return Math.max(time.length - 1 - row, rule.fallbackBars);
}

/** The trading week, said as a scan for one row. */
function scanWeek(time: Float64Array, row: number, rule: WeekRule): number {
  const week = weekOf(time[row] ?? NaN);
  for (let at = row; at < time.length; at += 1) {
    if (weekOf(time[at] ?? NaN) !== week) return at - 1 - row;
    if (isFridayClose(time[at] ?? NaN, rule)) return at - row;
  }
  return Math.max(time.length - 1 - row, rule.fallbackBars);
}

const series = fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 120 }).map((gaps) => {
  let hours = 0;
  return Float64Array.from(gaps, (gap) => SATURDAY + (hours += gap) * HOUR);
});
const rules = fc.record({
  closeHour: fc.integer({ min: 0, max: 23 }),
  fallbackBars: fc.integer({ min: 0, max: 40 }),
});

describe('horizons of all rows in one pass', () => {
  it.each([
    ['week', scanWeek],
    ['original', scanOriginal],
  ] as const)('equal a scan from each row: %s', (mode, scan) => {
    fc.assert(
      fc.property(series, rules, (time, rule) => {
        const expected = Array.from(time, (_, row) => scan(time, row, rule));
        expect([...barHorizons(mode, time, rule)]).toEqual(expected);
      }),
      { numRuns: 150 },
    );
  });
});

describe('the row that a moment is about', () => {
  it('is the one that a look at all rows finds, or none beyond the limit', () => {
    const moment = fc.integer({ min: -100, max: 4000 }).map((quarters) => SATURDAY + (quarters * HOUR) / 4);
    const limit = fc.option(fc.integer({ min: 0, max: 20_000 }));
    fc.assert(
      fc.property(
        series,
        moment,
        limit,
        fc.constantFrom('nearest', 'previous'),
        (time, asked, seconds, mode) => {
          const found = rowMatch(time, mode, seconds)(asked);
          const distance = (row: number) => Math.abs((time[row] ?? NaN) - asked);
          const rows = [...time.keys()].filter((row) => mode === 'nearest' || (time[row] ?? NaN) <= asked);
          const best = rows.reduce((one, row) => (one < 0 || distance(row) <= distance(one) ? row : one), -1);
          const tooFar = best >= 0 && seconds !== null && distance(best) > seconds * 1000;
          expect(found).toBe(tooFar ? -1 : best);
        },
      ),
      { numRuns: 300 },
    );
  });
});
