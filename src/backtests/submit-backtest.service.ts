import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { lockName, TransactionRunner } from '#libs/database';
import { isAdministrator } from '#libs/http';
import { JobEngine } from '#libs/jobs';
import { type Actor, AppError, Clock, newUuid } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import { canonicalInterval } from '#libs/timeseries';
import type { BacktestOut, CreateBacktest } from './backtest.dto.js';
import type { BacktestEntity } from './backtest.entity.js';
import { BacktestRepository } from './backtest.repository.js';
import { backtestOut } from './read-backtests.service.js';

/** The kind of its jobs. */
export const BACKTEST_JOB = 'backtest';

/** Takes a back-test: the row and the job in one transaction. */
@Injectable()
export class SubmitBacktest {
  constructor(
    private readonly backtests: BacktestRepository,
    private readonly transactions: TransactionRunner,
    private readonly plugins: PluginRegistry,
    private readonly jobs: JobEngine,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `invalid` for a model that is not served, `too_many` at the limit of open back-tests */
  async submit(request: CreateBacktest, caller: Actor): Promise<BacktestOut> {
    const model = request.model ?? this.plugins.forecaster;
    const served = this.plugins.serves(model);
    if (served === null) throw this.plugins.unknownPlugin('predictor', model, ['body', 'model']);
    const row: BacktestEntity = {
      id: newUuid(),
      userId: caller.userId,
      status: 'pending',
      model,
      question: {
        symbol: request.symbol,
        interval: request.interval === undefined ? null : canonicalInterval(request.interval),
        modelName: served.model,
        from: request.from?.getTime() ?? null,
        to: request.to?.getTime() ?? null,
        stride: request.stride,
        horizons: request.horizons ?? null,
        samples: request.samples ?? null,
        seed: request.seed,
        targetColumn: null,
        feeder: this.plugins.configuredId('feeder'),
        predictor: this.plugins.canonicalId('predictor', served.predictor),
        maxForecasts: isAdministrator(caller)
          ? this.config.backtest_forecasts_admin
          : this.config.backtest_forecasts,
      },
      done: 0,
      total: 0,
      result: null,
      failure: null,
      createdAt: new Date(this.clock.now()),
      finishedAt: null,
    };
    await this.transactions.run(async (tx) => {
      // one submit of a user at a time, so that none counts without another's row
      await lockName(tx, `backtests:${caller.userId}`);
      this.backtests.add(tx, row);
      const open = await this.backtests.openOf(tx, caller.userId);
      const limit = this.config.backtests_open;
      if (open > limit)
        throw new AppError(
          'too_many',
          `You have ${limit} back-tests that have not ended; wait for one (backtests_open sets the limit)`,
          { code: 'open_backtests', headers: { 'Retry-After': '10' } },
        );
      await this.jobs.enqueue(tx, { kind: BACKTEST_JOB, subject: row.id });
    });
    return backtestOut(row);
  }
}
