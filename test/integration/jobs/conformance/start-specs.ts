import type { JobEngine } from '#libs/jobs';
import { expect } from '@jest/globals';
import { eventually, FakeClock, gate } from '#libs/testing';
import { CONCURRENCY, type JobBench, type JobSpec, LEASE_MS, SWEEP_MS } from './bench.js';
import { writeEffect } from './effects.js';

/** Adds jobs in one transaction that takes a place for each first; returns who got one. */
const startAll = (bench: JobBench, engine: JobEngine, subjects: readonly string[]): Promise<string[]> =>
  bench.test.run(async (tx) => {
    const started: string[] = [];
    for (const subject of subjects) {
      const start = engine.startHere(tx, 'work');
      if (start !== null) started.push(subject);
      if (start !== null) start.input = { of: subject };
      await engine.enqueue(tx, { kind: 'work', subject, start });
    }
    return started;
  });

const startHere = async (bench: JobBench, engine: JobEngine, subject: string): Promise<boolean> =>
  (await startAll(bench, engine, [subject])).length === 1;

/** Handlers wait until they are let go. */
function held(bench: JobBench): { readonly most: () => number; readonly open: () => void } {
  const proceed = gate();
  let [atWork, most] = [0, 0];
  bench.handle = async (run) => {
    most = Math.max(most, (atWork += 1));
    await proceed.opened;
    await run.complete((tx) => {
      tx.afterCommit(() => (atWork -= 1)); // before the next one gets the place
      return writeEffect(tx, run);
    });
  };
  return { most: () => most, open: proceed.open };
}

const subjectsOf = (count: number): string[] => Array.from({ length: count }, (_, index) => `job-${index}`);

