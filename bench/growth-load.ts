/** How long the event loop stands still while an administrator looks at everything, on a database that is full. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delayOf, MAIN, type Served } from './served.js';

const SECONDS = 15;
/** Statistics, searches and pages as a program exports them, one after another without a pause. */
const LOOKED_AT = [
  'admin/stats?period=30d',
  'admin/usage/desk?days=365',
  'admin/audit?endpoint=nowhere',
  'admin/audit?user_id=2&limit=1000',
  'admin/logs?limit=1000',
  'client/predictions?symbol=EURUSD',
  'predictions/?limit=1000',
  'client/spend',
];

/** In ms. */
export interface LoopDelay {
  readonly idleP99: number;
  readonly busyP99: number;
  /** Answers to the administrator. */
  readonly answers: number;
}

/** @param databaseUrl that of `served`, for `billing verify` beside it */
export async function loopDelayOf(served: Served, databaseUrl: string, adminKey: string): Promise<LoopDelay> {
  await delayOf(served); // each look begins a new period
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  const idleP99 = await delayOf(served);
  const verifying = verify(databaseUrl);
  let answers = 0;
  const end = performance.now() + SECONDS * 1_000;
  while (performance.now() < end) {
    for (const path of LOOKED_AT) {
      const answer = await fetch(`${served.url}/api/v1/${path}`, { headers: { 'X-API-KEY': adminKey } });
      if (!answer.ok) throw new Error(`${path} answers ${answer.status}: ${await answer.text()}`);
      await answer.arrayBuffer();
      answers += 1;
    }
  }
  const busyP99 = await delayOf(served);
  await verifying;
  return { idleP99, busyP99, answers };
}

/** Finds faults in rows that no service wrote; what it costs is all that counts. */
async function verify(databaseUrl: string): Promise<void> {
  const command = [MAIN, 'billing', 'verify', `--database_url=${databaseUrl}`];
  await once(spawn(process.execPath, command, { stdio: 'ignore' }), 'exit');
}
