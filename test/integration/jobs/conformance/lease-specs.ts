import { LeaseLostError } from '#libs/jobs';
import { expect } from '@jest/globals';
import { eventually, gate } from '#libs/testing';
import { HEARTBEAT_MS, type JobBench, type JobSpec, LEASE_MS, MAX_ATTEMPTS, SWEEP_MS } from './bench.js';
import { writeEffect } from './effects.js';

/** A handler that waits for `proceed` on its first run and works at once on later ones. */
function holdFirst(
  bench: JobBench,
  finish: JobBench['handle'] = writeEffectAtEnd,
): { proceed: () => void; first: Promise<unknown> } {
  const proceed = gate();
  const settled = gate();
  let outcome: unknown = 'completed';
  bench.handle = async (run) => {
    if (bench.runs[0] !== run) return writeEffectAtEnd(run);
    await proceed.opened;
    try {
      await finish(run);
    } catch (error) {
      outcome = error;
      throw error;
    } finally {
      settled.open();
    }
  };
  return { proceed: proceed.open, first: settled.opened.then(() => outcome) };
}

const writeEffectAtEnd: JobBench['handle'] = (run) => run.complete((tx) => writeEffect(tx, run));

/** Leases: who may write. */
export const leaseSpecs: Readonly<Record<string, JobSpec>> = {
  'a lease that ran out lets another runner take the job; the stale one completes nothing': async (bench) => {
    const { proceed, first } = holdFirst(bench);
    // a suspended process: its clock stands still, so that it sends no heartbeat
    const suspended = await bench.suspended();
    await bench.enqueue(suspended, 'a');
    await bench.untilRuns(1);
    const other = await bench.started();
    await bench.clock.advance(LEASE_MS - SWEEP_MS);
    expect(bench.runs).toHaveLength(1);
    await bench.clock.advance(2 * SWEEP_MS);
    await bench.untilStatus('a', 'completed');
    proceed();
    expect(await first).toBeInstanceOf(LeaseLostError);
    expect(await bench.effects()).toEqual(['a']);
    expect(bench.runs.map(({ job }) => [job.attempt, job.leaseEpoch])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(bench.runs[0]?.signal.reason).toBeInstanceOf(LeaseLostError);
    expect(bench.failures).toEqual([]);
    await other.stop(0);
  },

  'a stale run completes nothing while the new one is still at work': async (bench) => {
    const second = gate();
    const settled = gate();
    let stale: unknown = 'completed';
    const first = gate();
    bench.handle = async (run) => {
      const mine = run === bench.runs[0];
      await (mine ? first : second).opened;
      const outcome = await run.complete((tx) => writeEffect(tx, run)).catch((error: unknown) => error);
      if (!mine) return;
      stale = outcome;
      settled.open();
    };
    const suspended = await bench.suspended();
    await bench.enqueue(suspended, 'a');
    await bench.untilRuns(1);
    await bench.started();
    await bench.clock.advance(LEASE_MS + SWEEP_MS);
    await bench.untilRuns(2);
    first.open();
    await settled.opened;
    expect(stale).toBeInstanceOf(LeaseLostError);
    expect(await bench.statusOf('a')).toBe('running');
    expect(await bench.effects()).toEqual([]);
    second.open();
    await bench.untilStatus('a', 'completed');
    expect(await bench.effects()).toEqual(['a']);
  },

  'a stale checkpoint leaves nothing either': async (bench) => {
    const { proceed, first } = holdFirst(bench, (run) => run.checkpoint((tx) => writeEffect(tx, run)));
    const suspended = await bench.suspended();
    await bench.enqueue(suspended, 'a');
    await bench.untilRuns(1);
    await bench.started();
    await bench.clock.advance(LEASE_MS + SWEEP_MS);
    await bench.untilStatus('a', 'completed');
    proceed();
    expect(await first).toBeInstanceOf(LeaseLostError);
    expect(await bench.effects()).toEqual(['a']);
  },

  'a runner that only slept keeps its job when nobody took it': async (bench) => {
    const { proceed, first } = holdFirst(bench);
    const engine = await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilRuns(1);
    bench.clock.jump(5 * LEASE_MS);
    await bench.clock.advance(2 * HEARTBEAT_MS);
    proceed();
    expect(await first).toBe('completed');
    expect(bench.runs).toHaveLength(1);
    expect(await bench.effects()).toEqual(['a']);
  },

  'heartbeats keep the lease as long as the run takes': async (bench) => {
    const { proceed, first } = holdFirst(bench);
    const engine = await bench.started();
    await bench.started();
    await bench.enqueue(engine, 'a');
    await bench.untilRuns(1);
    for (let beat = 0; beat < 12; beat += 1) {
      await bench.clock.advance(HEARTBEAT_MS);
      await untilLeaseUntil(bench, bench.clock.now() + LEASE_MS);
    }
    proceed();
    expect(await first).toBe('completed');
    expect(bench.runs).toHaveLength(1);
    expect(await bench.effects()).toEqual(['a']);
  },

  'a start recovers what a dead process left behind': async (bench) => {
    const { first } = holdFirst(bench);
    void first;
    const dead = await bench.suspended();
    await bench.enqueue(dead, 'a');
    await bench.untilRuns(1);
    bench.clock.jump(LEASE_MS);
    await bench.started();
    await bench.untilStatus('a', 'completed');
    expect(bench.runs.map(({ job }) => job.attempt)).toEqual([1, 2]);
  },

  'a job whose runners keep dying ends as failed, told once': async (bench) => {
    bench.handle = () => new Promise(() => undefined);
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const dead = await bench.suspended();
      if (attempt === 1) await bench.enqueue(dead, 'a');
      await bench.untilRuns(attempt);
      bench.clock.jump(LEASE_MS + 1);
    }
    await Promise.all([bench.started(), bench.started()]);
    await bench.untilStatus('a', 'failed');
    await bench.clock.advance(2 * SWEEP_MS);
    expect(bench.failures).toMatchObject([
      { job: { subject: 'a', attempt: MAX_ATTEMPTS }, failure: { code: 'attempts_exhausted' } },
    ]);
    expect(bench.runs).toHaveLength(MAX_ATTEMPTS);
  },

  'a domain that refuses one claim stops no other job': async (bench) => {
    bench.onClaim = async (_tx, job) => {
      if (job.subject === 'b') throw new Error('no such thing');
    };
    const engine = bench.engine();
    for (const subject of ['a', 'b', 'c']) await bench.enqueue(engine, subject);
    await engine.start();
    await bench.untilStatus('a', 'completed');
    await bench.untilStatus('c', 'completed');
    await bench.untilStatus('b', 'failed');
    expect(bench.failures).toMatchObject([{ failure: { code: 'attempts_exhausted' } }]);
    expect(bench.runs.map(({ job }) => job.subject).sort()).toEqual(['a', 'c']);
  },
};

async function untilLeaseUntil(bench: JobBench, untilMs: number): Promise<void> {
  const wanted = new Date(untilMs).toISOString();
  await eventually(`the lease ends at ${wanted}`, async () => {
    const [row] = await bench.test.query<{ lease_expires_at: string }>('SELECT lease_expires_at FROM jobs');
    return row?.lease_expires_at === wanted;
  });
}
