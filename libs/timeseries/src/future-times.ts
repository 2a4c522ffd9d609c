import { DAY_MS, HOUR_MS, WEEK_MS } from '#libs/kernel';
import { firstRowFrom } from './frame.js';
import { monthsLater } from './intervals.js';
import { Zone } from './times/zones.js';

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
  for (const time of local) isOpen[Math.floor((WEEK_MS - ((last - time) % WEEK_MS)) / spacing)] = 1;
  const offsets: number[] = [];
  for (let slot = 1; slot < isOpen.length; slot += 1) if (isOpen[slot] === 1) offsets.push(slot * spacing);
  return offsets;
}

/** One zone for each rule of summer time that large markets have; zones with the same rule move alike. */
const SUMMER_TIMES = ['America/New_York', 'Europe/London', 'Australia/Sydney'] as const;
/** Openings are looked for in a year and some weeks, so that both changes of the clock are among them. */
const OPENING_MS = 60 * WEEK_MS;
const MOST_ROWS = 200_000;
/** A pause that is rather a closed market than a missing bar. */
const PAUSE_MS = 4 * HOUR_MS;

/** The clock by which a market opens. */
class SessionClock {
  readonly #zone: Zone;

  constructor(history: Float64Array, spacing: number, known: string | null) {
    this.#zone = sessionZone(openings(history, spacing), known);
  }

  /** What the clock shows at ascending moments, as epoch ms as if it were UTC. */
  shown(times: Float64Array): Float64Array {
    const zone = this.#zone;
    const offset = zone.offsetAt(times[0] ?? 0);
    const isSteady = offset === zone.offsetAt(times.at(-1) ?? 0);
    return times.map((time) => time + (isSteady ? offset : zone.offsetAt(time)));
  }

  /** The moment at which the clock shows so much more than at `time`. */
  later(time: number, ms: number): number {
    const local = time + this.#zone.offsetAt(time) + ms;
    const about = local - this.#zone.offsetAt(time);
    return local - this.#zone.offsetAt(about);
  }
}

/** Moments at which bars began after a pause; of whole days all of them. */
function openings(history: Float64Array, spacing: number): readonly number[] {
  const from = firstRowFrom(history, (history.at(-1) ?? NaN) - OPENING_MS);
  const found: number[] = [];
  const pause = spacing >= DAY_MS ? 0 : Math.max(PAUSE_MS, 4 * spacing);
  for (let row = Math.max(1, from, history.length - MOST_ROWS); row < history.length; row += 1) {
    const now = history[row] ?? NaN;
    if (now - (history[row - 1] ?? NaN) > pause) found.push(now);
  }
  return found;
}

const zones = new Map<string, Zone>();

function zoneNamed(name: string): Zone {
  const zone = zones.get(name) ?? new Zone(name);
  zones.set(name, zone);
  return zone;
}

/** Share of the openings that must agree before a zone is taken that nobody named. */
const AGREEMENT = 0.75;

/** The zone whose clock shows the same hour at most openings: the known one, then UTC, where others do no better. */
function sessionZone(moments: readonly number[], known: string | null): Zone {
  // Dates are labelled by midnight UTC, whatever the clock of their market.
  if (moments.every((moment) => moment % DAY_MS === 0)) return zoneNamed('UTC');
  const names = new Set([...(known === null ? [] : [known]), 'UTC', ...SUMMER_TIMES]);
  let [best, most] = [zoneNamed(known ?? 'UTC'), -1];
  for (const name of names) {
    const zone = zoneNamed(name);
    const count = mostCommon(moments, zone);
    const isNamed = name === known || name === 'UTC';
    if (count > most && (isNamed || count >= AGREEMENT * moments.length)) [best, most] = [zone, count];
  }
  return best;
}

function mostCommon(moments: readonly number[], zone: Zone): number {
  const counts = new Map<number, number>();
  for (const moment of moments) {
    const hour = (moment + zone.offsetAt(moment)) % DAY_MS;
    counts.set(hour, (counts.get(hour) ?? 0) + 1);
  }
  return Math.max(0, ...counts.values());
}
