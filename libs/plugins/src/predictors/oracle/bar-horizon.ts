import { DAY_MS, integer, type ParameterDeclarations } from '#libs/kernel';
import { dayOfWeek, hourOfDay } from '#libs/timeseries';

/** When the trading week ends: a parameter of every predictor that counts the bars until then. */
export const weekParameters = {
  friday_close_hour: integer(
    { default: 20, min: 0, max: 23 },
    'Hour of Friday (in the time of the data) at which the trading week closes.',
  ),
} as const satisfies ParameterDeclarations;

/** How far an oracle looks ahead; see {@link weekHorizons} and {@link originalHorizons}. */
export type HorizonMode = 'week' | 'original';

const MONDAY = 0;
const FRIDAY = 4;

/** When a trading week closes, and how many bars count where the data end before it does. */
export interface WeekRule {
  /** Hour of Friday, 0 to 23: the first Friday bar at or after it is the week's last. */
  readonly closeHour: number;
  /** Bars; the horizon of a row is at least this where the data end inside its week. */
  readonly fallbackBars: number;
}

/** Bars ahead of every row, by the rule of the mode. `time` is epoch ms UTC, ascending. */
export const barHorizons = (mode: HorizonMode, time: Float64Array, rule: WeekRule): Int32Array =>
  mode === 'week' ? weekHorizons(time, rule) : originalHorizons(time, rule);

/**
 * Rows after each row up to and including the first Friday row at or after the close hour of the same trading week.
 * A trading week runs from Saturday 00:00 to Friday 24:00. A row at or after the close has 0 rows left; a week that
 * ends early (holidays) ends with its last row; where the data end inside a week the rest of the week is unknown and
 * the count is at least `fallbackBars`. One pass from the end.
 */
function weekHorizons(time: Float64Array, rule: WeekRule): Int32Array {
  const horizons = new Int32Array(time.length);
  let left = 0;
  let isOpenEnded = true;
  for (let row = time.length - 1; row >= 0; row -= 1) {
    const now = time[row] ?? NaN;
    const next = time[row + 1];
    if (next !== undefined) left += 1;
    const isLastOfWeek = next !== undefined && weekNumber(next) !== weekNumber(now);
    if (isLastOfWeek || isFridayClose(now, rule.closeHour)) {
      left = 0;
      isOpenEnded = false;
    }
    horizons[row] = isOpenEnded ? Math.max(left, rule.fallbackBars) : left;
  }
  return horizons;
}

/**
 * The rule behind the reference vectors: count the rows after each row; a Friday row at or after the close hour ends
 * the count, and so does a Monday row unless it is the very next one. Where the data end first, the count is at least
 * `fallbackBars`. From a Monday it therefore usually sees two bars, and from a closed Friday into the next week.
 * One pass from the end, instead of one scan for every row.
 */
function originalHorizons(time: Float64Array, rule: WeekRule): Int32Array {
  const rows = time.length;
  const horizons = new Int32Array(rows);
  // The first stopping row at or after row + 2, where a Monday counts too.
  let stopBeyondNext = rows;
  for (let row = rows - 1; row >= 0; row -= 1) {
    const beyondNext = time[row + 2];
    if (beyondNext !== undefined && (isMonday(beyondNext) || isFridayClose(beyondNext, rule.closeHour))) {
      stopBeyondNext = row + 2;
    }
    const next = time[row + 1];
    const stop = next !== undefined && isFridayClose(next, rule.closeHour) ? row + 1 : stopBeyondNext;
    horizons[row] = stop < rows ? stop - row : Math.max(rows - 1 - row, rule.fallbackBars);
  }
  return horizons;
}

/**
 * Rows from each row to the next Friday row at or after the close hour, by their times alone: 0 at such a row, at most
 * `maxRows`, the rows that are left where the data end before it, and `fallbackBars` for a last row. One pass from the end.
 */
export function rowsToFridayClose(time: Float64Array, rule: WeekRule, maxRows: number): Int32Array {
  const rows = time.length;
  const counts = new Int32Array(rows);
  let close = Infinity;
  for (let row = rows - 1; row >= 0; row -= 1) {
    const left = rows - 1 - row;
    if (isFridayClose(time[row] ?? NaN, rule.closeHour)) close = row;
    const isLast = left === 0 && close !== row;
    counts[row] = isLast ? rule.fallbackBars : Math.min(close - row, left, maxRows);
  }
  return counts;
}

const isMonday = (time: number): boolean => dayOfWeek(time) === MONDAY;

const isFridayClose = (time: number, closeHour: number): boolean =>
  dayOfWeek(time) === FRIDAY && hourOfDay(time) >= closeHour;

/** Number of the trading week; day 0 of the epoch was a Thursday, so Saturdays are the days 2, 9, ... */
const weekNumber = (time: number): number => Math.floor((Math.floor(time / DAY_MS) - 2) / 7);
