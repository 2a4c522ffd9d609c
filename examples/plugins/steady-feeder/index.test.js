// @ts-check
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPlugin, feederConformance } from 'prediction-provider/plugin-sdk';
import plugin from './index.js';

// Whatever bars it has, it keeps the contract.
const checks = feederConformance({
  definition: plugin,
  create: () => createPlugin(plugin),
  request: { symbol: 'EURUSD', interval: '1h' },
  unknownSymbol: 'NOSUCH',
});
for (const { name, run } of checks) test(name, run);

// And these are its bars.
test('a bar opens where the one before closed', async () => {
  const feeder = await createPlugin(plugin, { bar_count: 24 });
  const frame = await feeder.fetch({ symbol: 'EURUSD', interval: '1h' });
  assert.equal(frame.length, 24);
  assert.equal(frame.column('OPEN')[5], frame.column('CLOSE')[4]);
});
