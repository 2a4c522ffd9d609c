import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { invalidField, Clock } from '#libs/kernel';
import type { Evaluator, HeartbeatReply, LeaseReference } from './evaluator-queue.port.js';
import { evaluatorIdOf } from './job-access.js';
import { LeaseRules } from './lease-rules.js';
import type { JobProgress } from './marketplace.port.js';
import { PredictionJobRepository } from './prediction-job.repository.js';

const LONGEST_STEP = 255;
/** Seconds; no lease is longer than a day. */
const LONGEST_REMAINING = 86_400;

/** Notes how far an evaluator is. The lease stays as long as it was: the client was told its end. */
@Injectable()
export class NoteProgress {
  constructor(
    private readonly leases: LeaseRules,
    private readonly jobs: PredictionJobRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  async note(
    evaluator: Evaluator,
    lease: LeaseReference,
    progress: Partial<JobProgress>,
  ): Promise<HeartbeatReply> {
    refuseOutOfRange(progress);
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const use = { forAll: false, late: false, now };
      const { row, timeoutAt } = await this.leases.heldRow(tx, evaluatorIdOf(evaluator), lease, use);
      const { percentage, currentStep, estimatedRemaining } = progress;
      await this.jobs.change(
        tx,
        row,
        {
          ...(percentage !== undefined && { progressPercentage: percentage }),
          ...(currentStep !== undefined && { currentStep }),
          ...(estimatedRemaining !== undefined && { estimatedRemaining }),
        },
        now,
      );
      return { jobId: row.id, epoch: row.leaseEpoch, timeoutAt };
    });
  }
}

function refuseOutOfRange({ percentage, currentStep, estimatedRemaining }: Partial<JobProgress>): void {
  if (!isWithin(percentage, 100))
    throw invalidField('percentage', 'percentage is a number from 0 to 100', percentage);
  if (!isWithin(estimatedRemaining, LONGEST_REMAINING))
    throw invalidField(
      'estimated_remaining',
      `estimated_remaining is seconds, from 0 to ${LONGEST_REMAINING}`,
      estimatedRemaining,
    );
  if ((currentStep?.length ?? 0) > LONGEST_STEP)
    throw invalidField('current_step', `current_step has at most ${LONGEST_STEP} characters`, currentStep);
}

const isWithin = (value: number | null | undefined, largest: number): boolean =>
  value === null || value === undefined || (value >= 0 && value <= largest);
