import {
  type Database,
  type DatabaseScope,
  placeholders,
  runSql,
  type Transaction,
  writeSql,
} from '#libs/database';
import type { Job, JobStatus } from '../job-engine.js';

/** A row as a statement returns it; PostgreSQL sends 64-bit integers as text. */
interface ClaimRow {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly attempts: number;
  readonly max_attempts: number;
  readonly lease_epoch: number | string;
  readonly time_limit_ms: number | string | null;
  readonly run_at: string;
  readonly created_at: string;
  readonly traceparent: string | null;
}

interface ExpiredRow extends ClaimRow {
  readonly lease_holder: string;
}

/** A claimed job with what the engine alone needs to know about it. */
export interface ClaimedJob {
  readonly job: Job;
  readonly maxAttempts: number;
  /** The job's own limit; null means its definition's. */
  readonly timeLimitMs: number | null;
  /** Epoch ms from which on it could have been claimed. */
  readonly dueAtMs: number;
  /** See `JobStart.input`. */
  readonly input?: unknown;
}

/** A running job whose lease is over. */
export interface ExpiredJob extends ClaimedJob {
  readonly holder: string;
}

const CLAIM_COLUMNS =
  'id, kind, subject, attempts, max_attempts, lease_epoch, time_limit_ms, run_at, created_at, traceparent';
/** Its values: holder, end of the lease, now. */
const TO_HOLDER = `status = 'running', lease_holder = ?, lease_expires_at = ?, lease_epoch = lease_epoch + 1,
  attempts = attempts + 1, updated_at = ?`;
/** A lost lease and a finished job hold nothing. */
const WITHOUT_LEASE = 'lease_holder = NULL, lease_expires_at = NULL';
/** The fence: only the run that holds the newest claim may write. */
const FENCE = `id = ? AND lease_epoch = ? AND status = 'running'`;
/** Rows that one sweep recovers or removes at most, so that it never holds the writer for long. */
const SWEEP_BATCH = 500;

const iso = (epochMs: number): string => new Date(epochMs).toISOString();

/** The statements on the table `jobs`; the same on both databases but for how rows are locked while claiming. */
export class JobRepository {
  constructor(private readonly database: Database) {}

  /**
   * Adds a job, queued or with its first claim.
   * @param lease null for a queued one
   * @param isOpen the error when an open job for this kind and subject exists
   */
  insert(
    tx: Transaction,
    { job, maxAttempts, timeLimitMs, dueAtMs }: ClaimedJob,
    lease: { readonly holder: string; readonly untilMs: number } | null,
    isOpen: () => Error,
  ): void {
    const { id, kind, subject, status, leaseEpoch, attempt } = job;
    const [now, until] = [job.createdAt.toISOString(), lease === null ? null : iso(lease.untilMs)];
    const claim = [lease?.holder ?? null, until, leaseEpoch, attempt];
    writeSql(
      tx,
      `INSERT INTO jobs (id, kind, subject, status, run_at, lease_holder, lease_expires_at, lease_epoch, attempts,
         max_attempts, time_limit_ms, traceparent, created_at, updated_at)
       VALUES (${placeholders(14)}) ON CONFLICT DO NOTHING RETURNING id`,
      [
        id,
        kind,
        subject,
        status,
        iso(dueAtMs),
        ...claim,
        maxAttempts,
        timeLimitMs,
        job.traceparent,
        now,
        now,
      ],
      isOpen,
    );
  }

