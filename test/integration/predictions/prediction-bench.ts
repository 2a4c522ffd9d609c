import type { AppConfig } from '#libs/config';
import { EventLog, KeptFigures, runSql, SourceFigures, type Transaction } from '#libs/database';
import { EmbeddedJobEngine, type JobEngine, type JobEngineOptions } from '#libs/jobs';
import type { Actor } from '#libs/kernel';
import { followConfigured, type PluginRegistry } from '#libs/plugin-host';
import { configOf, eventually, FakeClock, partial } from '#libs/testing';
import { Telemetry } from '#libs/telemetry';
import { ConsoleLogger, Logger } from '@nestjs/common';
import type { RuntimeSettings } from '../../../src/settings/runtime-settings.port.js';
import type { Prices } from '../../../src/billing/billing.port.js';
import { PriceRepository } from '../../../src/billing/price.repository.js';
import { CalibrateForecast } from '../../../src/outcomes/calibration/calibrate-forecast.service.js';
import { MeasureDistance } from '../../../src/outcomes/calibration/measure-distance.service.js';
import { CalibrationRepository } from '../../../src/outcomes/calibration/calibration.repository.js';
import { PinForecast } from '../../../src/outcomes/pin-forecast.service.js';
import { AwaitPrediction } from '../../../src/predictions/await-prediction.service.js';
import { CompleteRequest } from '../../../src/predictions/complete-request.service.js';
import { DeletePrediction } from '../../../src/predictions/delete-prediction.service.js';
import { PredictAtOnce } from '../../../src/predictions/predict-at-once.service.js';
import { PredictionEvents } from '../../../src/predictions/prediction-events.service.js';
import { PredictionUpkeep } from '../../../src/predictions/prediction-upkeep.service.js';
import type { PredictionEntity } from '../../../src/predictions/prediction.entity.js';
import { PredictionRepository } from '../../../src/predictions/prediction.repository.js';
import type { AskedRequest } from '../../../src/predictions/prediction.types.js';
import { ReadPredictions } from '../../../src/predictions/read-predictions.service.js';
import { ResultsFile } from '../../../src/predictions/results-file.service.js';
import { RunPrediction } from '../../../src/predictions/run-prediction.service.js';
import { type SubmitCommand, SubmitPrediction } from '../../../src/predictions/submit-prediction.service.js';
import { honestScript, type Script, scriptedRegistry } from './scripted-plugins.js';
import type { TestDatabase } from '../../harness/databases.js';

export const actor = (userId: number, role = 'client'): Actor => ({
  userId,
  username: `user${userId}`,
  role,
});

export const asked = (changes: Partial<AskedRequest> = {}): AskedRequest => ({
  symbol: 'SP500',
  ticker: null,
  interval: '1d',
  prediction_type: 'short_term',
  model_name: null,
  prediction_horizon: 1,
  baseline_datetime: null,
  horizons: null,
  date_column: null,
  target_column: null,
  ...changes,
});

/** The core predictions' services over a real database and a real engine, with plugins that do what the spec says. */
export class PredictionBench {
  /** What engines reported beside the outcome of jobs. */
  readonly reported: unknown[] = [];
  readonly repository: PredictionRepository;
  readonly figures: SourceFigures;
  readonly results: ResultsFile;
  readonly completing: CompleteRequest;
  readonly engine: JobEngine;
  readonly submitting: SubmitPrediction;
  readonly reading: ReadPredictions;
  readonly deleting: DeletePrediction;
  readonly waiting: AwaitPrediction;
  readonly events: PredictionEvents;
  readonly upkeep: PredictionUpkeep;
  readonly #engines: JobEngine[] = [];

  private constructor(
    readonly test: TestDatabase,
    readonly clock: FakeClock,
    readonly config: AppConfig,
    readonly script: Script,
    private readonly registry: PluginRegistry,
  ) {
    this.repository = new PredictionRepository(
      test.database,
      new EventLog(clock),
      new KeptFigures(test.database),
    );
    this.figures = new SourceFigures(new KeptFigures(test.database), 'predictions');
    this.results = new ResultsFile(config, this.repository, clock);
    const prices = new PriceRepository(test.database);
    const isPriced = async (model: string) => (await prices.activeFor(model)).length > 0;
    this.completing = new CompleteRequest(
      registry,
      followConfigured(registry, 'feeder'),
      followConfigured(registry, 'pipeline'),
      partial<Prices>({ isPriced }),
      config,
    );
    this.engine = this.newEngine();
    this.submitting = this.submitVia(this.engine);
    this.reading = new ReadPredictions(this.repository);
    this.deleting = new DeletePrediction(this.reading, this.repository, test.transactions, this.engine);
    this.waiting = new AwaitPrediction(this.repository, clock);
    this.events = new PredictionEvents(this.reading, this.repository, this.waiting, clock);
    this.upkeep = new PredictionUpkeep(
      this.repository,
      test.transactions,
      new EventLog(clock),
      config,
      clock,
    );
  }

