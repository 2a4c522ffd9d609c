/** From the start of the process to readiness on an empty database, and what it holds in memory afterwards. */
import { readFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { median } from './predictions.js';
import { serveProduct } from './served.js';

const RUNS = 5;
const SETTLE_MS = 2_000;

export async function measureStart(): Promise<{ readonly readyMs: number; readonly residentMb: number }> {
  const ready: number[] = [];
  const resident: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const served = await serveProduct({});
    ready.push(served.readyMs);
    await setTimeout(SETTLE_MS);
    const status = readFileSync(`/proc/${served.process.pid}/status`, 'utf8');
    resident.push(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
    await served.stop();
  }
  return { readyMs: median(ready), residentMb: median(resident) };
}
