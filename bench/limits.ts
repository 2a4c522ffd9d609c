/**
 * What a limit costs a request on PostgreSQL: hits of one caller one after another and of twenty callers at once, and the
 * same on one counter. A durable server of its own.
 *
 *   node --conditions=development --import tsx bench/limits.ts
 */
import { Database } from '#libs/database';
import { systemClock } from '#libs/kernel';
import { entities, migrations } from '../src/app/schema.js';
import { SharedRateLimitStorage } from '../src/auth/shared-rate-limit.repository.js';
import { servePostgres } from './postgres.js';

const HITS = 4_000;
const WINDOW_MS = 60_000;

async function measure(name: string, atOnce: number, keyOf: (caller: number) => string): Promise<void> {
  const took: number[] = [];
  const caller = async (_: unknown, number: number): Promise<void> => {
    for (let hit = 0; hit < HITS / atOnce; hit += 1) {
      const startedAt = performance.now();
      await storage.increment(keyOf(number), WINDOW_MS, HITS);
      took.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: atOnce }, caller));
  const perSecond = HITS / ((performance.now() - startedAt) / 1000);
  took.sort((a, b) => a - b);
  const at = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(2);
  console.log(`${name.padEnd(36)} p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${Math.round(perSecond)} hits/s`);
}

const server = await servePostgres();
const url = await server.create('limits');
const database = await Database.open({ location: { kind: 'postgres', url }, entities, migrations });
const storage = new SharedRateLimitStorage(database, systemClock);
await measure('warm-up', 1, () => 'warm-up');
await measure('one caller', 1, () => 'alone');
await measure('twenty callers at once', 20, (number) => `caller ${number}`);
await measure('twenty at once, one counter', 20, () => 'shared');
await database.close();
await server.stop();
