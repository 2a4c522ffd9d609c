import { Body, Controller, Delete, Get, Headers, Param, Post, Query, Sse } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
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
  Prepared,
  Problems,
  type Page,
  PageQuery,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { DeletePrediction } from './delete-prediction.service.js';
import { CreatePrediction, PredictionEventOut, PredictionId, PredictionOut } from './prediction.dto.js';
import { COMPLETED_EXAMPLE, PREDICTION_EXAMPLES } from './prediction.examples.js';
import { PredictionEvents } from './prediction-events.service.js';
import { MayWait, Waits } from './prefer-wait.interceptor.js';
import { ReadPredictions } from './read-predictions.service.js';
import { SubmitPrediction } from './submit-prediction.service.js';

const SUBMITTED =
  'The prediction, usually still `pending`. With `Prefer: wait=10` the answer waits up to that many seconds for the result.';

const OWNED = 'The prediction, owned by the caller.';
const COMPLETED = { example: COMPLETED_EXAMPLE };
type Created = Pick<PredictionOut, 'id'>;
const predictionPath = ({ id }: Created): string => `/api/v1/predictions/${id}`;
const ownPath = ({ id }: Created): string => `/api/v1/secure/predictions/${id}`;

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
  @Prepared()
  @ApiOperation({
    summary: 'Submit a prediction, at the original path',
    description:
      'Use `POST /api/v1/predictions`. This is the path of the Python service; it does the same, but refuses a bad key with 401.',
    deprecated: true,
  })
  @MayWait()
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, { ...COMPLETED, description: SUBMITTED, location: predictionPath })
  @Problems(401, 403, 422, 429)
  predict(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor | null,
    @CallerNetwork() address: string,
    @Waits() waits: boolean,
  ): Promise<PredictionOut> {
    return this.submitting.submit({ entrance: 'predict', request, caller, address, waits });
  }

  @Post('predictions')
  @Flexible()
  @Prepared()
  @ApiOperation({
    summary: 'Submit a prediction',
    description:
      'Validates, stores and queues the question, and answers at once. Read the result with `GET /api/v1/predictions/{prediction_id}`, follow its events, or wait for it here with the header `Prefer: wait=10`. Works without a credential unless `require_auth` is set; administrators have the routes below `/api/v1/secure`.',
  })
  @MayWait()
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, { ...COMPLETED, description: SUBMITTED, location: predictionPath })
  @Problems(403, 422, 429)
  create(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor | null,
    @CallerNetwork() address: string,
    @Waits() waits: boolean,
  ): Promise<PredictionOut> {
    return this.submitting.submit({ entrance: 'predictions', request, caller, address, waits });
  }

  @Get('predictions')
  @Flexible()
  @ApiOperation({
    summary: 'List predictions',
    description:
      'Callers with a credential see their own, administrators all, and anonymous callers those without an owner.',
  })
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
  @ApiOperation({
    summary: 'Read a prediction',
    description:
      'Poll this until `status` is `completed` or `failed`; `result` then holds the forecast or the reason.',
  })
  @Answers(200, PredictionOut, { ...COMPLETED, description: 'The current state of the prediction.' })
  @Problems(403, 404, 422)
  read(@Param() { predictionId }: PredictionId, @Caller() caller: Actor | null): Promise<PredictionOut> {
    return this.reading.one(predictionId, caller);
  }

  @Delete('predictions/:prediction_id')
  @Flexible()
  @ApiOperation({
    summary: 'Delete a prediction',
    description: 'Also ends its computation where that is running.',
  })
  @Answers(200, MessageOut, { description: 'Deleted permanently; stopped if it was still running.' })
  @Problems(403, 404, 422)
  remove(@Param() { predictionId }: PredictionId, @Caller() caller: Actor | null): Promise<MessageOut> {
    return this.deleting.one(predictionId, caller);
  }

  @Sse('predictions/:prediction_id/events')
  @Flexible()
  @ApiHeader({
    name: 'Last-Event-ID',
    required: false,
    description: 'Id of the last event that you have seen; the stream goes on after it.',
    schema: { type: 'string' },
  })
  @ApiOperation({
    summary: 'Follow the status of a prediction',
    description:
      'Server-sent events. Each has a durable id: send the last one that you have seen as `Last-Event-ID` to go on after it. The stream ends after the final event.',
  })
  @Answers(200, PredictionEventOut, {
    contentType: 'text/event-stream',
    description:
      'A stream of status changes, each sent once with a durable id; it ends after the final one. Use `Last-Event-ID` to resume after a reconnect.',
  })
  @Problems(403, 404, 422)
  follow(
    @Param() { predictionId }: PredictionId,
    @Caller() caller: Actor | null,
    @Headers('Last-Event-ID') lastEventId?: string,
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

  @Post('secure/predictions')
  @Authenticated()
  @Prepared()
  @ApiOperation({
    summary: 'Submit a prediction, authenticated',
    description:
      'As `POST /api/v1/predictions`, for callers who always send a credential. Open to every role.',
  })
  @MayWait()
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, { ...COMPLETED, description: OWNED, location: ownPath })
  @Problems(401, 422, 429)
  create(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor,
    @CallerNetwork() address: string,
    @Waits() waits: boolean,
  ): Promise<PredictionOut> {
    return this.submitting.submit({ entrance: 'secure', request, caller, address, waits });
  }

  @Post('auth/predictions')
  @Authenticated()
  @ApiOperation({
    summary: 'Submit a prediction, authenticated, at the original path',
    description: 'Use `POST /api/v1/secure/predictions`. This is another path of the Python service for it.',
    deprecated: true,
  })
  @MayWait()
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, { ...COMPLETED, description: OWNED, location: ownPath })
  @Problems(401, 422, 429)
  createAtOriginalPath(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor,
    @CallerNetwork() address: string,
    @Waits() waits: boolean,
  ): Promise<PredictionOut> {
    return this.create(request, caller, address, waits);
  }

  @Get('secure/predictions')
  @Authenticated()
  @ApiOperation({
    summary: 'List your predictions',
    description: 'Your own, oldest first; administrators see those of everybody.',
  })
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
  @ApiOperation({
    summary: 'Read a prediction of yours',
    description: 'As `GET /api/v1/predictions/{prediction_id}`, for the owner and administrators only.',
  })
  @Answers(200, PredictionOut, { ...COMPLETED, description: 'The current state of the prediction.' })
  @Problems(401, 403, 404, 422)
  read(@Param() { predictionId }: PredictionId, @Caller() caller: Actor): Promise<PredictionOut> {
    return this.reading.own(predictionId, caller);
  }

  @Delete('secure/predictions/:prediction_id')
  @Authenticated()
  @ApiOperation({
    summary: 'Delete a prediction of yours',
    description: 'As `DELETE /api/v1/predictions/{prediction_id}`, for the owner and administrators only.',
  })
  @Answers(200, MessageOut, { description: 'Deleted permanently; stopped if it was still running.' })
  @Problems(401, 403, 404, 422)
  remove(@Param() { predictionId }: PredictionId, @Caller() caller: Actor): Promise<MessageOut> {
    return this.deleting.own(predictionId, caller);
  }
}
