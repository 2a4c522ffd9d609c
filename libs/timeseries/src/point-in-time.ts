import { DAY_MS } from '#libs/kernel';
import { usualStep } from './csv/row-times.js';
import { type Frame, rowAtOrBefore } from './frame.js';
import { type BarLength, barsLater, intervalMs, monthsLater } from './intervals.js';

/** What a baseline is: a bar by its label where it is one and else a moment (`auto`), always the bar (`bar`), never (`moment`). */
export const BASELINE_MEANINGS = ['auto', 'bar', 'moment'] as const;
export type BaselineMeans = (typeof BASELINE_MEANINGS)[number];

/** From this distance on bars are months, whose length the calendar tells. */
const MONTHLY_MS = 27 * DAY_MS;
const MEAN_MONTH_MS = 30.44 * DAY_MS;

/**
 * When each bar was complete (epoch ms UTC), by its row: what the source knows, else one usual distance after its label,
 * and never later than the label of the bar behind it.
 * @param interval length of a single bar, which has no distance to another one
 */
export function barEnds(frame: Frame, interval: string): (row: number) => number {
  const { time, calendar } = frame;
  const end = calendar.closeOf ?? endOfBar(usualStep(time) || intervalMs(interval) || DAY_MS);
  return (row) => {
    const label = time[row] ?? NaN;
    const next = time[row + 1] ?? Infinity;
    return next > label ? Math.min(end(label), next) : end(label);
  };
}

function endOfBar(stepMs: number): (label: number) => number {
  if (stepMs < MONTHLY_MS) return (label) => label + stepMs;
  const months = Math.round(stepMs / MEAN_MONTH_MS);
  return (label) => monthsLater(label, months);
}

/** Last row whose bar was complete at a moment (epoch ms UTC); -1 when none was. */
export function lastClosedRow(frame: Frame, closeOf: (row: number) => number, moment: number): number {
  let row = rowAtOrBefore(frame.time, moment);
  while (row >= 0 && closeOf(row) > moment) row -= 1;
  return row;
}

/**
 * The row that a baseline (epoch ms UTC) is about; -1 when no bar was known then. A bar that has the baseline for its label
 * is taken whole, except by `moment`; `bar` takes the last bar that had begun, complete or not.
 */
export function baselineRow(
  frame: Frame,
  closeOf: (row: number) => number,
  baseline: number,
  means: BaselineMeans,
): number {
  const begun = rowAtOrBefore(frame.time, baseline);
  const isNamed = means !== 'moment' && frame.time[begun] === baseline;
  return means === 'bar' || isNamed ? begun : lastClosedRow(frame, closeOf, baseline);
}

/** When bars end that begin at these times, epoch ms UTC. */
export const endsOfBars = (times: Float64Array, length: BarLength): Float64Array =>
  times.map((time) => (typeof length === 'number' ? time + length : barsLater(time, length, 1)));

/** At each moment the value that had become known last; NaN where none had. Both times ascend, epoch ms UTC. */
export const knownValues = (
  moments: Float64Array,
  knownFrom: Float64Array,
  values: Float64Array,
): Float64Array => moments.map((moment) => values[rowAtOrBefore(knownFrom, moment)] ?? NaN);
