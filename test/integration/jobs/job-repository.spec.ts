import { afterEach, expect, it } from '@jest/globals';
import { JobRepository } from '../../../libs/jobs/src/engines/job.repository.js';
import { describeOnDatabases } from '../../harness/databases.js';

const NOW = Date.UTC(2026, 0, 5);
const LEASE_MS = 30_000;

const newJob = (subject: string, dueAtMs: number, kind: string) => ({
  job: {
    id: `id-${subject}`,
    kind,
    subject,
    status: 'queued' as const,
    attempt: 0,
    leaseEpoch: 0,
    createdAt: new Date(NOW),
    traceparent: null,
  },
  maxAttempts: 3,
  timeLimitMs: null,
  dueAtMs,
});

describeOnDatabases('the rows of jobs', (test) => {
  const rows = () => new JobRepository(test().database);
  const claim = (limit: number, kinds = ['work']) =>
    test().run((tx) => rows().claim(tx, { kinds, limit, holder: 'me', nowMs: NOW, leaseMs: LEASE_MS }));
  const insert = (subject: string, runAt = NOW, kind = 'work') =>
    test().run(async (tx) =>
      rows().insert(tx, newJob(subject, runAt, kind), null, () => new Error('it is open')),
    );
  afterEach(() =>
    test().run(async (tx) => {
      await tx.manager.query('DELETE FROM jobs');
    }),
  );

  it('are not taken from a holder whose heartbeat came between the look and the grab', async () => {
    await insert('a');
    const [claimed] = await claim(1);
    const job = claimed?.job;
    if (job === undefined) throw new Error('nothing was claimed');
    const over = NOW + LEASE_MS;
    expect(await rows().expired(['work'], over)).toHaveLength(1);
    const held = await test().run((tx) => rows().heartbeat(tx, 'me', [job.id], over + LEASE_MS));
    expect(held).toEqual(new Map([[job.id, 1]]));
    expect(await test().run((tx) => rows().touchExpired(tx, job, over))).toBe(false);
    expect(await test().run((tx) => rows().touchExpired(tx, job, over + LEASE_MS))).toBe(true);
  });

  it('are claimed by kind, oldest first, never more than asked for and none before its time', async () => {
    await insert('late', NOW + 1);
    await insert('second', NOW - 1);
    await insert('first', NOW - 2);
    await insert('third', NOW);
    await insert('other', NOW - 9, 'other');
    expect((await claim(2)).map(({ job }) => job.subject)).toEqual(['first', 'second']);
    expect((await claim(9)).map(({ job }) => job.subject)).toEqual(['third']);
    expect(await claim(9)).toEqual([]);
    expect(await rows().nextDue(['work'])).toBe(NOW + 1);
    expect(await rows().nextDue(['nothing'])).toBeNull();
  });

  it('are found by their indexes, however many have ended', async () => {
    if (test().kind === 'postgres') return; // its planner prefers a scan while the table is small
    const plan = await test().query<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE finished_at IS NULL AND status = 'queued' AND run_at <= 'x'
       AND kind IN ('work') ORDER BY run_at LIMIT 1`,
    );
    expect(plan.map(({ detail }) => detail).join()).toMatch(/USING INDEX ix_jobs_claim/);
    const expired = await test().query<{ detail: string }>(
      `EXPLAIN QUERY PLAN SELECT id FROM jobs WHERE lease_expires_at IS NOT NULL AND lease_expires_at <= 'x'`,
    );
    expect(expired.map(({ detail }) => detail).join()).toMatch(/ix_jobs_lease/);
  });
});
