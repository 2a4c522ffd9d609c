import { AppError } from '#libs/kernel';
import type { ClaimedWork, EvaluatorQueue, PendingJob } from '../marketplace/evaluator-queue.port.js';
import type { JobResult } from '../marketplace/marketplace.port.js';
import {
  AnswerRefused,
  AssignmentLost,
  MarketUnavailable,
  type Assignment,
  type Offer,
  type Progress,
  type WorkSource,
} from './work-source.js';

const SERVICE = 'platform';

/** The market of this very process: the service claims its own requests. */
export class QueueWorkSource implements WorkSource {
  constructor(
    private readonly queue: EvaluatorQueue,
    private readonly work: ClaimedWork,
  ) {}

  async offers(limit: number): Promise<readonly Offer[]> {
    const page = { sort: 'priority', order: 'desc', limit } as const;
    const { jobs } = await translated(() => this.queue.pending(SERVICE, {}, page));
    return jobs.map(offerOf);
  }

  async claim(offer: Offer): Promise<Assignment | null> {
    try {
      const { epoch, timeoutAt } = await this.queue.claim(SERVICE, {
        jobId: offer.id,
        estimatedCompletion: null,
        processingNodeInfo: null,
      });
      return { offer, epoch, deadline: timeoutAt.getTime() };
    } catch (error) {
      if (error instanceof AppError && isTaken(error)) return null;
      throw translate(error);
    }
  }

  async report(assignment: Assignment, { percentage, step }: Progress): Promise<void> {
    await translated(() =>
      this.work.heartbeat(SERVICE, leaseOf(assignment), { percentage, currentStep: step }),
    );
  }

  async submit(assignment: Assignment, result: JobResult): Promise<void> {
    await translated(() => this.work.submit(SERVICE, { ...leaseOf(assignment), result }));
  }

  async release(assignment: Assignment, details: string): Promise<void> {
    const command = { ...leaseOf(assignment), reason: 'technical_issue', details } as const;
    await translated(() => this.work.release(SERVICE, command));
  }
}

const leaseOf = ({ offer, epoch }: Assignment) => ({ jobId: offer.id, epoch });

const isTaken = ({ kind, code }: AppError): boolean =>
  kind === 'not_found' || kind === 'gone' || kind === 'forbidden' || code === 'release_cooldown';

async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translate(error);
  }
}

const LOST: ReadonlySet<string> = new Set(['not_found', 'forbidden', 'conflict', 'deadline_passed', 'gone']);

function translate(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  if (LOST.has(error.kind)) return new AssignmentLost(error.detail);
  if (error.kind === 'unavailable' || error.kind === 'too_many') {
    return new MarketUnavailable(error.detail, null, { cause: error });
  }
  return error.kind === 'invalid' ? new AnswerRefused(error.detail) : error;
}

const offerOf = ({ id, request, modelName }: PendingJob): Offer => ({
  id,
  symbol: request.symbol,
  interval: request.interval,
  lookback: request.lookbackTicks,
  horizon: request.predictionHorizon,
  moment: request.datetimeRequested.getTime(),
  predictionType: request.predictionType,
  predictor: request.predictorPlugin,
  feeder: request.feederPlugin,
  pipeline: request.pipelinePlugin,
  modelName,
});
