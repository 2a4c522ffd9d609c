import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { type Job, type JobDefinition, JobEngine, type JobFailure, type JobRun } from '#libs/jobs';
import { AppError, assertPresent, Clock } from '#libs/kernel';
import {
  type Forecast,
  type ForecastQuestion,
  type ModelServer,
  PluginRegistry,
  runForecast,
} from '#libs/plugin-host';
import type { PredictionOutput } from '#libs/plugin-sdk';
import { Telemetry } from '#libs/telemetry';
import { canonicalInterval, parseTimestamp } from '#libs/timeseries';
import type { IssuedCalibration } from '../outcomes/calibration.port.js';
import { ForecastCalibrations, ForecastPins, TrainingDistances } from '../outcomes/outcomes.port.js';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { CompleteRequest } from './complete-request.service.js';
import type { PredictionEntity } from './prediction.entity.js';
import { type NewPrediction, PredictionRepository } from './prediction.repository.js';
import { asMade, issuedForecast } from './issued-forecast.js';
import { ResultsFile } from './results-file.service.js';
import {
  type Explanation,
  type FinalStatus,
  type PredictionResult,
  type StoredRequest,
  PREDICTION_JOB,
} from './prediction.types.js';

/** What a computation needs to know of a prediction. */
type Question = Omit<NewPrediction, 'startedAt'> & Pick<PredictionEntity, 'startedAt'>;

/** An answer that is not stored yet. */
interface ComputedPrediction {
  readonly status: 'completed' | 'abstained';
  readonly result: PredictionResult;
  readonly answer: Forecast;
  /** Null where nobody asked for it. */
  readonly calibration: IssuedCalibration | null;
}

/** A prediction that is being computed before anything of it is stored. */
export interface BegunPrediction {
  readonly row: Question;
  readonly computed: Promise<ComputedPrediction>;
  readonly abort: (reason: unknown) => void;
}

/** What a submit hands over to the run of its job. */
export interface StartedPrediction {
  readonly prediction: PredictionEntity;
  readonly begun: BegunPrediction | null;
}

/** Computes predictions: claimed → processing → completed or failed, each change under the job's fence. */
@Injectable()
export class RunPrediction implements JobDefinition, OnModuleInit {
  readonly kind = PREDICTION_JOB;

  constructor(
    private readonly predictions: PredictionRepository,
    private readonly plugins: PluginRegistry,
    private readonly requests: CompleteRequest,
    private readonly results: ResultsFile,
    private readonly pins: ForecastPins,
    private readonly calibrations: ForecastCalibrations,
    private readonly distances: TrainingDistances,
    private readonly jobs: JobEngine,
    private readonly settings: RuntimeSettings,
    private readonly clock: Clock,
    private readonly telemetry: Telemetry,
  ) {}

  onModuleInit(): void {
    this.jobs.register(this);
  }

  readonly timeLimitMs = (): number => this.settings.get('prediction_timeout') * 1000;

