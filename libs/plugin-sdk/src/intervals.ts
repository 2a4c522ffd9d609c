const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The canonical bar lengths with their nominal length in ms; a month counts 30 days. */
export const INTERVAL_MS = {
  '1m': MINUTE_MS,
  '2m': 2 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '90m': 90 * MINUTE_MS,
  '4h': 4 * HOUR_MS,
  '1d': DAY_MS,
  '5d': 5 * DAY_MS,
  '1w': 7 * DAY_MS,
  '1mo': 30 * DAY_MS,
  '3mo': 90 * DAY_MS,
} as const;

/** A canonical bar length. */
export type Interval = keyof typeof INTERVAL_MS;

/** Whether a text is a canonical bar length, as in {@link FetchRequest.interval}. */
export const isInterval = (text: string): text is Interval => Object.hasOwn(INTERVAL_MS, text);
