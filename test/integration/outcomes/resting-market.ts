import { type Answer, chartWith, priceOf } from '../plugins/yahoo-server.js';
import { DAY_MS } from './outcomes-bench.js';

const MINUTE_MS = 60_000;
/** Sessions begin at half past two. */
const OPENS_MS = 14.5 * 60 * MINUTE_MS;
/** Martin Luther King Day. */
export const HOLIDAY = '2019-01-21';

export const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);
const isOpen = (time: number): boolean => new Date(time).getUTCDay() % 6 !== 0 && dayOf(time) !== HOLIDAY;

export type Closes = (day: string, value: number) => number;

const asItIs: Closes = (_, value) => value;

/** A market that rests at weekends and on the holiday. Without a close a bar is none. */
export const market = (
  close: Closes = asItIs,
  adjusted: Closes | null = null,
  volume: Closes = asItIs,
): Answer =>
  chartWith(({ meta, timestamp = [], indicators }) => {
    const rows = timestamp.flatMap((time, at) => (isOpen(time * 1_000) ? [{ time, at }] : []));
    const [quote = {}] = indicators.quote;
    const told: Readonly<Record<string, Closes>> = { close, volume };
    const columns = Object.entries(quote).map(([name, column]) => [
      name,
      rows.map(({ time, at }) => (told[name] ?? asItIs)(dayOf(time * 1_000), column[at] ?? NaN)),
    ]);
    const quotes: Record<string, readonly (number | null)[]> = Object.fromEntries(columns);
    const adjclose = rows.map(({ time }, at) =>
      adjusted?.(dayOf(time * 1_000), quotes['close']?.[at] ?? NaN),
    );
    return {
      meta,
      timestamp: rows.map(({ time }) => time),
      indicators: { quote: [quotes], ...(adjusted !== null && { adjclose: [{ adjclose }] }) },
    };
  });

/** The close of a day's bar there. */
export const closeOf = (day: string): number => priceOf(Date.parse(day) + OPENS_MS + DAY_MS);

/** What a service with these bars is set to. */
export const marketConfig = (url: string) => ({
  predictor_plugin: 'random_walk_predictor',
  data_source: 'yfinance',
  yahoo_url: url,
  source_retries: 0,
  job_concurrency: 1, // so that a process that waits for bars does not take up its own job when its lease is over
  source_break_after: 1_000,
  outcome_seconds: 60,
});
