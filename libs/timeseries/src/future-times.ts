import { DAY_MS, WEEK_MS } from '#libs/kernel';
import { firstRowFrom } from './frame.js';
import { monthsLater } from './intervals.js';
import { LatestOf } from './latest-of.js';
import { SessionClock } from './times/session-clock.js';

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
 * weekends) are skipped, once two weeks are known. Hours are those of the clock that the market keeps, so that they move
 * with its summer time. Holidays are not known.
 * @param known zone of the market's clock, where the source tells it; null to find it out from the openings so far
 */
export function futureTimes(history: Float64Array, known: string | null = null): (step: number) => number {
  const ofZones = latest.of([history], () => new Map<string | null, (step: number) => number>());
  let timeAfter = ofZones.get(known);
  if (timeAfter === undefined) ofZones.set(known, (timeAfter = findTimes(history, known)));
  return timeAfter;
}

/** By zone. A forecast asks twice, and so does the next one. */
const latest = new LatestOf<Map<string | null, (step: number) => number>>();

function findTimes(history: Float64Array, known: string | null): (step: number) => number {
  const last = history.at(-1) ?? NaN;
  const spacing = medianSpacing(history);
  if (spacing >= MONTHLY_MS) {
    const months = Math.round(spacing / MEAN_MONTH_MS);
    return (step) => monthsLater(last, step * months);
  }
  const clock = new SessionClock(history, spacing, known);
  const isKnownLongEnough = last - (history[0] ?? NaN) >= 2 * WEEK_MS;
  if (!isKnownLongEnough || WEEK_MS % spacing !== 0) {
    // Shorter bars go on through the night in which clocks are changed.
    return spacing < DAY_MS ? (step) => last + step * spacing : (step) => clock.later(last, step * spacing);
  }
  const offsets = openOffsets(history, spacing, clock);
  const slots = WEEK_MS / spacing;
  if (offsets.length === slots && spacing < DAY_MS) return (step) => last + step * spacing;
  return (step) => {
    const weeks = Math.floor((step - 1) / offsets.length);
    return clock.later(last, weeks * WEEK_MS + (offsets[(step - 1) % offsets.length] ?? NaN));
  };
}

function medianSpacing(history: Float64Array): number {
  const recent = history.subarray(-SPACING_BARS);
  const last = (recent.at(-1) ?? NaN) - (recent.at(-2) ?? NaN);
  let equal = 0;
  for (let row = 1; row < recent.length; row += 1)
    if ((recent[row] ?? NaN) - (recent[row - 1] ?? NaN) === last) equal += 1;
  if (last > 0 && 2 * equal > recent.length) return last; // what more than half are is the median
  const spacings = Float64Array.from(recent.subarray(1), (time, index) => time - (recent[index] ?? NaN))
    .filter((spacing) => spacing > 0)
    .sort();
  return spacings[Math.floor(spacings.length / 2)] ?? DAY_MS;
}

/** Milliseconds of the clock from the last bar to each bar of a full week, ascending; the last of them is the whole week. */
function openOffsets(history: Float64Array, spacing: number, clock: SessionClock): readonly number[] {
  const first = firstRowFrom(history, (history.at(-1) ?? NaN) - SESSION_WEEKS * WEEK_MS + 1);
  const local = clock.shown(history.subarray(first));
  const last = local.at(-1) ?? NaN;
  const isOpen = new Uint8Array(WEEK_MS / spacing + 1);
  let closed = isOpen.length - 1;
  // From the newest bar back: of a market that never closes one week of the five shows it.
  for (let row = local.length - 1; row >= 0 && closed > 0; row -= 1) {
    const slot = Math.floor((WEEK_MS - ((last - (local[row] ?? NaN)) % WEEK_MS)) / spacing);
    closed -= slot === 0 || isOpen[slot] === 1 ? 0 : 1;
    isOpen[slot] = 1;
  }
  const offsets: number[] = [];
  for (let slot = 1; slot < isOpen.length; slot += 1) if (isOpen[slot] === 1) offsets.push(slot * spacing);
  return offsets;
}
