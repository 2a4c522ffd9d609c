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
  Caller,
  ClientAddress,
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
import { presentDeleted, presentPrediction, presentPredictions } from './prediction.view.js';
import { PreferWaitInterceptor } from './prefer-wait.interceptor.js';
import { ReadPredictions } from './read-predictions.service.js';
import { SubmitPrediction } from './submit-prediction.service.js';

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
  @Answers(201, PredictionOut, {
    description:
      'The prediction, usually still `pending`. With `Prefer: wait=10` the answer waits up to that many seconds for the result.',
  })
  @Problems(401, 403, 422, 429)
  async predict(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor | null,
    @ClientAddress() address: string,
  ): Promise<PredictionOut> {
    return presentPrediction(await this.submitting.submit({ entrance: 'predict', request, caller, address }));
  }

  @Post('predictions')
  @Flexible()
  @ApiOperation({ summary: 'Submit a prediction' })
  @UseInterceptors(PreferWaitInterceptor)
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, {
    description:
      'The prediction, usually still `pending`. With `Prefer: wait=10` the answer waits up to that many seconds for the result.',
  })
  @Problems(403, 422, 429)
  async create(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor | null,
    @ClientAddress() address: string,
  ): Promise<PredictionOut> {
    return presentPrediction(
      await this.submitting.submit({ entrance: 'predictions', request, caller, address }),
    );
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
  async list(@Query() query: PageQuery, @Caller() caller: Actor | null): Promise<Page<PredictionOut>> {
    return presentPredictions(await this.reading.list(caller, query));
  }

  @Get('predictions/:prediction_id')
  @Flexible()
  @ApiOperation({ summary: 'Read a prediction' })
  @Answers(200, PredictionOut, { description: 'The current state of the prediction.' })
  @Problems(403, 404, 422)
  async read(
    @Param() { prediction_id }: PredictionId,
    @Caller() caller: Actor | null,
  ): Promise<PredictionOut> {
    return presentPrediction(await this.reading.one(prediction_id, caller));
  }

  @Delete('predictions/:prediction_id')
  @Flexible()
  @ApiOperation({ summary: 'Delete a prediction' })
  @Answers(200, { description: 'Deleted permanently; stopped if it was still running.' })
  @Problems(403, 404, 422)
  async remove(
    @Param() { prediction_id }: PredictionId,
    @Caller() caller: Actor | null,
  ): Promise<MessageOut> {
    return presentDeleted(await this.deleting.one(prediction_id, caller));
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
    @Param() { prediction_id }: PredictionId,
    @Caller() caller: Actor | null,
    @Headers('last-event-id') lastEventId?: string,
  ) {
    return this.events.follow(prediction_id, caller, lastEventId);
  }
}
