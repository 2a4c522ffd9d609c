import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { type Transaction, TransactionRunner } from '#libs/database';
import {
  type Job,
  type JobDefinition,
  JobEngine,
  type JobFailure,
  type JobRun,
  PeriodicService,
} from '#libs/jobs';
import { AppError, Clock, MINUTE_MS } from '#libs/kernel';
import { KeepScores } from './keep-scores.service.js';
import { OutcomesRepository } from './outcomes.repository.js';
import { ResolveOutcomes } from './resolve-outcomes.service.js';
import { TakeBaselines } from './take-baselines.service.js';

/** What is due, all of it: at most one such job is open, whoever asks for it. */
const RESOLUTION = { kind: 'outcomes', subject: 'due' } as const;
/** Last closed bars that were not known with their forecasts: a job of its own, as what is due may take its time. */
const BASELINES = { kind: RESOLUTION.kind, subject: 'baselines' } as const;
/** Longest time until they are looked for. */
const BASELINES_MS = MINUTE_MS;
/** Batches of a job; what is left is the next one's, so that a place of the engine is free for others in between. */
const BATCHES = 5;
/** Longest job: sources may answer late, and what was written stays. */
const LIMIT_MS = 10 * MINUTE_MS;

/** Resolves what is due as a job: one process at a time, every write under the fence of its lease. */
@Injectable()
export class ResolutionJob implements JobDefinition, OnModuleInit {
  readonly kind = RESOLUTION.kind;
  readonly #logger = new Logger(ResolutionJob.name);

  constructor(
    private readonly outcomes: ResolveOutcomes,
    private readonly baselines: TakeBaselines,
    private readonly scores: KeepScores,
    private readonly jobs: JobEngine,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.register(this);
  }

  readonly timeLimitMs = (): number => LIMIT_MS;
  readonly claimed = (): Promise<void> => Promise.resolve();

  readonly run = async (run: JobRun): Promise<void> => {
    const { signal } = run;
    if (run.job.subject === BASELINES.subject) {
      await this.baselines.take((work) => fenced(run, work), signal);
      signal.throwIfAborted();
      return run.complete(() => Promise.resolve());
    }
    const { resolved, unresolvable, revised, isMore } = await this.outcomes.resolve({
      signal,
      write: (work) => fenced(run, work),
      batches: BATCHES,
    });
    signal.throwIfAborted();
    await this.scores.refresh(this.clock.now());
    await run.complete(async (tx) => {
      if (isMore) await this.jobs.enqueue(tx, RESOLUTION);
    });
    if (resolved + unresolvable > 0)
      this.#logger.log(`resolved ${resolved} targets of forecasts; ${unresolvable} cannot be`);
    if (revised > 0)
      this.#logger.warn(`the source of ${revised} outcomes says something else now; their second row has it`);
  };

  readonly failed = (_tx: Transaction, _job: Job, { code, message }: JobFailure): Promise<void> => {
    this.#logger.error(`forecasts were not resolved: ${code}: ${message}; the next turn tries again`);
    return Promise.resolve();
  };
}

async function fenced<T>(run: JobRun, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const results: T[] = [];
  await run.checkpoint(async (tx) => {
    results.splice(0, 1, await work(tx));
  });
  return results[0] as T;
}

/** Adds the job every `outcome_seconds`, when there is something to do and no such job is open. */
@Injectable()
export class ResolutionSchedule extends PeriodicService {
  constructor(
    private readonly outcomes: OutcomesRepository,
    private readonly scores: KeepScores,
    private readonly jobs: JobEngine,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    super(clock, { everyMs: config.outcome_seconds * 1_000 });
  }

  protected async turn(): Promise<void> {
    const now = this.clock.now();
    const [due] = await this.outcomes.due(new Date(now), 1);
    if (due !== undefined || (await this.scores.isStale(now)))
      await enqueueOnce(this.transactions, this.jobs, RESOLUTION);
  }
}

/** Adds the job that takes last closed bars, within a minute of the forecasts that have none. */
@Injectable()
export class BaselineSchedule extends PeriodicService {
  constructor(
    private readonly outcomes: OutcomesRepository,
    private readonly jobs: JobEngine,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    super(clock, { everyMs: Math.min(BASELINES_MS, config.outcome_seconds * 1_000) });
  }

  protected async turn(): Promise<void> {
    const [wanting] = await this.outcomes.withoutBaseline(new Date(this.clock.now()), 1);
    if (wanting !== undefined) await enqueueOnce(this.transactions, this.jobs, BASELINES);
  }
}

/** Adds a job, unless one of the same subject is open. */
async function enqueueOnce(
  transactions: TransactionRunner,
  jobs: JobEngine,
  job: Pick<Job, 'kind' | 'subject'>,
): Promise<void> {
  try {
    await transactions.run((tx) => jobs.enqueue(tx, job));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'job_open') throw error;
  }
}
