import { afterEach, expect, it } from '@jest/globals';
import { ChildScript, eventually, FakeClock } from '#libs/testing';
import { DATABASE_KINDS, type DatabaseKind, describeOnDatabases } from '../../../harness/databases.js';
import { JobBench, type JobSpec, LEASE_MS, type MakeEngine } from './bench.js';
import { CONFORMANCE_SCHEMA } from './effects.js';
import { endingSpecs } from './ending-specs.js';
import { enqueueSpecs } from './enqueue-specs.js';
import { leaseSpecs } from './lease-specs.js';
import { stopSpecs } from './stop-specs.js';

/** A spec that needs an engine in another process; `script` starts one. */
type ProcessSpec = (bench: JobBench, script: string) => Promise<void>;

const subjects = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}-${String(index).padStart(3, '0')}`);

/** Processes that die, and processes that share. */
const processSpecs: Readonly<Record<string, ProcessSpec>> = {
  'jobs of a process that was killed are taken over and done exactly once': async (bench, script) => {
    const clock = new FakeClock(Date.now());
    const enqueuer = bench.engine({ clock });
    const all = [...subjects('work', 30), ...subjects('hang', 2)].sort();
    for (const subject of all) await bench.enqueue(enqueuer, subject);
    const child = new ChildScript(script, JSON.stringify(bench.test.location));
    await child.until('started hang', 2);
    await child.until('started work', 7);
    await child.kill();
    const before = await bench.effects();
    expect(before.length).toBeLessThanOrEqual(30);
    clock.jump(10 * LEASE_MS); // every lease of the dead process is over
    await bench.started({ clock });
    await eventually('all are done', async () => (await bench.effects()).length >= all.length);
    expect(await bench.effects()).toEqual(all);
    const attempts = await bench.test.query<{ attempts: number; status: string }>(
      `SELECT attempts, status FROM jobs WHERE subject LIKE 'hang%'`,
    );
    expect(attempts).toEqual([
      { attempts: 2, status: 'completed' },
      { attempts: 2, status: 'completed' },
    ]);
  },

  'two processes share one database and run no job twice': async (bench, script) => {
    const child = new ChildScript(script, JSON.stringify(bench.test.location));
    await child.until('ready');
    const clock = new FakeClock(Date.now());
    const engine = bench.engine({ clock });
    const all = subjects('work', 120);
    for (const subject of all.slice(0, 60)) await bench.enqueue(engine, subject);
    await engine.start();
    await Promise.all(all.slice(60).map((subject) => bench.enqueue(engine, subject)));
    await eventually('all are done', async () => (await bench.effects()).length >= all.length);
    child.tell('stop');
    expect(await child.exited).toBe(0);
    expect(await bench.effects()).toEqual(all);
    const there = child.lines.filter((line) => line.startsWith('started')).map((line) => line.slice(8));
    expect([...there, ...bench.runs.map(({ job }) => job.subject)].sort()).toEqual(all);
  },
};

/**
 * What every engine of jobs must do, on each database that it works on. An engine that passes loses no job, runs none twice and keeps
 * nothing of a run that lost its lease.
 *
 * @param more what this engine does beyond that
 * @param script path, from the project's root, of a file that calls `runUntilKilled` with the same engine
 */
export function jobEngineConformance(
  name: string,
  makeEngine: MakeEngine,
  script: string,
  databases: readonly DatabaseKind[] = DATABASE_KINDS,
  more: Readonly<Record<string, JobSpec>> = {},
): void {
  describeOnDatabases(
    `with ${name}`,
    (database) => {
      let bench: JobBench | null = null;
      afterEach(() => bench?.clear());
      const specs = {
        ...enqueueSpecs,
        ...leaseSpecs,
        ...endingSpecs,
        ...stopSpecs,
        ...processSpecs,
        ...more,
      };
      for (const [title, spec] of Object.entries(specs)) {
        it(title, async () => {
          bench = new JobBench(database(), makeEngine);
          await spec(bench, script);
        });
      }
    },
    CONFORMANCE_SCHEMA,
    databases,
  );
}
