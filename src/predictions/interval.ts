/** Spellings of bar lengths that clients use, and the one the product works with. */
const CANONICAL: Readonly<Record<string, string>> = {
  '1m': '1m',
  '2m': '2m',
  '5m': '5m',
  '15m': '15m',
  '30m': '30m',
  '60m': '1h',
  '1h': '1h',
  '90m': '90m',
  '4h': '4h',
  '1d': '1d',
  '5d': '5d',
  '1w': '1w',
  '1wk': '1w',
  '1M': '1mo',
  '1mo': '1mo',
  '3mo': '3mo',
  // MetaTrader's names, which the original's users send.
  H1: '1h',
  H4: '4h',
  D1: '1d',
  M15: '15m',
  M30: '30m',
};

/** Every accepted spelling. */
export const INTERVALS: readonly string[] = Object.keys(CANONICAL);

/** The canonical bar length; null for one that isn't known. */
export const canonicalInterval = (interval: string): string | null =>
  Object.hasOwn(CANONICAL, interval) ? (CANONICAL[interval] ?? null) : null;
