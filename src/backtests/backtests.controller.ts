import { Body, Controller, Get, Param, Post, Query, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Accepts, Answers, Authenticated, Caller, Idempotent, LimitField, Problems } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { BacktestId, BacktestOut, CreateBacktest } from './backtest.dto.js';
import { ReadBacktests } from './read-backtests.service.js';
import { SubmitBacktest } from './submit-backtest.service.js';

const EXAMPLE = {
  symbol: 'SP500',
  model: 'random_walk_predictor',
  interval: '1d',
  horizons: [1, 5],
  stride: 5,
};
const FILE = { type: 'string', format: 'binary' };

class BacktestQuery {
  @LimitField({ default: 20, max: 100 }) limit!: number;
}

@ApiTags('backtests')
@Problems({ 401: 'API key required' })
@Controller('api/v1/backtests')
export class BacktestsController {
  constructor(
    private readonly submitting: SubmitBacktest,
    private readonly reading: ReadBacktests,
  ) {}

  @Post()
  @Authenticated()
  @ApiOperation({
    summary: 'Back-test a model',
    description:
      'Forecasts a history bar by bar from what was known then and scores it beside a random walk, in the background. `backtest_forecasts` limits the forecasts (`backtest_forecasts_admin` for administrators), `backtests_open` how many of yours may run at once. It fails with `looks_ahead` where an answer depends on later bars.',
  })
  @Idempotent()
  @Accepts(CreateBacktest, { examples: { 'a walk over daily bars': EXAMPLE } })
  @Answers(202, BacktestOut, {
    description: 'The back-test, `pending`.',
    location: ({ id }: Pick<BacktestOut, 'id'>) => `/api/v1/backtests/${id}`,
  })
  @Problems(422, 429)
  submit(@Body() request: CreateBacktest, @Caller() caller: Actor): Promise<BacktestOut> {
    return this.submitting.submit(request, caller);
  }

  @Get()
  @Authenticated()
  @ApiOperation({
    summary: 'List your back-tests',
    description: 'Newest first; administrators see everybody’s.',
  })
  @Answers(200, BacktestOut, { list: true, description: 'Back-tests, newest first.' })
  @Problems(422)
  list(@Query() { limit }: BacktestQuery, @Caller() caller: Actor): Promise<BacktestOut[]> {
    return this.reading.list(caller, limit);
  }

  @Get(':id')
  @Authenticated()
  @ApiOperation({
    summary: 'Read a back-test',
    description: 'Its state, and its scores when it is completed.',
  })
  @Answers(200, BacktestOut, { description: 'The back-test.' })
  @Problems(404, 422)
  read(@Param() { id }: BacktestId, @Caller() caller: Actor): Promise<BacktestOut> {
    return this.reading.one(id, caller);
  }

  @Get(':id/forecasts')
  @Authenticated()
  @ApiOperation({
    summary: 'Download every forecast of a back-test',
    description: 'A line of JSON for each, with what came and its scores, oldest first.',
  })
  @Answers(200, FILE, { contentType: ['application/x-ndjson'], description: 'The forecasts as NDJSON.' })
  @Problems(404, { 409: 'There are no forecasts: the back-test is processing' }, 422)
  forecasts(@Param() { id }: BacktestId, @Caller() caller: Actor): Promise<StreamableFile> {
    return this.reading.forecasts(id, caller);
  }

  @Get(':id/report')
  @Authenticated()
  @ApiOperation({
    summary: 'Download the report of a back-test',
    description:
      'A page with the scores of each horizon and pictures: a forecast with what came, calibration, the places where values fell, skill by month. It loads nothing from elsewhere.',
  })
  @Answers(200, { type: 'string' }, { contentType: 'text/html', description: 'The page.' })
  @Problems(404, { 409: 'There are no forecasts: the back-test is processing' }, 422)
  report(@Param() { id }: BacktestId, @Caller() caller: Actor): Promise<StreamableFile> {
    return this.reading.report(id, caller);
  }
}
