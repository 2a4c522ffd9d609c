import { Body, Controller, Delete, Get, Param, Post, Query, UseInterceptors } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  Answers,
  Authenticated,
  Caller,
  ClientAddress,
  Idempotent,
  MessageOut,
  Problems,
  type Page,
  PageQuery,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { DeletePrediction } from './delete-prediction.service.js';
import { CreatePrediction, PredictionId, PredictionOut } from './prediction.dto.js';
import { PREDICTION_EXAMPLES } from './prediction.examples.js';
import { presentDeleted, presentPrediction, presentPredictions } from './prediction.view.js';
import { PreferWaitInterceptor } from './prefer-wait.interceptor.js';
import { ReadPredictions } from './read-predictions.service.js';
import { SubmitPrediction } from './submit-prediction.service.js';

/** The same predictions for callers who always authenticate; every role may ask, administrators included. */
@ApiTags('predictions')
@Controller('api/v1')
export class SecurePredictionsController {
  constructor(
    private readonly submitting: SubmitPrediction,
    private readonly reading: ReadPredictions,
    private readonly deleting: DeletePrediction,
  ) {}

  @Post(['secure/predictions', 'auth/predictions'])
  @Authenticated()
  @ApiOperation({ summary: 'Submit a prediction, authenticated' })
  @UseInterceptors(PreferWaitInterceptor)
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, { description: 'The prediction, owned by the caller.' })
  @Problems(401, 422, 429)
  async create(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor,
    @ClientAddress() address: string,
  ): Promise<PredictionOut> {
    return presentPrediction(await this.submitting.submit({ entrance: 'secure', request, caller, address }));
  }

  @Get('secure/predictions')
  @Authenticated()
  @ApiOperation({ summary: 'List your predictions' })
  @Answers(200, PredictionOut, {
    list: true,
    description: 'Your predictions, oldest first; administrators see all.',
  })
  @Problems(401, 422)
  async list(@Query() query: PageQuery, @Caller() caller: Actor): Promise<Page<PredictionOut>> {
    return presentPredictions(await this.reading.list(caller, query));
  }

  @Get('secure/predictions/:prediction_id')
  @Authenticated()
  @ApiOperation({ summary: 'Read a prediction of yours' })
  @Answers(200, PredictionOut, { description: 'The current state of the prediction.' })
  @Problems(401, 403, 404, 422)
  async read(@Param() { prediction_id }: PredictionId, @Caller() caller: Actor): Promise<PredictionOut> {
    return presentPrediction(await this.reading.own(prediction_id, caller));
  }

  @Delete('secure/predictions/:prediction_id')
  @Authenticated()
  @ApiOperation({ summary: 'Delete a prediction of yours' })
  @Answers(200, MessageOut, { description: 'Deleted permanently; stopped if it was still running.' })
  @Problems(401, 403, 404, 422)
  async remove(@Param() { prediction_id }: PredictionId, @Caller() caller: Actor): Promise<MessageOut> {
    return presentDeleted(await this.deleting.own(prediction_id, caller));
  }
}
