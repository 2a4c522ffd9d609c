import { rowAtOrBefore } from '#libs/timeseries';
import type { SessionCloses } from './bar-source.js';

const DAY_MS = 86_400_000;

/** The close of the last session that had ended when each row began; NaN where none had. Never the running session's. */
export const previousCloses = (
  times: Float64Array,
  { knownFrom, close }: Pick<SessionCloses, 'knownFrom' | 'close'>,
): Float64Array => times.map((time) => close[rowAtOrBefore(knownFrom, time)] ?? NaN);

/**
 * Sessions from bars of any length. Daily and longer bars are sessions themselves and known one length after they began
 * (`lengthMs`); of shorter bars those of one UTC day make a session, known from midnight.
 */
export function sessionsOf(
  times: Float64Array,
  closes: Float64Array,
  lengthMs: number,
): Omit<SessionCloses, 'notes'> {
  if (lengthMs >= DAY_MS) return { knownFrom: times.map((time) => time + lengthMs), close: closes };
  const knownFrom: number[] = [];
  const close: number[] = [];
  for (const [row, time] of times.entries()) {
    const midnight = (Math.floor(time / DAY_MS) + 1) * DAY_MS;
    if (knownFrom.at(-1) !== midnight) knownFrom.push(midnight);
    close[knownFrom.length - 1] = closes[row] ?? NaN;
  }
  return { knownFrom: Float64Array.from(knownFrom), close: Float64Array.from(close) };
}

/** The usual distance of neighbouring bars in ms, the median over the last 1,000; NaN with fewer than two. */
export function usualStep(times: Float64Array): number {
  const recent = times.subarray(-1001);
  const steps = recent.subarray(1).map((time, row) => time - (recent[row] ?? NaN));
  return steps.toSorted()[steps.length >>> 1] ?? NaN;
}