  /**
   * Claims up to `limit` due jobs in one statement, oldest first.
   * PostgreSQL: SKIP LOCKED keeps claimers apart, and the ARRAY makes the inner SELECT run once; as a plain IN it may
   * be planned as a loop that locks more than `limit` rows.
   */
  async claim(
    tx: Transaction,
    claim: { kinds: readonly string[]; limit: number; holder: string; nowMs: number; leaseMs: number },
  ): Promise<ClaimedJob[]> {
    const due = `SELECT id FROM jobs WHERE finished_at IS NULL AND status = 'queued' AND run_at <= ?
      AND kind IN (${placeholders(claim.kinds.length)}) ORDER BY run_at LIMIT ?`;
    const chosen =
      this.database.kind === 'postgres' ? `= ANY(ARRAY(${due} FOR UPDATE SKIP LOCKED))` : `IN (${due})`;
    const now = iso(claim.nowMs);
    const rows = await runSql<ClaimRow>(
      tx,
      `UPDATE jobs SET ${TO_HOLDER} WHERE id ${chosen} RETURNING ${CLAIM_COLUMNS}`,
      [claim.holder, iso(claim.nowMs + claim.leaseMs), now, now, ...claim.kinds, claim.limit],
    );
    return rows.sort((a, b) => (a.run_at < b.run_at ? -1 : 1)).map(claimedJob);
  }

  /** Claims this one job if it waits; none when another has it or it has ended. */
  async claimOne(
    tx: Transaction,
    id: string,
    { holder, nowMs, leaseMs }: { holder: string; nowMs: number; leaseMs: number },
  ): Promise<ClaimedJob[]> {
    const rows = await runSql<ClaimRow>(
      tx,
      `UPDATE jobs SET ${TO_HOLDER} WHERE id = ? AND status = 'queued' RETURNING ${CLAIM_COLUMNS}`,
      [holder, iso(nowMs + leaseMs), iso(nowMs), id],
    );
    return rows.map(claimedJob);
  }

  /** Extends the leases that are still held; returns the epoch of each by job id. */
  async heartbeat(
    tx: Transaction,
    holder: string,
    ids: readonly string[],
    untilMs: number,
  ): Promise<ReadonlyMap<string, number>> {
    const rows = await runSql<{ id: string; lease_epoch: number | string }>(
      tx,
      `UPDATE jobs SET lease_expires_at = ?
       WHERE lease_holder = ? AND status = 'running' AND id IN (${placeholders(ids.length)})
       RETURNING id, lease_epoch`,
      [iso(untilMs), holder, ...ids],
    );
    return new Map(rows.map((row) => [row.id, Number(row.lease_epoch)]));
  }

  /** Locks the row of a run whose lease is really over; false when its holder was faster. */
  async touchExpired(tx: Transaction, job: Job, nowMs: number): Promise<boolean> {
    const rows = await runSql(
      tx,
      `UPDATE jobs SET updated_at = ? WHERE ${FENCE} AND lease_expires_at <= ? RETURNING id`,
      [iso(nowMs), job.id, job.leaseEpoch, iso(nowMs)],
    );
    return rows.length === 1;
  }

  /** Locks the row of a run that still holds its lease; false when it was lost. */
  async touch(tx: Transaction, job: Job, nowMs: number): Promise<boolean> {
    return this.#fenced(tx, job, 'updated_at = ?', [iso(nowMs)]);
  }

