import { INTERVAL_MS } from '#libs/plugin-sdk';

/** Bar lengths that the service knows, by its names for them. */
export type YahooInterval =
  '1m' | '2m' | '5m' | '15m' | '30m' | '1h' | '90m' | '1d' | '5d' | '1wk' | '1mo' | '3mo';

/** Nominal length of a bar in ms. */
export const yahooIntervalMs = (interval: YahooInterval): number =>
  INTERVAL_MS[interval === '1wk' ? '1w' : interval];

/** A chart to ask for; moments in epoch ms UTC, both included. */
export interface ChartQuestion {
  readonly symbol: string;
  readonly interval: YahooInterval;
  readonly from: number;
  readonly to: number;
}
