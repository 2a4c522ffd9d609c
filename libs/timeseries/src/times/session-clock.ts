import { DAY_MS, HOUR_MS, MINUTE_MS, WEEK_MS } from '#libs/kernel';
import { firstRowFrom } from '../frame.js';
import { Zone } from './zones.js';

/** One zone for each rule of summer time that large markets have; zones with the same rule move alike. */
const SUMMER_TIMES = ['America/New_York', 'Europe/London', 'Australia/Sydney'] as const;
/** Openings are looked for in a year and some weeks, so that both changes of the clock are among them. */
const OPENING_MS = 60 * WEEK_MS;
/** A pause that is rather a closed market than a missing bar. */
const PAUSE_MS = 4 * HOUR_MS;

/** Clocks change at whole quarters of an hour everywhere. */
const QUARTER_MS = 15 * MINUTE_MS;

/** The clock by which a market opens. */
export class SessionClock {
  readonly #zone: Zone;

  /**
   * @param history times of bars so far (epoch ms UTC, ascending)
   * @param spacing usual distance of them in ms
   * @param known zone of the market's clock, where the source tells it; null to find it out from the openings
   */
  constructor(history: Float64Array, spacing: number, known: string | null) {
    this.#zone = sessionZone(openings(history, spacing), known);
  }

  /** What the clock shows at ascending moments, as epoch ms as if it were UTC. */
  shown(times: Float64Array): Float64Array {
    if (this.#zone.fixed === 0) return times;
    let [quarter, offset] = [NaN, 0];
    return times.map((time) => {
      const now = Math.floor(time / QUARTER_MS);
      if (now !== quarter) [quarter, offset] = [now, this.#zone.offsetAt(time)];
      return time + offset;
    });
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
  // Rows that all lie within a pause have none between them, so a million minutes are seen in a few thousand steps.
  const look = (first: number, last: number): void => {
    const end = history[last] ?? NaN;
    if (!(end - (history[first] ?? NaN) > pause)) return;
    if (last - first === 1) {
      found.push(end);
      return;
    }
    const middle = (first + last) >>> 1;
    look(first, middle);
    look(middle, last);
  };
  look(Math.max(0, from - 1), history.length - 1);
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