  /** Ends a run that still holds its lease; false when it was lost. */
  async finish(
    tx: Transaction,
    job: Job,
    status: Extract<JobStatus, 'completed' | 'failed'>,
    error: string | null,
    nowMs: number,
  ): Promise<boolean> {
    const now = iso(nowMs);
    return this.#fenced(
      tx,
      job,
      `status = ?, last_error = ?, ${WITHOUT_LEASE}, updated_at = ?, finished_at = ?`,
      [status, error, now, now],
    );
  }

  /** Puts a run's job back; false when its lease was lost. `givenBack`: the attempt does not count. */
  async requeue(
    tx: Transaction,
    job: Job,
    next: { runAtMs: number; error: string | null; givenBack: boolean; nowMs: number },
  ): Promise<boolean> {
    return this.#fenced(
      tx,
      job,
      `status = 'queued', run_at = ?, attempts = attempts - ?, last_error = ?, ${WITHOUT_LEASE}, updated_at = ?`,
      [iso(next.runAtMs), next.givenBack ? 1 : 0, next.error, iso(next.nowMs)],
    );
  }

  /** Ends an open job as cancelled; returns its id, or null when there is none. */
  async cancel(tx: Transaction, kind: string, subject: string, nowMs: number): Promise<string | null> {
    const now = iso(nowMs);
    const [row] = await runSql<{ id: string }>(
      tx,
      `UPDATE jobs SET status = 'cancelled', ${WITHOUT_LEASE}, updated_at = ?, finished_at = ?
       WHERE kind = ? AND subject = ? AND finished_at IS NULL RETURNING id`,
      [now, now, kind, subject],
    );
    return row?.id ?? null;
  }

  /** Running jobs whose lease is over, whoever holds them. */
  async expired(kinds: readonly string[], nowMs: number): Promise<ExpiredJob[]> {
    const rows = await runSql<ExpiredRow>(
      this.database.read,
      `SELECT ${CLAIM_COLUMNS}, lease_holder FROM jobs
       WHERE lease_expires_at IS NOT NULL AND lease_expires_at <= ? AND status = 'running'
         AND kind IN (${placeholders(kinds.length)}) ORDER BY lease_expires_at LIMIT ${SWEEP_BATCH}`,
      [iso(nowMs), ...kinds],
    );
    return rows.map((row) => ({ ...claimedJob(row), holder: row.lease_holder }));
  }

  /** Epoch ms at which the next queued job may start; null when none is queued. */
  async nextDue(kinds: readonly string[]): Promise<number | null> {
    const [row] = await runSql<{ due: string | null }>(
      this.database.read,
      `SELECT min(run_at) AS due FROM jobs WHERE finished_at IS NULL AND status = 'queued'
         AND kind IN (${placeholders(kinds.length)})`,
      kinds,
    );
    return row?.due ? Date.parse(row.due) : null;
  }

  /** Whether {@link purge} would find anything. */
  async hasFinishedBefore(beforeMs: number): Promise<boolean> {
    return (await this.#finishedBefore(this.database.read, beforeMs, 1)).length > 0;
  }

  /** Removes jobs that ended before the moment, a batch at a time. */
  async purge(tx: Transaction, beforeMs: number): Promise<void> {
    const rows = await this.#finishedBefore(tx, beforeMs, SWEEP_BATCH);
    if (rows.length === 0) return;
    await runSql(
      tx,
      `DELETE FROM jobs WHERE id IN (${placeholders(rows.length)})`,
      rows.map((row) => row.id),
    );
  }

  #finishedBefore(scope: DatabaseScope, beforeMs: number, limit: number): Promise<{ id: string }[]> {
    return runSql<{ id: string }>(
      scope,
      'SELECT id FROM jobs WHERE finished_at IS NOT NULL AND finished_at < ? LIMIT ?',
      [iso(beforeMs), limit],
    );
  }

  async #fenced(
    tx: Transaction,
    job: Job,
    changes: string,
    values: readonly (string | number | null)[],
  ): Promise<boolean> {
    const rows = await runSql(tx, `UPDATE jobs SET ${changes} WHERE ${FENCE} RETURNING id`, [
      ...values,
      job.id,
      job.leaseEpoch,
    ]);
    return rows.length === 1;
  }
}

function claimedJob(row: ClaimRow): ClaimedJob {
  const job: Job = {
    id: row.id,
    kind: row.kind,
    subject: row.subject,
    status: 'running',
    attempt: row.attempts,
    leaseEpoch: Number(row.lease_epoch),
    createdAt: new Date(row.created_at),
    traceparent: row.traceparent,
  };
  return {
    job,
    maxAttempts: row.max_attempts,
    timeLimitMs: row.time_limit_ms === null ? null : Number(row.time_limit_ms),
    dueAtMs: Date.parse(row.run_at),
  };
}
