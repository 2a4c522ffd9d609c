import { Database, type DatabaseLocation, TransactionRunner } from '#libs/database';
import { systemClock } from '#libs/kernel';
import type { MakeEngine } from './bench.js';
import { CONFORMANCE_SCHEMA, writeEffect } from './effects.js';

/**
 * The other process of the suite: runs jobs of the database in its first argument and says `started <subject>`.
 * A job whose subject begins with `hang` never ends. It works until it is killed, told anything on stdin, or left
 * alone by the process that started it.
 */
export async function runUntilKilled(makeEngine: MakeEngine): Promise<void> {
  const location = JSON.parse(process.argv[2] ?? '') as DatabaseLocation;
  const database = await Database.open({ location, ...CONFORMANCE_SCHEMA });
  const transactions = new TransactionRunner(database);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const engine = makeEngine(database, transactions, {
    clock: systemClock,
    concurrency: () => 4,
    listener: { failed: (activity, error) => process.stderr.write(`${activity}: ${String(error)}\n`) },
  });
  engine.register({
    kind: 'work',
    timeLimitMs: () => 300_000,
    claimed: async () => undefined,
    failed: async () => undefined,
    run: async (run) => {
      say(`started ${run.job.subject}`);
      if (run.job.subject.startsWith('hang')) await new Promise(() => undefined);
      await run.complete((tx) => writeEffect(tx, run));
    },
  });
  await engine.start();
  say('ready');
  await new Promise((resolve) => process.stdin.once('data', resolve).once('end', resolve));
  await engine.stop(10_000);
  await database.close();
  process.stdin.destroy();
}
