import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import type { Drawing } from './chart-spec.js';

/** Loading Vega takes 0.4 s, so the thread stays a while for the next picture; it keeps no process alive. */
const IDLE_MS = 30_000;

let pool: Piscina<Drawing, Uint8Array> | undefined;

/**
 * Draws in a worker thread, one picture after another. Without a build there is no worker, and the calling thread draws;
 * Vega is loaded only then, for it is large.
 */
export async function drawSpec(drawing: Drawing): Promise<Uint8Array> {
  const filename = workerFile();
  if (filename === undefined) return (await import('./draw.js')).draw(drawing);
  pool ??= new Piscina<Drawing, Uint8Array>({ filename, minThreads: 0, maxThreads: 1, idleTimeout: IDLE_MS });
  return pool.run(drawing);
}

/** The compiled worker: beside this module in a build, that of the last build when this module runs from its source. */
function workerFile(): string | undefined {
  const beside = new URL('./draw-worker.js', import.meta.url);
  const built = new URL('../../../dist/libs/forecast-chart/src/draw-worker.js', import.meta.url);
  return [beside, built].map((url) => fileURLToPath(url)).find((file) => existsSync(file));
}
