import { test } from 'node:test';
import { createPlugin, Frame, predictorConformance } from 'prediction-provider/plugin-sdk';
import momentumPredictor from './index.js';

const HOUR = 3_600_000;
const time = Float64Array.from({ length: 60 }, (_, row) => Date.UTC(2026, 0, 5) + row * HOUR);
const frame = Frame.of(time, { CLOSE: time.map((_, row) => 100 + Math.sin(row / 5) + row / 50) });

const checks = predictorConformance({
  definition: momentumPredictor,
  create: () => createPlugin(momentumPredictor),
  frame,
});
for (const { name, run } of checks) test(name, run);
