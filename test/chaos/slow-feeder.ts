import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A feeder whose bars take a while, by chance, so that jobs are at work when their worker is killed. */
const SLOW_FEEDER = `
import { setTimeout } from 'node:timers/promises';
import { defineFeeder, Frame } from 'prediction-provider/plugin-sdk';

const HOUR = 3_600_000;
export default defineFeeder({
  id: 'slow_feeder',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Brings bars after a while.',
  parameters: { slow_ms: { type: 'integer', default: 100, min: 0, max: 600000, help: 'Longest wait.' } },
  create: ({ parameters }) => ({
    resolve: (symbol) => ({ source: 'slow', symbol }),
    fetch: async ({ signal }) => {
      await setTimeout(Math.random() * parameters.slow_ms, undefined, { signal });
      const time = Float64Array.from({ length: 50 }, (_, row) => Date.UTC(2026, 0, 1) + row * HOUR);
      return Frame.of(time, { CLOSE: time.map((_, row) => 100 + Math.sin(row)) });
    },
  }),
});
`;

/** Puts it into a folder; returns the settings that use it. @param slowMs the longest wait for bars */
export function slowFeeder(folder: string, slowMs: number): Readonly<Record<string, string | number>> {
  writeFileSync(join(folder, 'slow-feeder.mjs'), SLOW_FEEDER);
  return { plugins: JSON.stringify(['./slow-feeder.mjs']), feeder_plugin: 'slow_feeder', slow_ms: slowMs };
}
