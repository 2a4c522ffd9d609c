import { Injectable } from '@nestjs/common';
import { AfterCommit, SuccessOut } from '#libs/http';
import { type Actor, Clock, microsOf } from '#libs/kernel';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import {
  type AssignedFilter,
  ClaimedWork,
  EvaluatorQueue,
  type PendingFilter,
} from '../marketplace/evaluator-queue.port.js';
import type { JobProgress } from '../marketplace/marketplace.port.js';
import type { ClaimOut, ClaimRequest } from './claim.dto.js';
import {
  presentAssigned,
  presentClaim,
  presentCompleted,
  presentHeartbeat,
  presentPending,
} from './evaluator.view.js';
import type {
  AssignedOut,
  AssignedQuery,
  ProgressOut,
  ProgressRequest,
  ReleaseRequest,
  SubmitOut,
  SubmitRequest,
} from './lease.dto.js';
import type { PendingOut, PendingQuery } from './pending.dto.js';
import { ProcessingDetails } from './processing-details.service.js';

/** The marketplace's queue as evaluators over HTTP know it. Errors are the queue's own. */
@Injectable()
export class EvaluateRequests {
  constructor(
    private readonly queue: EvaluatorQueue,
    private readonly work: ClaimedWork,
    private readonly settings: RuntimeSettings,
    private readonly clock: Clock,
    private readonly details: ProcessingDetails,
  ) {}

  async pending(caller: Actor, query: PendingQuery): Promise<PendingOut> {
    const { sort, order, limit, offset } = query;
    const list = await this.queue.pending(caller, filterOf(query), { sort, order, limit, offset });
    return presentPending(list, this.settings.get('prediction_timeout'));
  }

  /** The plugins are asked when the claim is committed: that may take seconds, and no other write should wait for it. */
  async claim(caller: Actor, jobId: string, request: ClaimRequest): Promise<AfterCommit<ClaimOut>> {
    const claim = await this.queue.claim(caller, {
      jobId,
      estimatedCompletion: request.estimated_completion ?? null,
      processingNodeInfo: request.processing_node_info ?? null,
    });
    return new AfterCommit(presentClaim(claim, this.details.inShort(claim.job)), async () =>
      presentClaim(claim, await this.details.of(claim.job)),
    );
  }

  async submit(caller: Actor, jobId: string, answer: SubmitRequest): Promise<SubmitOut> {
    const completed = await this.work.submit(caller, {
      jobId,
      epoch: answer.lease_epoch ?? null,
      result: {
        predictions: answer.predictions,
        uncertainties: answer.uncertainties,
        confidenceIntervals: answer.confidence_intervals,
        modelMetadata: answer.model_metadata,
        processingLog: answer.processing_log ?? null,
        resourceUsage: answer.resource_usage ?? null,
        qualityMetrics: answer.quality_metrics ?? null,
      },
    });
    return presentCompleted(completed);
  }

  async progress(caller: Actor, jobId: string, request: ProgressRequest): Promise<ProgressOut> {
    const lease = { jobId, epoch: request.lease_epoch ?? null };
    const reply = await this.work.heartbeat(caller, lease, progressOf(request));
    return presentHeartbeat(reply, this.clock.now());
  }

  async assigned(caller: Actor, query: AssignedQuery): Promise<AssignedOut> {
    const filter: AssignedFilter = {
      ...(query.status !== undefined && { status: query.status }),
      includeExpired: query.include_expired,
      limit: query.limit,
    };
    return presentAssigned(await this.queue.assigned(caller, filter), filter);
  }

  async release(caller: Actor, jobId: string, request: ReleaseRequest): Promise<SuccessOut> {
    await this.work.release(caller, {
      jobId,
      epoch: request.lease_epoch ?? null,
      reason: request.reason,
      details: request.details ?? null,
    });
    return { success: true, message: 'Request released back to the queue' };
  }
}

const filterOf = (query: PendingQuery): PendingFilter => ({
  ...(query.prediction_type !== undefined && { predictionType: query.prediction_type }),
  ...(query.symbol !== undefined && { symbol: query.symbol }),
  ...(query.min_priority !== undefined && { minPriority: query.min_priority }),
  ...(query.max_priority !== undefined && { maxPriority: query.max_priority }),
  ...(query.min_payment !== undefined && { minPayment: microsOf(query.min_payment) }),
  ...(query.max_payment !== undefined && { maxPayment: microsOf(query.max_payment) }),
  ...(query.predictor_plugin !== undefined && { predictorPlugin: query.predictor_plugin }),
});

const progressOf = (request: ProgressRequest): Partial<JobProgress> => ({
  ...(request.progress_percentage !== undefined && { percentage: request.progress_percentage }),
  ...(request.current_step !== undefined && { currentStep: request.current_step }),
  ...(request.estimated_remaining !== undefined && { estimatedRemaining: request.estimated_remaining }),
});
