import { Injectable } from '@nestjs/common';
import { TransactionRunner, type Transaction } from '#libs/database';
import { JobEngine } from '#libs/jobs';
import { AppConfig } from '#libs/config';
import { isAdministrator } from '#libs/http';
import { AppError, newUuid, type Actor, Clock } from '#libs/kernel';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { CompleteRequest, type CompletedRequest } from './complete-request.service.js';
import { PredictAtOnce } from './predict-at-once.service.js';
import type { PredictionEntity } from './prediction.entity.js';
import { type NewPrediction, PredictionRepository, type PredictionOwner } from './prediction.repository.js';
import { type AskedRequest, PREDICTION_JOB } from './prediction.types.js';
import type { BegunPrediction, StartedPrediction } from './run-prediction.service.js';

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
  /** Whether the caller waits for the end. */
  readonly waits?: boolean;
}

/**
 * Takes a question: the limit is counted, the row inserted and the job enqueued in one transaction. Where the caller waits, it is
 * answered first, if that is quick, and stored as it ended.
 */
@Injectable()
export class SubmitPrediction {
  /** Predictions in flight that are not stored yet. */
  readonly #unstored = new Tally();
  /** Predictions in flight whose transaction is not over. */
  readonly #uncommitted = new Tally();

  constructor(
    private readonly predictions: PredictionRepository,
    private readonly transactions: TransactionRunner,
    private readonly requests: CompleteRequest,
    private readonly jobs: JobEngine,
    private readonly atOnce: PredictAtOnce,
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
    const row = this.#newRow(command, completed);
    return (await this.#atOnce(command, row)) ?? this.transactions.run((tx) => this.#store(tx, command, row));
  }

  async #store(tx: Transaction, command: SubmitCommand, row: NewPrediction): Promise<PredictionEntity> {
    await this.#refuseBeyondLimit(tx, command);
    await this.#refuseUsedTaskId(tx, command.taskId);
    const stored = this.#startsWork(command.entrance)
      ? await this.#addWithJob(tx, row)
      : await this.predictions.add(tx, row);
    tx.whenOver(this.#uncommitted.add(ownerKey(command)));
    return stored;
  }

  /** Null for what takes the usual way. One that takes long is stored with its job, which goes on with what was begun. */
  async #atOnce(command: SubmitCommand, row: NewPrediction): Promise<PredictionEntity | null> {
    if (!this.#mayEndAtOnce(command)) return null;
    const key = ownerKey(command);
    const seen = await this.predictions.countSeenInFlight(ownerOf(command));
    // at the limit the transaction counts exactly
    const inFlight = seen + this.#unstored.of(key) + this.#uncommitted.of(key);
    if (inFlight >= this.settings.get('max_concurrent_predictions')) return null;
    const stored = this.#unstored.add(key);
    try {
      const answer = await this.atOnce.complete(row);
      if (answer === null || 'id' in answer) return answer;
      return await this.transactions.run(async (tx) => {
        const entity = await this.#addWithJob(tx, row, answer);
        stored();
        tx.whenOver(this.#uncommitted.add(key));
        return entity;
      });
    } finally {
      stored();
    }
  }

  /** With an `Idempotency-Key`, what is stored and its answer share a transaction, in which nothing is computed. */
  #mayEndAtOnce({ entrance, taskId, waits }: SubmitCommand): boolean {
    return (
      waits === true &&
      this.config.max_wait_seconds > 0 &&
      taskId === undefined &&
      this.#startsWork(entrance) &&
      !this.transactions.isInTransaction &&
      this.jobs.mayRunHere(PREDICTION_JOB, 0)
    );
  }

  /** Where this process has a place for it, it is claimed from the beginning; the answer tells its first step in any case. */
  async #addWithJob(
    tx: Transaction,
    row: NewPrediction,
    begun: BegunPrediction | null = null,
  ): Promise<PredictionEntity> {
    const start = this.jobs.startHere(tx, PREDICTION_JOB);
    if (start === null) {
      begun?.abort(new Error('there is no place for it any more'));
      const waiting = await this.predictions.add(tx, row);
      await this.jobs.enqueue(tx, { kind: PREDICTION_JOB, subject: String(waiting.id) });
      return waiting;
    }
    const startedAt = begun?.row.startedAt ?? row.createdAt;
    const processing = { ...row, status: 'processing' as const, startedAt };
    const prediction = await this.predictions.add(tx, processing, row.status, processing.status);
    start.input = { prediction, begun } satisfies StartedPrediction;
    await this.jobs.enqueue(tx, { kind: PREDICTION_JOB, subject: String(prediction.id), start });
    return { ...prediction, status: row.status, startedAt: null };
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

  async #refuseBeyondLimit(tx: Transaction, command: SubmitCommand): Promise<void> {
    const limit = this.settings.get('max_concurrent_predictions');
    const stored = await this.predictions.countInFlight(tx, ownerOf(command));
    const inFlight = stored + this.#unstored.of(ownerKey(command));
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

const ownerOf = ({ caller, address }: SubmitCommand): PredictionOwner =>
  caller === null ? { address } : { userId: caller.userId };

const ownerKey = ({ caller, address }: SubmitCommand): string =>
  caller === null ? address : String(caller.userId);

/** Counts by name. */
class Tally {
  readonly #counts = new Map<string, number>();

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** Counts one more; what it returns takes it back, once. */
  add(name: string): () => void {
    this.#counts.set(name, this.of(name) + 1);
    let isCounted = true;
    return () => {
      if (!isCounted) return;
      isCounted = false;
      const left = this.of(name) - 1;
      if (left > 0) this.#counts.set(name, left);
      else this.#counts.delete(name);
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