  readonly claimed = async (tx: Transaction, job: Job): Promise<void> => {
    this.predictions.markProcessing(tx, idOf(job), this.#now());
  };

  readonly run = async (run: JobRun): Promise<void> => {
    const id = idOf(run.job);
    const started = run.input as StartedPrediction | undefined;
    const prediction = started?.prediction ?? (await this.predictions.findById(id));
    if (prediction === null) return run.complete(() => Promise.resolve());
    const begun = started?.begun ?? null;
    const computed = await (
      begun === null ? this.compute(prediction, run.signal, run.job.attempt) : goOnWith(begun, run.signal)
    ).catch((error: unknown) => {
      throw this.#ranOutOfTime(error) ?? error;
    });
    await run.complete(async (tx) => {
      await this.#finish(tx, prediction, computed.status, computed.result);
      this.#keep(tx, prediction, computed);
    });
  };

  /** Adds a prediction that was computed before, as it ended. */
  async addCompleted(
    tx: Transaction,
    row: Question,
    computed: ComputedPrediction,
  ): Promise<PredictionEntity> {
    const prediction = await this.predictions.addEnded(tx, row, computed, this.#now());
    tx.afterCommit(() => this.results.wake());
    this.#keep(tx, prediction, computed);
    return prediction;
  }

  readonly failed = async (tx: Transaction, job: Job, failure: JobFailure): Promise<void> => {
    const prediction = await this.predictions.findById(idOf(job));
    if (prediction === null) return;
    const result = { request: prediction.result.request, error: failure.message, error_code: failure.code };
    await this.#finish(tx, prediction, 'failed', result);
    const labels = { plugin: prediction.predictorPlugin, result: failure.code };
    tx.afterCommit(() => this.telemetry.count('predictions_total', labels));
  };

  /** Computes the answer and stores nothing. */
  async compute(prediction: Question, signal: AbortSignal, attempt: number): Promise<ComputedPrediction> {
    const { request } = prediction.result;
    const served = await this.requests.serverOf(prediction);
    const answer = await runForecast(this.plugins, questionOf(prediction, request, served), {
      signal,
    });
    const made = asMade(prediction, answer);
    const distance = request.abstain === true ? await this.distances.of(made) : null;
    const isStrange = distance !== null && distance.distance > distance.limit;
    const calibration =
      request.calibrate === true && !isStrange ? await this.calibrations.calibrate(made) : null;
    const finishedAt = this.clock.now();
    const result: PredictionResult = {
      request,
      ...(!isStrange && { output: answer.output }),
      explanation: {
        source: answer.source,
        plugins: answer.plugins,
        seed: answer.output.seed ?? null,
        timing: timing(prediction, answer, finishedAt),
        attempt,
      },
      ...(calibration !== null && { calibration: calibration.shown }),
      ...(distance !== null && { training_distance: distance }),
    };
    return { status: isStrange ? 'abstained' : 'completed', result, answer, calibration };
  }

  /** The forecast as evidence, and in the figures. */
  #keep(tx: Transaction, prediction: PredictionEntity, computed: ComputedPrediction): void {
    const { status, result, answer, calibration } = computed;
    // What was not said is no forecast: nothing is pinned, and there is no receipt.
    if (status === 'completed')
      this.pins.pin(tx, { ...issuedForecast(prediction, answer, this.#now()), calibration });
    tx.afterCommit(() => this.#count(prediction, answer, { status, result }));
  }

  async #finish(
    tx: Transaction,
    prediction: PredictionEntity,
    status: FinalStatus,
    result: PredictionResult,
  ): Promise<void> {
    this.predictions.finish(tx, prediction.id, status, result, this.#now());
    tx.afterCommit(() => this.results.wake());
  }

  #count(
    { feederPlugin: feeder, symbol, interval, result: { request } }: PredictionEntity,
    { plugins, isPresent, source }: Forecast,
    { status, result: { explanation } }: Pick<ComputedPrediction, 'status' | 'result'>,
  ): void {
    this.telemetry.count('predictions_total', { plugin: plugins.predictor.id, result: status });
    for (const [stage, ms] of Object.entries(explanation?.timing ?? {}))
      this.telemetry.observe('prediction_stage_seconds', { stage: stage.replace('_ms', '') }, ms / 1000);
    if (!isPresent || request.baseline_datetime !== null) return;
    const opened = Date.parse(source.baseline_bar ?? source.last_bar) / 1000;
    this.telemetry.set('data_newest_bar_timestamp_seconds', { feeder, symbol, interval }, opened);
  }

  /** Calls of plugins have the prediction's own limit: whichever timer is first, the prediction failed by `timeout`. */
  #ranOutOfTime(error: unknown): AppError | null {
    if (!(error instanceof AppError) || error.code !== 'plugin_timeout') return null;
    const text = `The computation took longer than ${this.timeLimitMs() / 1000} s`;
    return new AppError('deadline_passed', text, { code: 'timeout', cause: error });
  }

  #now(): Date {
    return new Date(this.clock.now());
  }
}

const idOf = (job: Job): number => Number(job.subject);

function goOnWith({ computed, abort }: BegunPrediction, signal: AbortSignal): Promise<ComputedPrediction> {
  signal.addEventListener('abort', () => abort(signal.reason), { once: true });
  return computed;
}

function timing(prediction: Question, answer: PredictionOutput, finishedAt: number): Explanation['timing'] {
  const submittedAt = prediction.createdAt.getTime();
  const startedAt = assertPresent(prediction.startedAt, 'a running prediction was claimed').getTime();
  return { ...answer.timing, queued_ms: startedAt - submittedAt, total_ms: finishedAt - submittedAt };
}

function questionOf(prediction: Question, request: StoredRequest, served: ModelServer): ForecastQuestion {
  return {
    feeder: prediction.feederPlugin,
    pipeline: prediction.pipelinePlugin,
    predictor: served.predictor,
    symbol: prediction.symbol,
    interval: assertPresent(
      canonicalInterval(prediction.interval),
      'a stored prediction has a known interval',
    ),
    anyInterval: request.interval === null,
    predictionType: prediction.predictionType,
    horizons: request.horizons,
    horizon: request.prediction_horizon || null,
    baseline: request.baseline_datetime === null ? null : parseTimestamp(request.baseline_datetime),
    baselineMeans: request.baseline_means ?? null,
    dateColumn: request.date_column,
    targetColumn: request.target_column,
    modelName: served.model,
    ...(request.abstain === true && { trainingRange: true }),
  };
}
