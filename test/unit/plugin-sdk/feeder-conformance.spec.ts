import { describe, expect, it } from '@jest/globals';
import { defineFeeder, feederConformance, PluginError, type Feeder } from '#libs/plugin-sdk';
import { common, failing, series } from './broken-plugins.js';

/** A copy without one member. */
function without<T extends object, K extends keyof T>(from: T, name: K): Omit<T, K> {
  const { ...copy } = from;
  delete copy[name];
  return copy;
}

describe('the feeder suite', () => {
  const good: Feeder = {
    fetch: async ({ symbol, from, to, asOf, columns, signal }) => {
      signal?.throwIfAborted();
      if (symbol !== 'EURUSD')
        throw new PluginError('invalid_request', `${symbol} is unknown; known is EURUSD`);
      const frame = series(20).between(from, Math.min(to ?? Infinity, asOf ?? Infinity));
      if (!columns) return frame;
      const missing = columns.find((name) => !frame.has(name));
      if (missing) throw new PluginError('invalid_request', `there is no column ${missing}`);
      return frame.select(columns);
    },
    resolve: (symbol) => ({ source: 'test', symbol }),
  };
  const suite = (feeder: Feeder) =>
    feederConformance({
      definition: defineFeeder({ ...common, id: 'a_feeder', create: () => feeder }),
      create: () => feeder,
      request: { symbol: 'EURUSD', interval: '1h' },
      unknownSymbol: 'GBPUSD',
    });
  const fetching = (change: (fetch: Feeder['fetch']) => Feeder['fetch']): Feeder => ({
    ...good,
    fetch: change(good.fetch),
  });

  it('passes a feeder that keeps the contract', async () => {
    expect(await failing(suite(good))).toEqual([]);
  });

  it.each<[string, Feeder, RegExp]>([
    [
      'ignores asOf',
      fetching((fetch) => (request) => fetch(without(request, 'asOf'))),
      /^never returns a bar later than asOf: a bar of .* is later than asOf/,
    ],
    [
      'leaves out the bar at asOf',
      fetching(
        (fetch) =>
          ({ asOf, ...request }) =>
            fetch({ ...request, ...(asOf && { asOf: asOf - 1 }) }),
      ),
      /^never returns a bar later than asOf: bars up to asOf are missing/,
    ],
    [
      'computes a column from all bars',
      fetching((fetch) => async (request) => {
        const frame = await fetch({ ...request, columns: ['OPEN', 'CLOSE'] });
        const mean = frame.column('CLOSE').reduce((sum, value) => sum + value, 0) / frame.length;
        return request.columns ? fetch(request) : frame.with({ MEAN: frame.time.map(() => mean) });
      }),
      /^returns the same bar whether or not later bars exist: MEAN of a bar is .*: the column looks ahead/,
    ],
    [
      'leaves the ends out of a range',
      fetching(
        (fetch) =>
          ({ from, ...request }) =>
            fetch({ ...request, ...(from && { from: from + 1 }) }),
      ),
      /^returns the bars from `from` to `to`, both inclusive: bars of the range are missing/,
    ],
    [
      'keeps its own order of columns',
      fetching(
        (fetch) =>
          ({ columns, ...request }) =>
            fetch({ ...request, ...(columns && { columns: columns.toReversed() }) }),
      ),
      /^returns the requested columns in their order, .*: requested were CLOSE,OPEN, returned|^returns the requested columns/,
    ],
    [
      'does not look at its signal',
      fetching((fetch) => (request) => fetch(without(request, 'signal'))),
      /^rejects when its signal is aborted/,
    ],
    [
      'brings an infinite price',
      fetching((fetch) => async (request) => {
        const frame = await fetch(request);
        return frame.has('CLOSE') ? frame.with({ CLOSE: frame.column('CLOSE').map(() => Infinity) }) : frame;
      }),
      /the column CLOSE contains an infinite value/,
    ],
    [
      'fails without a plugin error for an unknown symbol',
      fetching((fetch) => async (request) => {
        if (request.symbol !== 'EURUSD') throw new Error('404');
        return fetch(request);
      }),
      /^fails with a suitable code for an unknown symbol: an unknown symbol: must fail with invalid_request or no_data, not with Error: 404/,
    ],
  ])('finds a feeder that %s', async (_, feeder, reason) => {
    expect(await failing(suite(feeder))).toContainEqual(expect.stringMatching(reason));
  });
});
