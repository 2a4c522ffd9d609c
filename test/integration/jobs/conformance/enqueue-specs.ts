import { runSql } from '#libs/database';
import { AppError } from '#libs/kernel';
import { expect } from '@jest/globals';
import { eventually, gate } from '#libs/testing';
import { CONCURRENCY, type JobSpec, SWEEP_MS } from './bench.js';
import { writeEffect } from './effects.js';

/** How work gets in and how often it runs. */
export const enqueueSpecs: Readonly<Record<string, JobSpec>> = {
  'a job is visible and runs only after its transaction committed': async (bench) => {
    const engine = await bench.started();
    const enqueued = gate();
    const commit = gate();
    const transaction = bench.test.run(async (tx) => {
      await engine.enqueue(tx, { kind: 'work', subject: 'a' });
      enqueued.open();
      await commit.opened;
    });
    await enqueued.opened;
    expect(await engine.counts()).toEqual({ queued: 0, running: 0, oldestWaitMs: null });
    expect(bench.runs).toHaveLength(0);
    commit.open();
    await transaction;
    await bench.untilStatus('a', 'completed');
    expect(await bench.effects()).toEqual(['a']);
  },

  'a rolled back transaction enqueues nothing': async (bench) => {
    const engine = await bench.started();
    const broken = bench.test.run(async (tx) => {
      await engine.enqueue(tx, { kind: 'work', subject: 'a' });
      throw new Error('changed my mind');
    });
    await expect(broken).rejects.toThrow('changed my mind');
    await bench.enqueue(engine, 'b');
    await bench.untilStatus('b', 'completed');
    await bench.clock.advance(2 * SWEEP_MS);
    expect(await bench.statusOf('a')).toBeUndefined();
    expect(bench.runs.map(({ job }) => job.subject)).toEqual(['b']);
  },

  'each job runs exactly once, never more at a time than allowed': async (bench) => {
    let atWork = 0;
    let most = 0;
    bench.handle = async (run) => {
      most = Math.max(most, (atWork += 1));
      await new Promise((resolve) => setImmediate(resolve));
      await run.complete((tx) =>
        runSql(tx, 'INSERT INTO effects VALUES (?, ?)', [run.job.subject, 1]).then(() => undefined),
      );
      atWork -= 1;
    };
    const engine = await bench.started();
    const subjects = Array.from({ length: 40 }, (_, index) => `job-${String(index).padStart(2, '0')}`);
    await Promise.all(subjects.map((subject) => bench.enqueue(engine, subject)));
    await eventually('all are done', async () => (await bench.effects()).length >= subjects.length);
    await bench.clock.advance(2 * SWEEP_MS);
    expect(await bench.effects()).toEqual(subjects);
    expect(bench.runs).toHaveLength(subjects.length);
    expect(most).toBeGreaterThan(1);
    expect(most).toBeLessThanOrEqual(CONCURRENCY);
  },

  'two engines on one database share the work and never run a job twice': async (bench) => {
    const first = await bench.started();
    const second = await bench.started();
    const subjects = Array.from({ length: 60 }, (_, index) => `job-${String(index).padStart(2, '0')}`);
    await Promise.all(subjects.map((subject, index) => bench.enqueue(index % 2 ? first : second, subject)));
    await eventually('all are done', async () => (await bench.effects()).length >= subjects.length);
    expect(await bench.effects()).toEqual(subjects);
    expect(bench.runs.map(({ job }) => job.subject).sort()).toEqual(subjects);
  },

  'at most one job is open for a kind and subject': async (bench) => {
    const engine = bench.engine();
    await bench.enqueue(engine, 'a');
    const again = bench.enqueue(engine, 'a');
    await expect(again).rejects.toBeInstanceOf(AppError);
    await expect(again).rejects.toMatchObject({ kind: 'conflict', code: 'job_open' });
    await engine.start();
    await bench.untilStatus('a', 'completed');
    await bench.enqueue(engine, 'a');
    await eventually('it ran again', async () => (await bench.effects()).length === 2);
  },

  'of many enqueues of one subject at once exactly one succeeds': async (bench) => {
    const engine = bench.engine();
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => bench.enqueue(engine, 'a')));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await engine.counts()).toMatchObject({ queued: 1 });
  },

  'a job does not start before its time': async (bench) => {
    const engine = await bench.started();
    await bench.enqueue(engine, 'late', { runAt: bench.clock.now() + 3_000 });
    await bench.clock.advance(2_999);
    expect(bench.runs).toHaveLength(0);
    expect(await engine.counts()).toEqual({ queued: 1, running: 0, oldestWaitMs: null });
    await bench.clock.advance(1);
    await bench.untilStatus('late', 'completed');
  },

  'a job that another process enqueued is found by the sweep': async (bench) => {
    const elsewhere = bench.engine();
    await bench.started();
    await bench.enqueue(elsewhere, 'a');
    await bench.clock.advance(SWEEP_MS);
    await bench.untilStatus('a', 'completed');
  },

  'jobs start oldest first, and counts tell how long the oldest has waited': async (bench) => {
    const engine = bench.engine({ concurrency: () => 1 });
    for (const subject of ['a', 'b', 'c']) {
      await bench.enqueue(engine, subject);
      bench.clock.jump(1_000);
    }
    expect(await engine.counts()).toEqual({ queued: 3, running: 0, oldestWaitMs: 3_000 });
    await engine.start();
    await bench.untilStatus('c', 'completed');
    expect(bench.runs.map(({ job }) => job.subject)).toEqual(['a', 'b', 'c']);
    expect(await engine.counts()).toEqual({ queued: 0, running: 0, oldestWaitMs: null });
  },

  'an engine runs only the kinds that it is to run, and refuses one that nobody registered': async (
    bench,
  ) => {
    const elsewhere = bench.engine({ kinds: ['other'] });
    elsewhere.register({
      kind: 'other',
      timeLimitMs: () => 1_000,
      claimed: async () => undefined,
      run: (run) => run.complete((tx) => writeEffect(tx, run)),
      failed: async () => undefined,
    });
    await elsewhere.start();
    expect(await bench.test.run(async (tx) => elsewhere.startHere(tx, 'work'))).toBeNull();
    await bench.enqueue(elsewhere, 'a');
    await bench.enqueue(elsewhere, 'b', { kind: 'other' });
    await bench.untilStatus('b', 'completed');
    expect(await bench.statusOf('a')).toBe('queued');
    await bench.started();
    await bench.clock.advance(SWEEP_MS);
    await bench.untilStatus('a', 'completed');
    await expect(bench.engine({ kinds: ['wrok'] }).start()).rejects.toThrow(
      'job_kinds: "wrok" is no kind of job; kinds are work',
    );
  },

  'an engine without slots leaves its jobs to others': async (bench) => {
    const without = await bench.started({ concurrency: () => 0 });
    await bench.enqueue(without, 'a');
    await bench.enqueue(without, 'b', { runAt: bench.clock.now() + 1 });
    await bench.clock.advance(SWEEP_MS);
    expect(bench.runs).toHaveLength(0);
    await bench.started();
    await bench.untilStatus('a', 'completed');
    await bench.untilStatus('b', 'completed');
    expect(await bench.effects()).toEqual(['a', 'b']);
  },
};