  /** Nest logs nothing until the bench is cleared. */
  static async open(
    test: TestDatabase,
    flags: Readonly<Record<string, unknown>> = {},
  ): Promise<PredictionBench> {
    Logger.overrideLogger(false);
    const clock = new FakeClock();
    const config = configOf(flags);
    const script = honestScript();
    return new PredictionBench(test, clock, config, script, await scriptedRegistry(script, config, clock));
  }

  get settings(): RuntimeSettings {
    return { get: (key) => this.config[key] };
  }

  /** Another engine over the same database, for instance that of another process; it is not started. */
  newEngine(overrides: Partial<JobEngineOptions> = {}): JobEngine {
    const engine = new EmbeddedJobEngine(this.test.database, this.test.transactions, {
      clock: this.clock,
      concurrency: () => 8,
      retryDelayMs: () => 0,
      listener: { failed: (_activity, error) => this.reported.push(error) },
      ...overrides,
    });
    this.#runsOf(engine).onModuleInit();
    this.#engines.push(engine);
    return engine;
  }

  #runsOf(engine: JobEngine): RunPrediction {
    const { repository, registry, completing, results, settings, clock } = this;
    const pins = new PinForecast();
    const states = new CalibrationRepository(this.test.database);
    const calibrations = new CalibrateForecast(states, this.config, clock);
    return new RunPrediction(
      repository,
      registry,
      completing,
      results,
      pins,
      calibrations,
      new MeasureDistance(states, this.config),
      engine,
      settings,
      clock,
      new Telemetry(),
    );
  }

  submitVia(engine: JobEngine): SubmitPrediction {
    const { repository, test, completing, settings, config, clock } = this;
    const { transactions } = test;
    const atOnce = new PredictAtOnce(this.#runsOf(engine), engine, transactions, clock);
    return new SubmitPrediction(
      repository,
      transactions,
      completing,
      engine,
      atOnce,
      settings,
      config,
      clock,
    );
  }

  /** Submits as user 1 unless told otherwise. */
  submit(
    request: Partial<AskedRequest> = {},
    command: Partial<Omit<SubmitCommand, 'request'>> = {},
  ): Promise<PredictionEntity> {
    return this.submitting.submit({
      entrance: 'predict',
      caller: actor(1),
      address: '192.0.2.1',
      ...command,
      request: asked(request),
    });
  }

  row(id: number): Promise<PredictionEntity | null> {
    return this.repository.findById(id);
  }

  /** The row once it has this status. */
  async until(id: number, status: string): Promise<PredictionEntity> {
    let found: PredictionEntity | null = null;
    await eventually(`prediction ${id} is ${status}`, async () => {
      found = await this.row(id);
      return found?.status === status;
    });
    return found as unknown as PredictionEntity;
  }

  /** Submits and computes. */
  async outcome(request: Partial<AskedRequest> = {}): Promise<PredictionEntity> {
    const { id } = await this.submit(request);
    await eventually(`prediction ${id} ended`, async () =>
      ['completed', 'failed'].includes((await this.row(id))?.status ?? ''),
    );
    return (await this.row(id)) as PredictionEntity;
  }

  async jobs(): Promise<{ subject: string; status: string; attempts: number }[]> {
    return this.test.query('SELECT subject, status, attempts FROM jobs ORDER BY created_at, subject');
  }

  async steps(id: number): Promise<string[]> {
    return (await this.repository.stepsAfter(id, 0)).map(({ type }) => type);
  }

  async count(table: 'predictions' | 'jobs' | 'events'): Promise<number> {
    const [row] = await this.test.query<{ count: number | string }>(`SELECT count(*) AS count FROM ${table}`);
    return Number(row?.count);
  }

  run<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.test.run(work);
  }

  /** Stops every engine, empties the tables and lets Nest log again. */
  async clear(): Promise<void> {
    await Promise.all(this.#engines.map((engine) => engine.stop(0)));
    await this.run(async (tx) => {
      for (const table of ['jobs', 'predictions', 'events', 'figures', 'figure_changes'])
        await runSql(tx, `DELETE FROM ${table}`);
    });
    Logger.overrideLogger(new ConsoleLogger());
  }
}
