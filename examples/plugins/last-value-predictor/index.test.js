// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPlugin, Frame, predictorConformance } from 'prediction-provider/plugin-sdk';
import plugin from './index.js';

const HOUR = 3_600_000;
const time = Float64Array.from({ length: 60 }, (_, row) => Date.UTC(2026, 0, 5) + row * HOUR);
const frame = Frame.of(time, { CLOSE: time.map((_, row) => 100 + Math.sin(row / 5)) });

// Whatever it forecasts, it keeps the contract.
for (const { name, run } of predictorConformance({
  definition: plugin,
  create: () => createPlugin(plugin),
  frame,
}))
  test(name, run);

// And this is what it forecasts.
test('the last value stays, less and less surely', async () => {
  const predictor = await createPlugin(plugin, { spread: 0.5 });
  const answer = await predictor.forecast?.(frame, {
    symbol: 'EURUSD',
    interval: '1h',
    horizons: [1, 4],
    horizon: null,
    baseline: time[10],
    dateColumn: null,
    targetColumn: null,
    signal: new AbortController().signal,
  });
  assert.deepEqual(answer?.predictions, [frame.column('CLOSE')[10], frame.column('CLOSE')[10]]);
  assert.deepEqual(answer?.uncertainty, [0.5, 1]);
});
