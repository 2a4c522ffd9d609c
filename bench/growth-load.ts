/** How long the event loop stands still while an administrator looks at everything, on a database that is full. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { delayOf, MAIN, type Served } from './served.js';

const SECONDS = 15;
/** Statistics, searches, pages as a program exports them, and files of an order, one after another without a pause. */
const LOOKED_AT = [
  'admin/stats?period=30d',
  'admin/usage/desk?days=365',
  'admin/audit?endpoint=nowhere',
  'admin/audit?user_id=2&limit=1000',
  'admin/logs?limit=1000',
  'client/predictions?symbol=EURUSD',
  'predictions/?limit=1000',
  'client/spend',
  'admin/billing?limit=1000',
  'admin/billing/summary',
  'client/predictions/{order}/download/results.csv',
  'client/predictions/{order}/download/metadata.json',
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
  const order = await answeredOrder(served, adminKey);
  await delayOf(served);
  const verifying = verify(databaseUrl);
  let answers = 0;
  const end = performance.now() + SECONDS * 1_000;
  while (performance.now() < end) {
    for (const looked of LOOKED_AT) {
      const path = looked.replace('{order}', order);
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

/** An order with an answer, of which files are made: the newest that has ended. */
async function answeredOrder({ url }: Served, adminKey: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/client/predictions?status=completed&limit=1`, {
    headers: { 'X-API-KEY': adminKey },
  });
  const { predictions } = (await answer.json()) as {
    readonly predictions: readonly { readonly id: string }[];
  };
  return predictions[0]?.id ?? '';
}

/** Finds faults in rows that no service wrote; what it costs is all that counts. */
async function verify(databaseUrl: string): Promise<void> {
  const command = [MAIN, 'billing', 'verify', `--database_url=${databaseUrl}`];
  await once(spawn(process.execPath, command, { stdio: 'ignore' }), 'exit');
}
