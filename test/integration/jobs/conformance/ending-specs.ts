import type { Transaction, TransactionRunner } from '#libs/database';
import { LeaseLostError } from '#libs/jobs';
import { AppError } from '#libs/kernel';
import { expect } from '@jest/globals';
import { eventually, gate } from '#libs/testing';
import { HEARTBEAT_MS, type JobBench, type JobSpec, MAX_ATTEMPTS, SWEEP_MS, TIME_LIMIT_MS } from './bench.js';
import { writeEffect } from './effects.js';

/** Engines hear of a commit that ended a job badly only once `late` is settled. @returns how many others were answered */
function answersToFailures(bench: JobBench, late: Promise<unknown>): () => number {
  let others = 0;
  const run = async <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => {
    let used: Transaction | null = null;
    const result = await bench.test.run((tx) => {
      used = tx;
      return work(tx);
    });
    if (used !== null && bench.failedIn.has(used)) await late;
    else others += 1;
    return result;
  };
  bench.transactions = Object.create(bench.test.transactions, { run: { value: run } }) as TransactionRunner;
  return () => others;
}

/** A handler that goes on, and completes, only once its signal aborted: as one does that never looks at it. */
function completeAfterAbort(bench: JobBench): Promise<unknown> {
  const settled = gate();
  let outcome: unknown = 'completed';
  bench.handle = async (run) => {
    await new Promise((resolve) => run.signal.addEventListener('abort', resolve, { once: true }));
    try {
      await run.complete((tx) => writeEffect(tx, run));
    } catch (error) {
      outcome = error;
      throw error;
    } finally {
      settled.open();
    }
  };
  return settled.opened.then(() => outcome);
}

