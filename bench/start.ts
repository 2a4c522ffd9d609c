/** From the start of the process to readiness, on an empty database and after a kill, and what it holds in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { residentMb } from './memory.js';
import { median } from './predictions.js';
import { load, serveProduct } from './served.js';

const RUNS = 5;
const SETTLE_MS = 2_000;
/** V8 gives back what a start needed once little has happened for some seconds. */
const IDLE_MS = 30_000;

export interface StartFigures {
  readonly readyMs: number;
  /** Of a service that was ended by SIGKILL in the middle of a load, on what it left behind. */
  readonly afterKillMs: number;
  /** Two seconds after readiness, and after half a minute without a request. */
  readonly residentMb: number;
  readonly idleMb: number;
}

export async function measureStart(): Promise<StartFigures> {
  const ready: number[] = [];
  const afterKill: number[] = [];
  const resident: number[] = [];
  const idle: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const served = await serveProduct({});
    ready.push(served.readyMs);
    await setTimeout(SETTLE_MS);
    resident.push(residentMb(served));
    await setTimeout(IDLE_MS - SETTLE_MS);
    idle.push(residentMb(served));
    await served.stop();
    afterKill.push(await restartAfterKill());
  }
  return {
    readyMs: median(ready),
    afterKillMs: median(afterKill),
    residentMb: median(resident),
    idleMb: median(idle),
  };
}

async function restartAfterKill(): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'prediction-provider-bench-'));
  const settings = { database_url: `sqlite:///${join(folder, 'killed.db')}` };
  const killed = await serveProduct(settings);
  await load(killed.url, { method: 'GET', path: '/api/v1/plugins/', connections: 16, seconds: 2 });
  killed.process.kill('SIGKILL');
  await killed.stop();
  const restarted = await serveProduct(settings);
  await restarted.stop();
  rmSync(folder, { recursive: true, force: true });
  return restarted.readyMs;
}
