import { GraphileJobEngine } from '#libs/jobs';
import { runSql } from '#libs/database';
import { eventually } from '#libs/testing';
import type { JobSpec } from './conformance/bench.js';
import { jobEngineConformance } from './conformance/job-engine.js';

const TASKS = 'job_queue._private_tasks';

const queueSpecs: Readonly<Record<string, JobSpec>> = {
  'a connection that is lost in the first look for a delivery costs a moment, not the worker': async (
    bench,
  ) => {
    const cutOff = `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted AND relation = '${TASKS}'::regclass`;
    const engine = bench.engine();
    await bench.test.run(async (tx) => {
      await runSql(tx, `LOCK TABLE ${TASKS} IN ACCESS EXCLUSIVE MODE`);
      await engine.start();
      await eventually('it looks, and is cut off', async () => (await bench.test.query(cutOff)).length > 0);
    });
    await bench.enqueue(engine, 'work');
    await eventually('the job is done', async () => {
      await bench.clock.advance(1_000); // from when on it begins again is nobody's promise
      return (await bench.effects()).length === 1;
    });
  },
};

jobEngineConformance(
  "PostgreSQL's engine",
  (database, transactions, options) => new GraphileJobEngine(database, transactions, options),
  'test/integration/jobs/graphile-runner.ts',
  ['postgres'],
  queueSpecs,
);
