import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { forecastLine, walkForward, type WalkedForecast } from '#libs/backtest';
import { AppConfig } from '#libs/config';
import type { Transaction } from '#libs/database';
import { type Job, type JobDefinition, JobEngine, type JobFailure, type JobRun } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import { ForecastCalibrations } from '../outcomes/outcomes.port.js';
import { BacktestRepository } from './backtest.repository.js';
import { BACKTEST_JOB } from './submit-backtest.service.js';

const pack = promisify(gzip);
/** Forecasts of a stored part: some 100 KB of text with six horizons. */
const PART = 256;

/** Computes back-tests, each change under the job's fence. A run that was cut off begins anew, with the same forecasts. */
@Injectable()
export class RunBacktest implements JobDefinition, OnModuleInit {
  readonly kind = BACKTEST_JOB;

  constructor(
    private readonly backtests: BacktestRepository,
    private readonly plugins: PluginRegistry,
    private readonly calibrations: ForecastCalibrations,
    private readonly jobs: JobEngine,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  onModuleInit(): void {
    this.jobs.register(this);
  }

  readonly timeLimitMs = (): number => this.config.backtest_timeout * 1_000;

  readonly claimed = async (tx: Transaction, job: Job): Promise<void> => {
    this.backtests.begin(tx, job.subject);
  };

  readonly run = async (run: JobRun): Promise<void> => {
    const id = run.job.subject;
    const row = await this.backtests.find(id);
    if (row === null) return run.complete(() => Promise.resolve());
    const { feeder, predictor, maxForecasts, ...question } = row.question;
    let waiting: WalkedForecast[] = [];
    let part = 0;
    let progress = { done: 0, total: 0 };
    const flush = async (): Promise<void> => {
      if (waiting.length === 0) return;
      const text = waiting.map((one) => `${forecastLine(one)}\n`).join('');
      const stored = { backtestId: id, part, lines: waiting.length, content: await pack(text) };
      waiting = [];
      part += 1;
      await run.checkpoint(async (tx) => this.backtests.addPart(tx, stored, progress));
    };
    const answerer = await this.plugins.predictor(predictor);
    const result = await walkForward(question, {
      feeder: await this.plugins.feeder(feeder),
      predictor: answerer,
      clock: this.clock,
      maxForecasts,
      signal: run.signal,
      progress: (done, total) => void (progress = { done, total }),
      forecasts: async (walked) => {
        waiting.push(...walked);
        if (waiting.length >= PART) await flush();
      },
    });
    await flush();
    await run.complete(async (tx) => {
      const finishedAt = new Date(this.clock.now());
      this.backtests.finish(tx, id, { ...progress, status: 'completed', result, finishedAt });
      // With passes of its own number it says nothing of the model as it is served.
      const { targetColumn } = result;
      if (question.samples !== null || targetColumn === null) return;
      const { parameters } = answerer;
      const model = { ...result, symbol: question.symbol, parameters, targetColumn };
      await this.calibrations.keepBacktest(tx, id, model, result);
    });
  };

  readonly failed = async (tx: Transaction, job: Job, failure: JobFailure): Promise<void> => {
    const finishedAt = new Date(this.clock.now());
    this.backtests.finish(tx, job.subject, { status: 'failed', failure, finishedAt });
  };
}