/** How runs end. */
export const endingSpecs: Readonly<Record<string, JobSpec>> = {
  'an AppError ends the job as failed at once, with its code': async (bench) => {
    bench.handle = async () => {
      throw new AppError('invalid', 'The horizon is beyond the data', { code: 'no_data' });
    };
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilStatus('a', 'failed');
    expect(bench.failures).toMatchObject([
      { job: { attempt: 1 }, failure: { code: 'no_data', message: 'The horizon is beyond the data' } },
    ]);
    expect(bench.runs).toHaveLength(1);
  },

  'any other rejection is tried again until the attempts are used up': async (bench) => {
    bench.handle = async () => {
      throw new Error('connection reset');
    };
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilStatus('a', 'failed');
    expect(bench.runs.map(({ job }) => job.attempt)).toEqual([1, 2, 3]);
    expect(bench.failures).toMatchObject([{ failure: { code: 'attempts_exhausted' } }]);
    expect(bench.failures[0]?.failure.message).not.toContain('connection reset');
    expect(bench.reported).toHaveLength(MAX_ATTEMPTS);
  },

  'a later attempt may succeed': async (bench) => {
    bench.handle = async (run) => {
      if (run.job.attempt < MAX_ATTEMPTS) throw new Error('not yet');
      await run.complete((tx) => writeEffect(tx, run));
    };
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilStatus('a', 'completed');
    expect(await bench.effects()).toEqual(['a']);
    expect(bench.failures).toEqual([]);
  },

  'the wait before another attempt is kept': async (bench) => {
    bench.handle = async (run) => {
      if (run.job.attempt === 1) throw new Error('not yet');
      await run.complete((tx) => writeEffect(tx, run));
    };
    const engine = await bench.started({ retryDelayMs: () => 2_000 });
    await bench.enqueue(engine, 'a');
    await bench.untilStatus('a', 'queued');
    await eventually('the first run was written down', () => bench.reported.length === 1);
    await bench.clock.advance(1_999);
    expect(bench.runs).toHaveLength(1);
    await bench.clock.advance(1);
    await bench.untilStatus('a', 'completed');
  },

  'work that fails inside of complete is rolled back with the end of the job': async (bench) => {
    bench.handle = (run) =>
      run.complete(async (tx) => {
        await writeEffect(tx, run);
        if (run.job.attempt === 1) throw new Error('the disk is full');
      });
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilStatus('a', 'completed');
    expect(await bench.effects()).toEqual(['a']);
    expect(bench.runs).toHaveLength(2);
  },

  'a handler that ends without completing is tried again': async (bench) => {
    bench.handle = async () => undefined;
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilStatus('a', 'failed');
    expect(bench.runs).toHaveLength(MAX_ATTEMPTS);
  },

  'a checkpoint is kept and the run goes on': async (bench) => {
    bench.handle = async (run) => {
      await run.checkpoint((tx) => writeEffect(tx, run));
      expect(await bench.statusOf('a')).toBe('running');
      await run.complete((tx) => writeEffect(tx, run));
    };
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilStatus('a', 'completed');
    expect(await bench.effects()).toEqual(['a', 'a']);
  },

  'a heartbeat that comes before the answer to a commit leaves the end of the run to its writer': async (
    bench,
  ) => {
    const outcome = completeAfterAbort(bench);
    const answer = gate();
    const answered = answersToFailures(bench, answer.opened);
    const ended: string[] = [];
    const failed = (_activity: string, error: unknown) => bench.reported.push(error);
    const engine = await bench.started({ listener: { failed, ended: (_job, how) => ended.push(how) } });
    await bench.enqueue(engine, 'slow');
    await bench.untilRuns(1);
    await bench.clock.advance(TIME_LIMIT_MS);
    await bench.untilStatus('slow', 'failed');
    const before = answered();
    await bench.clock.advance(HEARTBEAT_MS);
    await eventually('a heartbeat asked for the lease', () => answered() > before);
    expect(ended).toEqual([]);
    answer.open();
    expect(await outcome).toBeInstanceOf(LeaseLostError);
    expect(ended).toEqual(['failed']);
    expect(bench.runs[0]?.signal.reason).toMatchObject({ code: 'timeout' });
  },

  'the time limit ends a run as failed; what it does later counts for nothing': async (bench) => {
    const outcome = completeAfterAbort(bench);
    const engine = await bench.started();
    await bench.enqueue(engine, 'slow');
    await bench.enqueue(engine, 'slower', { timeLimitMs: 2 * TIME_LIMIT_MS });
    await bench.untilRuns(2);
    await bench.clock.advance(TIME_LIMIT_MS - 1);
    expect(await bench.statusOf('slow')).toBe('running');
    await bench.clock.advance(1);
    await bench.untilStatus('slow', 'failed');
    expect(await outcome).toBeInstanceOf(LeaseLostError);
    expect(bench.failures).toMatchObject([{ job: { subject: 'slow' }, failure: { code: 'timeout' } }]);
    const reason: unknown = bench.runs.find(({ job }) => job.subject === 'slow')?.signal.reason;
    expect(reason).toMatchObject({ code: 'timeout' });
    expect(await bench.statusOf('slower')).toBe('running');
    expect(await bench.effects()).toEqual([]);
  },

  'a queued job that is cancelled never runs': async (bench) => {
    const engine = bench.engine();
    await bench.enqueue(engine, 'a');
    expect(await bench.cancel(engine, 'a')).toBe(true);
    expect(await bench.cancel(engine, 'a')).toBe(false);
    await engine.start();
    await bench.clock.advance(SWEEP_MS);
    expect(await bench.statusOf('a')).toBe('cancelled');
    expect(bench.runs).toHaveLength(0);
    expect(bench.failures).toEqual([]);
  },

  'a running job that is cancelled aborts and completes nothing': async (bench) => {
    const outcome = completeAfterAbort(bench);
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilRuns(1);
    expect(await bench.cancel(engine, 'a')).toBe(true);
    expect(await outcome).toBeInstanceOf(LeaseLostError);
    expect(bench.runs[0]?.signal.reason).toMatchObject({ code: 'cancelled' });
    expect(await bench.statusOf('a')).toBe('cancelled');
    expect(await bench.effects()).toEqual([]);
    expect(bench.failures).toEqual([]);
  },

  'a cancel that another process committed aborts the run at its next heartbeat': async (bench) => {
    const outcome = completeAfterAbort(bench);
    const engine = await bench.started();
    const elsewhere = bench.engine();
    await bench.enqueue(engine, 'a');
    await bench.untilRuns(1);
    expect(await bench.cancel(elsewhere, 'a')).toBe(true);
    await bench.clock.advance(2 * SWEEP_MS);
    expect(await outcome).toBeInstanceOf(LeaseLostError);
    expect(await bench.effects()).toEqual([]);
  },

  'a cancel that is rolled back leaves the run alone': async (bench) => {
    const proceed = gate();
    bench.handle = async (run) => {
      await proceed.opened;
      await run.complete((tx) => writeEffect(tx, run));
    };
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilRuns(1);
    const broken = bench.test.run(async (tx) => {
      await engine.cancel(tx, 'work', 'a');
      throw new Error('changed my mind');
    });
    await expect(broken).rejects.toThrow('changed my mind');
    proceed.open();
    await bench.untilStatus('a', 'completed');
    expect(bench.runs[0]?.signal.aborted).toBe(false);
  },
};
