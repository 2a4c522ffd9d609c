import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { Clock } from '#libs/kernel';
import { Billing } from '../billing/billing.port.js';
import { faultOfAnswer } from './check-answer.js';
import { ClaimHistory } from './claim-history.repository.js';
import type { CompletedJob, Evaluator, SubmitCommand } from './evaluator-queue.port.js';
import { evaluatorIdOf } from './job-access.js';
import { JobViews } from './job-views.service.js';
import { LeaseRules } from './lease-rules.js';
import { PredictionJobRepository } from './prediction-job.repository.js';
import { resultHash } from './result-hash.js';

/** Takes an evaluator's answer and pays for it: both or neither. */
@Injectable()
export class SubmitAnswer {
  constructor(
    private readonly leases: LeaseRules,
    private readonly jobs: PredictionJobRepository,
    private readonly history: ClaimHistory,
    private readonly views: JobViews,
    private readonly transactions: TransactionRunner,
    private readonly billing: Billing,
    private readonly clock: Clock,
  ) {}

  async submit(evaluator: Evaluator, { result, ...lease }: SubmitCommand): Promise<CompletedJob> {
    const evaluatorId = evaluatorIdOf(evaluator);
    return this.transactions.run(async (tx) => {
      const now = new Date(this.clock.now());
      const use = { forAll: false, late: false, now };
      const { row, claimedAt, timeoutAt } = await this.leases.heldRow(tx, evaluatorId, lease, use);
      const fault = faultOfAnswer(result, row.predictionHorizon);
      if (fault !== null) throw fault;
      const processingMs = Math.max(0, now.getTime() - claimedAt.getTime());
      const leaseMs = timeoutAt.getTime() - claimedAt.getTime();
      const jobId = row.id;
      const settled = await this.billing.capture(tx, {
        jobId,
        evaluatorId,
        workedMs: processingMs,
        leaseMs,
      });
      const hash = resultHash(result, { completedAt: now, completedBy: evaluatorId });
      const completed = await this.jobs.change(
        tx,
        row,
        {
          status: 'completed',
          result,
          resultHash: hash,
          processingTimeMs: processingMs,
          completedAt: now,
          actualCostMicros: settled.total,
          bonusMicros: settled.bonus,
        },
        now,
      );
      await this.history.close(tx, row, { outcome: 'completed' }, now);
      await this.views.tell(tx, 'completed', completed, now);
      return {
        jobId,
        resultHash: hash,
        completedAt: now,
        processingMs,
        currency: settled.currency,
        payment: settled.evaluator,
        bonus: settled.bonus,
      };
    });
  }
}
