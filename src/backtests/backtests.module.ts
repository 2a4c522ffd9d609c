import { Module } from '@nestjs/common';
import { OutcomesModule } from '../outcomes/outcomes.module.js';
import { BacktestRepository } from './backtest.repository.js';
import { BacktestUpkeep } from './backtest-upkeep.service.js';
import { BacktestsController } from './backtests.controller.js';
import { ReadBacktests } from './read-backtests.service.js';
import { RunBacktest } from './run-backtest.service.js';
import { SubmitBacktest } from './submit-backtest.service.js';

/** Walks through history, asked for over HTTP and run as jobs. */
@Module({
  imports: [OutcomesModule],
  controllers: [BacktestsController],
  providers: [BacktestRepository, BacktestUpkeep, ReadBacktests, RunBacktest, SubmitBacktest],
})
export class BacktestsModule {}
