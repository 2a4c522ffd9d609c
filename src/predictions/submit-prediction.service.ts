import { Injectable } from '@nestjs/common';
import { TransactionRunner, type Transaction } from '#libs/database';
import { JobEngine } from '#libs/jobs';
import { AppConfig } from '#libs/config';
import { isAdministrator } from '#libs/http';
import { AppError, newUuid, type Actor, Clock } from '#libs/kernel';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { CompleteRequest, type CompletedRequest } from './complete-request.service.js';
import type { PredictionEntity } from './prediction.entity.js';
import { type NewPrediction, PredictionRepository, type PredictionOwner } from './prediction.repository.js';
import { type AskedRequest, PREDICTION_JOB } from './prediction.types.js';

/**
 * The door that a question came in by; the original's clients rely on their differences.
 * `schedule` is the service's own. Administrators may not ask by `predict` and `predictions`; only `predict` heeds `skip_background_tasks`.
 */
export type Entrance = 'predict' | 'predictions' | 'secure' | 'legacy' | 'schedule';

/** Bars of sources that have any, where a caller names none: what the original takes at each door. */
const INTERVALS_OF: Readonly<Record<Entrance, string>> = {
  predict: '1d',
  predictions: '1d',
  secure: '1d',
  legacy: 'H1',
  schedule: '1h',
};

export interface SubmitCommand {
  readonly entrance: Entrance;
  readonly request: AskedRequest;
  /** Null for an anonymous caller. */
  readonly caller: Actor | null;
  /** The caller's address; the in-flight limit of anonymous callers is counted by it. */
  readonly address: string;
  /** Chosen by legacy callers; a new UUID when absent. */
  readonly taskId?: string | undefined;
}

/** Takes a question: the limit is counted, the row inserted and the job enqueued in one transaction. */
@Injectable()
export class SubmitPrediction {
  constructor(
    private readonly predictions: PredictionRepository,
    private readonly transactions: TransactionRunner,
    private readonly requests: CompleteRequest,
    private readonly jobs: JobEngine,
    private readonly settings: RuntimeSettings,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /**
   * @throws AppError `forbidden` for an administrator at the wrong door, `unavailable` while predictions are switched
   * off, `invalid` for a request that no loaded plugin can serve, `too_many` at the in-flight limit, `conflict` for a
   * task id that exists.
   */
  async submit(command: SubmitCommand): Promise<PredictionEntity> {
    refuseAdministrators(command);
    this.#refuseWhileSwitchedOff();
    const completed = await this.requests.complete(command.request, INTERVALS_OF[command.entrance]);
    return this.transactions.run(async (tx) => {
      await this.#refuseBeyondLimit(tx, command);
      await this.#refuseUsedTaskId(tx, command.taskId);
      const row = this.#newRow(command, completed);
      return this.#startsWork(command.entrance) ? this.#addWithJob(tx, row) : this.predictions.add(tx, row);
    });
  }

  /** Where this process has a place for it, it is claimed from the beginning; the answer tells its first step in any case. */
  async #addWithJob(tx: Transaction, row: NewPrediction): Promise<PredictionEntity> {
    const start = this.jobs.startHere(tx, PREDICTION_JOB);
    if (start === null) {
      const waiting = await this.predictions.add(tx, row);
      await this.jobs.enqueue(tx, { kind: PREDICTION_JOB, subject: String(waiting.id) });
      return waiting;
    }
    const begun = { ...row, status: 'processing' as const, startedAt: row.createdAt };
    const claimed = await this.predictions.add(tx, begun, row.status, begun.status);
    start.input = claimed;
    await this.jobs.enqueue(tx, { kind: PREDICTION_JOB, subject: String(claimed.id), start });
    return { ...claimed, status: row.status, startedAt: null };
  }

  #refuseWhileSwitchedOff(): void {
    if (this.config.pipeline_enabled) return;
    throw new AppError('unavailable', 'Predictions are switched off on this server', {
      code: 'pipeline_disabled',
    });
  }

  #startsWork(entrance: Entrance): boolean {
    return !(entrance === 'predict' && this.config.skip_background_tasks);
  }

  async #refuseBeyondLimit(tx: Transaction, { caller, address }: SubmitCommand): Promise<void> {
    const owner: PredictionOwner = caller === null ? { address } : { userId: caller.userId };
    const limit = this.settings.get('max_concurrent_predictions');
    const inFlight = await this.predictions.countInFlight(tx, owner);
    if (inFlight < limit) return;
    throw new AppError(
      'too_many',
      `Too many predictions in flight: ${inFlight} of ${limit}; wait for one to finish`,
      {
        code: 'in_flight_limit',
        original: 'Too many concurrent predictions. Please wait for some to complete.',
        headers: { 'Retry-After': '1' },
      },
    );
  }

  async #refuseUsedTaskId(tx: Transaction, taskId: string | undefined): Promise<void> {
    if (taskId !== undefined && !(await this.predictions.claimTaskId(tx, taskId))) {
      throw new AppError('conflict', 'A prediction with this prediction_id exists already', {
        code: 'task_id_used',
      });
    }
  }

  #newRow({ caller, address, taskId }: SubmitCommand, { request, predictor, interval }: CompletedRequest) {
    const now = new Date(this.clock.now());
    const symbol = request.symbol ?? request.ticker ?? '';
    return {
      taskId: taskId ?? newUuid(),
      userId: caller?.userId ?? null,
      clientAddress: caller === null ? address : null,
      timestamp: now,
      createdAt: now,
      status: 'pending' as const,
      symbol,
      ticker: request.ticker ?? symbol,
      interval,
      predictorPlugin: predictor,
      feederPlugin: request.feeder_plugin,
      pipelinePlugin: request.pipeline_plugin,
      predictionType: request.prediction_type,
      result: { request },
    };
  }
}

function refuseAdministrators({ entrance, caller }: SubmitCommand): void {
  if ((entrance === 'predict' || entrance === 'predictions') && isAdministrator(caller)) {
    throw new AppError('forbidden', 'Admin users cannot create predictions', {
      code: 'administrators_do_not_predict',
    });
  }
}
