import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '#libs/kernel';

/**
 * Waits after the first, second, … failed attempt, in ms; the schedule that the Standard Webhooks specification
 * suggests: ten attempts within about three days.
 */
export const RETRY_DELAYS_MS: readonly number[] = [
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  DAY_MS,
];

/** A wait is lengthened by up to this part of it, so that receivers who were away are not called by all at once. */
export const JITTER = 0.2;

/** A receiver may ask for no longer wait than this. */
export const MAX_RETRY_AFTER_MS = DAY_MS;

/**
 * Milliseconds until the next attempt; null when there is none.
 * @param tries failed attempts so far, at least 1
 * @param retryAfterMs what the receiver asked for; lengthens the wait and never shortens it
 * @param random from 0 to 1
 */
export function retryDelayMs(tries: number, retryAfterMs: number | null, random: number): number | null {
  const delayMs = RETRY_DELAYS_MS[tries - 1];
  if (delayMs === undefined) return null;
  const jittered = Math.round(delayMs * (1 + JITTER * random));
  return Math.max(jittered, Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS));
}

/** The `Retry-After` header (RFC 9110): seconds or a date. Null when it is absent, past or nonsense. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * SECOND_MS : Date.parse(header) - nowMs;
  return ms > 0 ? ms : null;
}
