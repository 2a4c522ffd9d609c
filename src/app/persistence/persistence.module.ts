import { Module, type DynamicModule } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import {
  BarStore,
  Database,
  EventLog,
  KeptFigures,
  Notifications,
  SettingsStore,
  TransactionRunner,
} from '#libs/database';
import { EmbeddedJobEngine, GraphileJobEngine, JobEngine, type JobListener } from '#libs/jobs';
import { Clock, DAY_MS, SECOND_MS } from '#libs/kernel';
import type { Bar, BarCache } from '#libs/plugin-sdk';
import { Telemetry, type Tracer } from '#libs/telemetry';
import { engineOf } from './engine-of.js';
import { tracedRuns } from '../tracing/traced-runs.js';
import { FigureUpkeep } from './figure-upkeep.service.js';

/** Feeders' bars in the table `time_series_data`. */
export class StoredBarCache implements BarCache {
  readonly #store = new BarStore();

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
  ) {}

  async read(symbol: string, interval: string, from: number, to: number): Promise<readonly Bar[]> {
    const bars = await this.#store.readBars(this.database.read, { ticker: symbol, interval, from, to });
    return bars.map((bar) => ({ ...bar, volume: bar.volume ?? 0 }));
  }

  write(symbol: string, interval: string, bars: readonly Bar[]): Promise<void> {
    return this.transactions.run((tx) => this.#store.upsertBars(tx, { ticker: symbol, interval }, bars));
  }

  replace(symbol: string, interval: string, bars: readonly Bar[]): Promise<void> {
    return this.transactions.run((tx) => this.#store.replaceBars(tx, { ticker: symbol, interval }, bars));
  }
}

/** What every process of the product stands on, made before Nest starts. */
export interface Foundation {
  readonly config: AppConfig;
  readonly clock: Clock;
  readonly database: Database;
  readonly transactions: TransactionRunner;
  /** What other processes tell. */
  readonly notifications: Notifications;
  /** Told what happens to jobs, for figures and logs. */
  readonly jobListener: JobListener;
  readonly telemetry: Telemetry;
  /** Null where no traces are wanted. */
  readonly tracer: Tracer | null;
}

/** Binds configuration, clock, database, transactions, settings, events and the job engine for every domain. */
@Module({})
export class PersistenceModule {
  static forRoot(foundation: Foundation): DynamicModule {
    const { config, clock, database, transactions, notifications, telemetry } = foundation;
    const providers = [
      { provide: AppConfig, useValue: config },
      { provide: Clock, useValue: clock },
      { provide: Database, useValue: database },
      { provide: TransactionRunner, useValue: transactions },
      { provide: Notifications, useValue: notifications },
      { provide: Telemetry, useValue: telemetry },
      { provide: SettingsStore, useFactory: () => new SettingsStore(clock) },
      { provide: KeptFigures, useFactory: () => new KeptFigures(database) },
      { provide: EventLog, useFactory: () => new EventLog(clock, notifications) },
      {
        provide: JobEngine,
        useFactory: () => makeJobEngine(foundation),
      },
    ];
    return {
      module: PersistenceModule,
      global: true,
      providers: [...providers, FigureUpkeep],
      exports: providers.map(({ provide }) => provide),
    };
  }
}

function makeJobEngine({
  config,
  clock,
  database,
  transactions,
  jobListener,
  tracer,
}: Foundation): JobEngine {
  const Engine = engineOf(config) === 'graphile' ? GraphileJobEngine : EmbeddedJobEngine;
  return new Engine(database, transactions, {
    clock,
    concurrency: () => (config.jobs ? config.job_concurrency : 0),
    kinds: config.job_kinds,
    leaseMs: config.job_lease_seconds * SECOND_MS,
    heartbeatMs: config.job_heartbeat_seconds * SECOND_MS,
    sweepMs: config.job_sweep_seconds * SECOND_MS,
    maxAttempts: config.job_attempts,
    retentionMs: config.job_history_days * DAY_MS,
    listener: jobListener,
    around: tracer === null ? undefined : tracedRuns(tracer),
  });
}
