import { LeaseLostError } from '#libs/jobs';
import { expect } from '@jest/globals';
import { DAY_MS } from '#libs/kernel';
import { eventually, gate } from '#libs/testing';
import { type JobSpec, SWEEP_MS } from './bench.js';
import { writeEffect } from './effects.js';

/** Stopping, and what remains. */
export const stopSpecs: Readonly<Record<string, JobSpec>> = {
  'a stop lets runs finish within its grace and starts nothing new': async (bench) => {
    const proceed = gate();
    bench.handle = async (run) => {
      await proceed.opened;
      await run.complete((tx) => writeEffect(tx, run));
    };
    const engine = await bench.started({ concurrency: () => 1 });
    await bench.enqueue(engine, 'a');
    await bench.untilRuns(1);
    await bench.enqueue(engine, 'b');
    const stopped = engine.stop(10_000);
    proceed.open();
    await stopped;
    expect(await bench.statusOf('a')).toBe('completed');
    expect(await bench.statusOf('b')).toBe('queued');
    expect(bench.runs).toHaveLength(1);
  },

  'after its grace a stop gives leases back, and another engine goes on at once': async (bench) => {
    const late = gate();
    const settled = gate();
    let outcome: unknown = 'completed';
    bench.handle = async (run) => {
      if (run !== bench.runs[0]) return run.complete((tx) => writeEffect(tx, run));
      await late.opened;
      outcome = await run.complete((tx) => writeEffect(tx, run)).catch((error: unknown) => error);
      settled.open();
      throw outcome;
    };
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilRuns(1);
    const stopped = engine.stop(10_000);
    await bench.clock.advance(9_999);
    expect(bench.runs[0]?.signal.aborted).toBe(false);
    await bench.clock.advance(1);
    await stopped;
    expect(bench.runs[0]?.signal.reason).toMatchObject({ code: 'stopping' });
    expect(await bench.statusOf('a')).toBe('queued');
    await bench.started();
    await bench.untilStatus('a', 'completed');
    late.open();
    await settled.opened;
    expect(outcome).toBeInstanceOf(LeaseLostError);
    expect(await bench.effects()).toEqual(['a']);
    // an attempt that the operator ended does not count
    expect(bench.runs.map(({ job }) => [job.attempt, job.leaseEpoch])).toEqual([
      [1, 1],
      [1, 2],
    ]);
  },

  'a stopped engine leaves no timer behind': async (bench) => {
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.enqueue(engine, 'b', { runAt: bench.clock.now() + 1_000 });
    await bench.untilStatus('a', 'completed');
    await engine.stop(0);
    expect(bench.clock.pending).toBe(0);
  },

  'rows of ended jobs are forgotten after their retention, open ones never': async (bench) => {
    const engine = bench.engine({ retentionMs: DAY_MS });
    await bench.enqueue(engine, 'done');
    await bench.enqueue(engine, 'open', { runAt: bench.clock.now() + 30 * DAY_MS });
    await engine.start();
    await bench.untilStatus('done', 'completed');
    await bench.clock.advance(SWEEP_MS);
    expect(await bench.statusOf('done')).toBe('completed');
    bench.clock.jump(DAY_MS + 1);
    await bench.clock.advance(SWEEP_MS);
    const left = () => bench.statusOf('done').then((status) => status === undefined);
    await eventually('the row is gone', left);
    expect(await bench.statusOf('open')).toBe('queued');
  },
};
