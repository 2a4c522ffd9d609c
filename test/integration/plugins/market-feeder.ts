import { createPlugin, type Bar, type BarCache, type Feeder, type FetchRequest } from '#libs/plugin-sdk';
import { FakeClock } from '#libs/testing';
import defaultFeeder from '../../../libs/plugins/src/feeders/default-feeder/default-feeder.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
/** A Monday, 10:20 UTC. */
export const NOW = Date.UTC(2026, 0, 5, 10, 20);
export const hourly: FetchRequest = { symbol: 'MSFT', interval: '1h' };

export function memoryCache(): BarCache & { readonly bars: Map<string, Map<number, Bar>>; failing: boolean } {
  const bars = new Map<string, Map<number, Bar>>();
  const cache = {
    bars,
    failing: false,
    read: async (symbol: string, interval: string, from: number, to: number) => {
      if (cache.failing) throw new Error('disk full');
      return [...(bars.get(`${symbol} ${interval}`)?.values() ?? [])].filter(
        ({ time }) => time >= from && time <= to,
      );
    },
    write: async (symbol: string, interval: string, written: readonly Bar[]) => {
      if (cache.failing) throw new Error('disk full');
      const series = bars.get(`${symbol} ${interval}`) ?? new Map<number, Bar>();
      for (const bar of written) series.set(bar.time, bar);
      bars.set(`${symbol} ${interval}`, series);
    },
    replace: async (symbol: string, interval: string, written: readonly Bar[]) => {
      bars.delete(`${symbol} ${interval}`);
      await cache.write(symbol, interval, written);
    },
  };
  return cache;
}

export interface Made {
  readonly feeder: Feeder;
  readonly clock: FakeClock;
  readonly lines: string[];
}

export async function marketFeeder(
  url: string,
  parameters: Readonly<Record<string, unknown>> = {},
  barCache: BarCache | null = null,
  now: number = NOW,
): Promise<Made> {
  const clock = new FakeClock(now);
  const lines: string[] = [];
  const write = (line: string) => {
    lines.push(line);
  };
  const feeder = await createPlugin(
    defaultFeeder,
    { yahoo_url: url, source_retries: 0, source_retry_delay_ms: 1, ...parameters },
    { clock, barCache, logger: { info: write, warn: write, error: write } },
  );
  return { feeder, clock, lines };
}

export const failure = (feeder: Feeder, request: FetchRequest = hourly): Promise<unknown> =>
  feeder.fetch(request).catch((error: unknown) => error);
