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

/** A market that rests at weekends and on the holiday. Without a close a bar is none. */
export const market = (close: Closes = (_, value) => value, adjusted: Closes | null = null): Answer =>
  chartWith(({ meta, timestamp = [], indicators }) => {
    const rows = timestamp.flatMap((time, at) => (isOpen(time * 1_000) ? [{ time, at }] : []));
    const [quote = {}] = indicators.quote;
    const columns = Object.entries(quote).map(([name, column]) => [
      name,
      rows.map(({ time, at }) =>
        name === 'close' ? close(dayOf(time * 1_000), column[at] ?? NaN) : column[at],
      ),
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
