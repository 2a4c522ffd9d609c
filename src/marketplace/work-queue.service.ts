import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { Clock } from '#libs/kernel';
import { ClaimJob } from './claim-job.service.js';
import type {
  AssignedFilter,
  AssignedJob,
  AssignedList,
  ClaimCommand,
  Evaluator,
  EvaluatorQueue,
  LeaseReference,
  PendingFilter,
  PendingList,
  PendingPage,
  ReleaseCommand,
  SubmitCommand,
} from './evaluator-queue.port.js';
import { actsForAll, evaluatorIdOf } from './job-access.js';
import { JobLists } from './job-lists.repository.js';
import { pendingJobOf, progressOf } from './job.view.js';
import type { JobProgress } from './marketplace.port.js';
import { NoteProgress } from './note-progress.service.js';
import type { PredictionJobEntity } from './prediction-job.entity.js';
import { QueueOutlook } from './queue-outlook.service.js';
import { ReturnJob } from './return-job.service.js';
import { SubmitAnswer } from './submit-answer.service.js';

const SECOND_MS = 1_000;

/** The queue as evaluators see it: what waits, what they hold, and every step of the work. */
@Injectable()
export class WorkQueue implements EvaluatorQueue {
  constructor(
    private readonly lists: JobLists,
    private readonly outlook: QueueOutlook,
    private readonly claims: ClaimJob,
    private readonly answers: SubmitAnswer,
    private readonly returns: ReturnJob,
    private readonly progress: NoteProgress,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  async pending(evaluator: Evaluator, filter: PendingFilter, page: PendingPage): Promise<PendingList> {
    const now = new Date(this.clock.now());
    const claimant = {
      userId: evaluatorIdOf(evaluator),
      seesAll: actsForAll(evaluator),
      releasedAfter: new Date(now.getTime() - this.config.release_cooldown_seconds * SECOND_MS),
    };
    const rows = await this.lists.pending(claimant, filter, page, now);
    const { total, range } = await this.lists.pendingFigures(claimant, filter, now);
    const estimatedQueueMs = await this.outlook.waitMs();
    return { jobs: rows.map(pendingJobOf), total, estimatedQueueMs, paymentRange: range };
  }

  claim(evaluator: Evaluator, command: ClaimCommand) {
    return this.claims.claim(evaluator, command);
  }

  heartbeat(evaluator: Evaluator, lease: LeaseReference, progress: Partial<JobProgress>) {
    return this.progress.note(evaluator, lease, progress);
  }

  submit(evaluator: Evaluator, command: SubmitCommand) {
    return this.answers.submit(evaluator, command);
  }

  release(evaluator: Evaluator, command: ReleaseCommand) {
    return this.returns.release(evaluator, command);
  }

  async assigned(evaluator: Evaluator, filter: AssignedFilter): Promise<AssignedList> {
    const now = new Date(this.clock.now());
    const holder = actsForAll(evaluator) ? null : evaluatorIdOf(evaluator);
    const rows = await this.lists.assigned(holder, filter, now);
    const { processing, overdue } = await this.lists.countAssigned(holder, now);
    return {
      jobs: rows.map((row) => assignedJobOf(row, now.getTime())),
      totalProcessing: processing,
      totalOverdue: overdue,
    };
  }
}

function assignedJobOf(row: PredictionJobEntity, now: number): AssignedJob {
  const { claimedBy, claimedAt, timeoutAt } = row;
  if (claimedBy === null || claimedAt === null || timeoutAt === null)
    throw new Error('invariant broken: a request in work has a claim');
  const isOverdue = timeoutAt.getTime() < now;
  return {
    id: row.id,
    taskId: row.taskId,
    symbol: row.symbol,
    status: isOverdue ? 'overdue' : 'processing',
    evaluatorId: claimedBy,
    epoch: row.leaseEpoch,
    claimedAt,
    timeoutAt,
    progress: progressOf(row),
    currency: row.currency,
    expectedPayment: row.estimatedPaymentMicros,
    remainingMs: Math.max(0, timeoutAt.getTime() - now),
  };
}
