import { DAY_MS, WEEK_MS } from '#libs/kernel';
import { monthsLater } from '#libs/timeseries';

/** From this spacing on bars are months, and the calendar counts, not milliseconds. */
const MONTHLY_MS = 27 * DAY_MS;
const MEAN_MONTH_MS = 30.44 * DAY_MS;
/** Bars whose spacing is looked at. */
const SPACING_BARS = 101;
/** History that shows when the market is open: long enough that a holiday closes no hour, short enough for a new season. */
const SESSION_WEEKS = 5;

/**
 * When the bars after the last one will probably come, from the times of the bars so far (epoch ms UTC, ascending, at
 * least two): the usual spacing is the median one, and hours of the week in which the last five weeks had no bar (nights,
 * weekends) are skipped, once two weeks are known. Holidays are not known.
 */
export function futureTimes(history: Float64Array): (step: number) => number {
  const last = history.at(-1) ?? NaN;
  const spacing = medianSpacing(history);
  if (spacing >= MONTHLY_MS) {
    const months = Math.round(spacing / MEAN_MONTH_MS);
    return (step) => monthsLater(last, step * months);
  }
  const isKnownLongEnough = last - (history[0] ?? NaN) >= 2 * WEEK_MS;
  if (!isKnownLongEnough || WEEK_MS % spacing !== 0) return (step) => last + step * spacing;
  const offsets = openOffsets(history, spacing);
  return (step) => {
    const weeks = Math.floor((step - 1) / offsets.length);
    return last + weeks * WEEK_MS + (offsets[(step - 1) % offsets.length] ?? NaN);
  };
}

function medianSpacing(history: Float64Array): number {
  const recent = history.subarray(-SPACING_BARS);
  const spacings = Float64Array.from(recent.subarray(1), (time, index) => time - (recent[index] ?? NaN))
    .filter((spacing) => spacing > 0)
    .sort();
  return spacings[Math.floor(spacings.length / 2)] ?? DAY_MS;
}

/** Milliseconds from the last bar to each bar of a full week, ascending; the last of them is the whole week. */
function openOffsets(history: Float64Array, spacing: number): readonly number[] {
  const last = history.at(-1) ?? NaN;
  const offsets = new Set<number>();
  for (let row = history.length - 1; row >= 0; row -= 1) {
    const age = last - (history[row] ?? NaN);
    if (age >= SESSION_WEEKS * WEEK_MS) break;
    const slot = Math.floor((WEEK_MS - (age % WEEK_MS)) / spacing);
    if (slot > 0) offsets.add(slot * spacing);
  }
  return [...offsets].sort((a, b) => a - b);
}