/** Jobs that are claimed by the transaction that adds them. */
export const startSpecs: Readonly<Record<string, JobSpec>> = {
  'a job with a place runs once, with what its submitter hands over, and is never claimed': async (bench) => {
    let claims = 0;
    bench.onClaim = async () => void (claims += 1);
    const engine = await bench.started();
    expect(await startHere(bench, engine, 'a')).toBe(true);
    await bench.untilStatus('a', 'completed');
    await bench.clock.advance(2 * SWEEP_MS);
    expect(await bench.effects()).toEqual(['a']);
    expect(bench.runs.map(({ job, input }) => [job.attempt, job.leaseEpoch, input])).toEqual([
      [1, 1, { of: 'a' }],
    ]);
    expect(claims).toBe(0);
  },

  'a place goes back with a transaction that is rolled back, and nothing runs': async (bench) => {
    const engine = await bench.started();
    for (let turn = 0; turn < 3 * CONCURRENCY; turn += 1) {
      const broken = bench.test.run(async (tx) => {
        await engine.enqueue(tx, { kind: 'work', subject: 'a', start: engine.startHere(tx, 'work') });
        throw new Error('changed my mind');
      });
      await expect(broken).rejects.toThrow('changed my mind');
    }
    expect(await startHere(bench, engine, 'b')).toBe(true);
    await bench.untilStatus('b', 'completed');
    expect(bench.runs.map(({ job }) => job.subject)).toEqual(['b']);
  },

  'there is a place while fewer run than may, and never more run': async (bench) => {
    const { most, open } = held(bench);
    const engine = await bench.started();
    const subjects = subjectsOf(CONCURRENCY + 2);
    const started: boolean[] = [];
    for (const subject of subjects) started.push(await startHere(bench, engine, subject));
    expect(started).toEqual(subjects.map((_, index) => index < CONCURRENCY));
    open();
    await eventually('all are done', async () => (await bench.effects()).length >= subjects.length);
    expect(most()).toBe(CONCURRENCY);
  },

  'of places that were taken together some wait, in their order, and never more run': async (bench) => {
    const { most, open } = held(bench);
    const engine = await bench.started();
    const subjects = subjectsOf(3 * CONCURRENCY);
    const started = await startAll(bench, engine, subjects);
    expect(started).toEqual(subjects.slice(0, 2 * CONCURRENCY));
    expect(bench.runs).toHaveLength(CONCURRENCY);
    open();
    await eventually('all are done', async () => (await bench.effects()).length >= subjects.length);
    expect(await bench.effects()).toEqual(subjects.toSorted());
    expect(most()).toBe(CONCURRENCY);
    expect(bench.runs.slice(0, started.length).map(({ job }) => job.subject)).toEqual(started);
  },

  'what waits here longer than a sweep takes goes to whoever has a place': async (bench) => {
    const { open } = held(bench);
    const engine = await bench.started();
    const subjects = subjectsOf(CONCURRENCY + 1);
    expect(await startAll(bench, engine, subjects)).toEqual(subjects);
    const last = subjects.at(-1) ?? '';
    expect(await bench.statusOf(last)).toBe('running');
    await bench.started();
    await bench.clock.advance(SWEEP_MS);
    await bench.untilStatus(last, 'queued');
    await bench.clock.advance(SWEEP_MS);
    await bench.untilRuns(subjects.length);
    open();
    await eventually('all are done', async () => (await bench.effects()).length >= subjects.length);
    expect(await bench.effects()).toEqual(subjects.toSorted());
    expect(bench.runs.at(-1)?.job).toMatchObject({ subject: last, attempt: 1, leaseEpoch: 2 });
  },

  'a stop gives back what waits for a place without starting it': async (bench) => {
    held(bench);
    const engine = await bench.started();
    const subjects = subjectsOf(CONCURRENCY + 2);
    expect(await startAll(bench, engine, subjects)).toEqual(subjects);
    await engine.stop(0);
    expect(bench.runs).toHaveLength(CONCURRENCY);
    expect(await engine.counts()).toMatchObject({ queued: subjects.length, running: 0 });
  },

  'a stop waits for a transaction that has taken a place': async (bench) => {
    const engine = await bench.started();
    const [taken, commit] = [gate(), gate()];
    const transaction = bench.test.run(async (tx) => {
      const start = engine.startHere(tx, 'work');
      taken.open();
      await commit.opened;
      await engine.enqueue(tx, { kind: 'work', subject: 'a', start });
    });
    await taken.opened;
    const stopped = engine.stop(LEASE_MS);
    commit.open();
    await Promise.all([transaction, stopped]);
    expect(await bench.statusOf('a')).toBe('completed');
  },

  'one that waits for a place is cancelled like any other': async (bench) => {
    const { open } = held(bench);
    const engine = await bench.started();
    const subjects = subjectsOf(CONCURRENCY + 1);
    expect(await startAll(bench, engine, subjects)).toEqual(subjects);
    const last = subjects.at(-1) ?? '';
    expect(await bench.cancel(engine, last)).toBe(true);
    open();
    await eventually('the others are done', async () => (await bench.effects()).length >= CONCURRENCY);
    expect(await bench.statusOf(last)).toBe('cancelled');
    expect(bench.runs.map(({ job }) => job.subject)).not.toContain(last);
  },

  'there is no place while others wait for one, and none in an engine that does not run': async (bench) => {
    const { open } = held(bench);
    const engine = bench.engine();
    expect(await startHere(bench, engine, 'before')).toBe(false);
    await engine.start();
    for (const subject of subjectsOf(CONCURRENCY)) await bench.enqueue(engine, subject);
    await bench.untilRuns(CONCURRENCY);
    expect(await startHere(bench, engine, 'behind')).toBe(false);
    open();
    await bench.untilStatus('behind', 'completed');
    await engine.stop(0);
    expect(await startHere(bench, engine, 'after')).toBe(false);
  },

  'a computation without a job counts as one that runs, and is for SQLite alone': async (bench) => {
    const isHere = bench.test.database.kind === 'sqlite';
    const { open } = held(bench);
    const engine = bench.engine();
    expect(engine.mayRunHere('work', 0)).toBe(false);
    await engine.start();
    expect([engine.mayRunHere('work', CONCURRENCY - 1), engine.mayRunHere('work', CONCURRENCY)]).toEqual([
      isHere,
      false,
    ]);
    expect(engine.mayRunHere('of nobody', 0)).toBe(false);
    expect(await startHere(bench, engine, 'a')).toBe(true);
    expect(engine.mayRunHere('work', CONCURRENCY - 1)).toBe(false);
    open();
    await bench.untilStatus('a', 'completed');
    await engine.stop(0);
    expect(engine.mayRunHere('work', 0)).toBe(false);
  },

  'a job whose process died after the commit is taken up when its lease is over': async (bench) => {
    bench.handle = () => new Promise(() => undefined);
    const dead = await bench.started({ clock: new FakeClock(bench.clock.now()) });
    expect(await startHere(bench, dead, 'a')).toBe(true);
    await bench.untilRuns(1);
    bench.handle = (run) => run.complete((tx) => writeEffect(tx, run));
    bench.clock.jump(LEASE_MS);
    await bench.started();
    await bench.untilStatus('a', 'completed');
    expect(await bench.effects()).toEqual(['a']);
    expect(bench.runs.map(({ job }) => job.attempt)).toEqual([1, 2]);
  },
};
