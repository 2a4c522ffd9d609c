import { parseArgs } from 'node:util';
import { ADAPTERS, type AdapterName } from '../harness/app.js';
import { DATABASE_KINDS, type DatabaseKind } from '../harness/databases.js';
import { type Finding, fuzz, type FuzzRun } from './run.js';

const USAGE =
  'npm run fuzz -- [--requests 20000] [--seed 1] [--database sqlite|postgres|both] [--adapter fastify|express|both] [--cluster]';
const PROGRESS_EVERY = 1_000;

/** `npm run fuzz`: the requests of each database are shared between the adapters. Returns the exit code. */
export async function runFuzzCommand(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      requests: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      database: { type: 'string', default: 'both' },
      adapter: { type: 'string', default: 'both' },
      cluster: { type: 'boolean', default: false },
    },
  });
  const databases = chosen<DatabaseKind>(DATABASE_KINDS, values.database);
  const adapters = chosen<AdapterName>(ADAPTERS, values.adapter);
  const [requests, seed] = [Number(values.requests), Number(values.seed)];
  if (databases.length === 0 || adapters.length === 0 || !(requests > 0) || !Number.isSafeInteger(seed)) {
    console.error(USAGE);
    return 2;
  }
  let findings = 0;
  if (values.cluster) {
    findings += await one('two processes and two workers on PostgreSQL', { on: 'cluster', requests, seed });
    return told(findings);
  }
  for (const database of databases) {
    for (const [index, adapter] of adapters.entries()) {
      const share = Math.ceil(requests / adapters.length);
      const run = { on: { database, adapter }, requests: share, seed: seed + index };
      findings += await one(`${database}, ${adapter}`, run);
    }
  }
  return told(findings);
}

function told(findings: number): number {
  console.log(`${findings} findings`);
  return findings === 0 ? 0 : 1;
}

const chosen = <T extends string>(all: readonly T[], given: string): readonly T[] =>
  given === 'both' ? all : all.filter((name) => name === given);

async function one(name: string, run: Omit<FuzzRun, 'onProgress'>): Promise<number> {
  const { requests, seed } = run;
  const [started, cpu] = [performance.now(), process.cpuUsage()];
  const { findings, statuses, unreached, faults } = await fuzz({
    ...run,
    onProgress: (done) => {
      if (done % PROGRESS_EVERY === 0) console.log(`${name}: ${done} of ${requests} requests`);
    },
  });
  const { user, system } = process.cpuUsage(cpu);
  const figures = `${seconds(performance.now() - started)}, ${seconds((user + system) / 1000)} of CPU`;
  const counts = [...statuses].sort().map(([status, count]) => `${status}: ${count}`);
  console.log(`${name}: ${requests} requests with seed ${seed} in ${figures}; ${counts.join(', ')}`);
  if (faults.size > 0) console.log(`${name}: ${[...faults].map((fault) => fault.join(': ')).join(', ')}`);
  if (unreached.length > 0) console.log(`${name}: no success at ${unreached.join(', ')}`);
  for (const finding of [...findings].sort((a, b) => a.route.localeCompare(b.route))) print(finding);
  return findings.length;
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

function print({ route, fault, times, request, answer }: Finding): void {
  console.log(`\n* ${route}: ${fault} (${times} times)`);
  if (request !== '') console.log(`  ${request}`);
  if (answer !== '') console.log(`  ${answer}`);
}
