import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  Param,
  Post,
  Query,
  Sse,
  UseInterceptors,
} from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  Answers,
  Authenticated,
  Caller,
  CallerNetwork,
  Flexible,
  Idempotent,
  MessageOut,
  PredictAccess,
  Problems,
  type Page,
  PageQuery,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { DeletePrediction } from './delete-prediction.service.js';
import { CreatePrediction, PredictionEventOut, PredictionId, PredictionOut } from './prediction.dto.js';
import { PREDICTION_EXAMPLES } from './prediction.examples.js';
import { PredictionEvents } from './prediction-events.service.js';
import { PreferWaitInterceptor } from './prefer-wait.interceptor.js';
import { ReadPredictions } from './read-predictions.service.js';
import { SubmitPrediction } from './submit-prediction.service.js';

const SUBMITTED =
  'The prediction, usually still `pending`. With `Prefer: wait=10` the answer waits up to that many seconds for the result.';

@ApiTags('predictions')
@Controller('api/v1')
export class PredictionsController {
  constructor(
    private readonly submitting: SubmitPrediction,
    private readonly reading: ReadPredictions,
    private readonly deleting: DeletePrediction,
    private readonly events: PredictionEvents,
  ) {}

  @Post('predict')
  @PredictAccess()
  @ApiOperation({ summary: 'Submit a prediction, at the original path' })
  @UseInterceptors(PreferWaitInterceptor)
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, { description: SUBMITTED })
  @Problems(401, 403, 422, 429)
  predict(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor | null,
    @CallerNetwork() address: string,
  ): Promise<PredictionOut> {
    return this.submitting.submit({ entrance: 'predict', request, caller, address });
  }

  @Post('predictions')
  @Flexible()
  @ApiOperation({ summary: 'Submit a prediction' })
  @UseInterceptors(PreferWaitInterceptor)
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, { description: SUBMITTED })
  @Problems(403, 422, 429)
  create(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor | null,
    @CallerNetwork() address: string,
  ): Promise<PredictionOut> {
    return this.submitting.submit({ entrance: 'predictions', request, caller, address });
  }

  @Get('predictions')
  @Flexible()
  @ApiOperation({ summary: 'List predictions' })
  @Answers(200, PredictionOut, {
    list: true,
    description:
      'Predictions, oldest first: your own, all for administrators, those without an owner for anonymous callers.',
  })
  @Problems(403, 422)
  list(@Query() query: PageQuery, @Caller() caller: Actor | null): Promise<Page<PredictionOut>> {
    return this.reading.list(caller, query);
  }

  @Get('predictions/:prediction_id')
  @Flexible()
  @ApiOperation({ summary: 'Read a prediction' })
  @Answers(200, PredictionOut, { description: 'The current state of the prediction.' })
  @Problems(403, 404, 422)
  read(@Param() { predictionId }: PredictionId, @Caller() caller: Actor | null): Promise<PredictionOut> {
    return this.reading.one(predictionId, caller);
  }

  @Delete('predictions/:prediction_id')
  @Flexible()
  @ApiOperation({ summary: 'Delete a prediction' })
  @Answers(200, MessageOut, { description: 'Deleted permanently; stopped if it was still running.' })
  @Problems(403, 404, 422)
  remove(@Param() { predictionId }: PredictionId, @Caller() caller: Actor | null): Promise<MessageOut> {
    return this.deleting.one(predictionId, caller);
  }

  @Sse('predictions/:prediction_id/events')
  @Flexible()
  @ApiOperation({ summary: 'Follow the status of a prediction' })
  @Answers(200, PredictionEventOut, {
    contentType: 'text/event-stream',
    description:
      'A stream of status changes, each sent once with a durable id; it ends after the final one. Use `Last-Event-ID` to resume after a reconnect.',
  })
  @Problems(403, 404, 422)
  follow(
    @Param() { predictionId }: PredictionId,
    @Caller() caller: Actor | null,
    @Headers('last-event-id') lastEventId?: string,
  ) {
    return this.events.follow(predictionId, caller, lastEventId);
  }
}

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
  create(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor,
    @CallerNetwork() address: string,
  ): Promise<PredictionOut> {
    return this.submitting.submit({ entrance: 'secure', request, caller, address });
  }

  @Get('secure/predictions')
  @Authenticated()
  @ApiOperation({ summary: 'List your predictions' })
  @Answers(200, PredictionOut, {
    list: true,
    description: 'Your predictions, oldest first; administrators see all.',
  })
  @Problems(401, 422)
  list(@Query() query: PageQuery, @Caller() caller: Actor): Promise<Page<PredictionOut>> {
    return this.reading.list(caller, query);
  }

  @Get('secure/predictions/:prediction_id')
  @Authenticated()
  @ApiOperation({ summary: 'Read a prediction of yours' })
  @Answers(200, PredictionOut, { description: 'The current state of the prediction.' })
  @Problems(401, 403, 404, 422)
  read(@Param() { predictionId }: PredictionId, @Caller() caller: Actor): Promise<PredictionOut> {
    return this.reading.own(predictionId, caller);
  }

  @Delete('secure/predictions/:prediction_id')
  @Authenticated()
  @ApiOperation({ summary: 'Delete a prediction of yours' })
  @Answers(200, MessageOut, { description: 'Deleted permanently; stopped if it was still running.' })
  @Problems(401, 403, 404, 422)
  remove(@Param() { predictionId }: PredictionId, @Caller() caller: Actor): Promise<MessageOut> {
    return this.deleting.own(predictionId, caller);
  }
}
