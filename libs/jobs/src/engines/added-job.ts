import { AppError, currentContext, newUuid } from '#libs/kernel';
import type { NewJob } from '../job-engine.js';
import type { ClaimedJob } from './job.repository.js';

/** A new job, queued, or as its first claim would return it. */
export function addedJob(
  { kind, subject, runAt, timeLimitMs, start }: NewJob,
  { maxAttempts, nowMs, isTraced }: { maxAttempts: number; nowMs: number; isTraced: boolean },
): ClaimedJob {
  const isClaimed = start !== undefined && start !== null;
  const attempt = isClaimed ? 1 : 0;
  const status = isClaimed ? 'running' : 'queued';
  const createdAt = new Date(nowMs);
  const traceparent = isTraced ? (currentContext()?.traceparent ?? null) : null;
  return {
    job: { id: newUuid(), kind, subject, status, attempt, leaseEpoch: attempt, createdAt, traceparent },
    maxAttempts,
    timeLimitMs: timeLimitMs ?? null,
    dueAtMs: runAt ?? nowMs,
    input: start?.input,
  };
}

/** Why a job is not added of which one is open. */
export const isOpen = (): AppError =>
  new AppError('conflict', 'This work is already queued', { code: 'job_open' });
