// @ts-check
import { defineFeeder, Frame, INTERVAL_MS, isInterval, PluginError } from 'prediction-provider/plugin-sdk';

export default defineFeeder({
  id: 'steady_feeder',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Bars of made-up prices: a day and a week go up and down.',
  parameters: {
    symbols: { type: 'list', items: 'string', default: ['EURUSD'], help: 'Symbols that it has.' },
    first_bar: { type: 'string', default: '2026-01-05T00:00:00Z', help: 'Time of the first bar.' },
    bar_count: { type: 'integer', default: 500, min: 8, max: 100_000, help: 'Number of bars.' },
  },
  create: ({ parameters }) => {
    /** @param {string} symbol */
    const resolve = (symbol) => {
      if (!parameters.symbols.includes(symbol))
        throw new PluginError(
          'invalid_request',
          `the symbol "${symbol}" is unknown; known are ${parameters.symbols.join(', ')}`,
        );
      return { source: 'steady', symbol };
    };
    /**
     * All bars of a symbol. Read your source here.
     * @param {string} interval
     */
    const bars = (interval) => {
      if (!isInterval(interval)) throw new PluginError('invalid_request', `no bars of ${interval} are made`);
      const [first, step] = [Date.parse(parameters.first_bar), INTERVAL_MS[interval]];
      const time = Float64Array.from({ length: parameters.bar_count }, (_, row) => first + row * step);
      const close = time.map(priceAt);
      const open = time.map((now) => priceAt(now - step));
      return Frame.of(time, {
        OPEN: open,
        HIGH: close.map((price, row) => Math.max(price, open[row])),
        LOW: close.map((price, row) => Math.min(price, open[row])),
        CLOSE: close,
      });
    };
    return {
      resolve,
      async fetch({ symbol, interval, from, to = Infinity, asOf = Infinity, columns, signal }) {
        signal?.throwIfAborted();
        resolve(symbol);
        const wanted = bars(interval).between(from, Math.min(to, asOf));
        return columns === undefined ? wanted : wanted.select(columns);
      },
    };
  },
});

const DAY = 86_400_000;

/** @param {number} time epoch ms UTC */
const priceAt = (time) =>
  100 + Math.sin((2 * Math.PI * time) / DAY) + 3 * Math.sin((2 * Math.PI * time) / (7 * DAY));
