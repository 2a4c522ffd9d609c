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
import { ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  Answers,
  Caller,
  ClientAddress,
  Flexible,
  Idempotent,
  MessageOut,
  Paged,
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
import { presentDeleted, presentPage, presentPrediction, type PredictionView } from './prediction.view.js';
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
  @UseInterceptors(PreferWaitInterceptor)
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, {
    description: 'Taken; `Prefer: wait=10` holds the answer until it is computed.',
  })
  @Problems(401, 403, 422, 429)
  async predict(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor | null,
    @ClientAddress() address: string,
  ): Promise<PredictionView> {
    return presentPrediction(await this.submitting.submit({ entrance: 'predict', request, caller, address }));
  }

  @Post('predictions')
  @Flexible()
  @UseInterceptors(PreferWaitInterceptor)
  @Idempotent()
  @Accepts(CreatePrediction, { examples: PREDICTION_EXAMPLES })
  @Answers(201, PredictionOut, {
    description: 'Taken; `Prefer: wait=10` holds the answer until it is computed.',
  })
  @Problems(403, 422, 429)
  async create(
    @Body() request: CreatePrediction,
    @Caller() caller: Actor | null,
    @ClientAddress() address: string,
  ): Promise<PredictionView> {
    return presentPrediction(
      await this.submitting.submit({ entrance: 'predictions', request, caller, address }),
    );
  }

  @Get('predictions')
  @Flexible()
  @Paged()
  @Answers(200, PredictionOut, {
    list: true,
    description: 'Own predictions (administrators: all; anonymous: ownerless ones), oldest first.',
  })
  @Problems(403, 422)
  async list(@Query() query: PageQuery, @Caller() caller: Actor | null): Promise<Page<PredictionView>> {
    return presentPage(await this.reading.list(caller, query));
  }

  @Get('predictions/:prediction_id')
  @Flexible()
  @Answers(200, PredictionOut, { description: 'The prediction as it stands.' })
  @Problems(403, 404, 422)
  async read(
    @Param() { prediction_id }: PredictionId,
    @Caller() caller: Actor | null,
  ): Promise<PredictionView> {
    return presentPrediction(await this.reading.one(prediction_id, caller));
  }

  @Delete('predictions/:prediction_id')
  @Flexible()
  @Answers(200, { description: 'Deleted for good; work on it is stopped.' })
  @Problems(403, 404, 422)
  async remove(
    @Param() { prediction_id }: PredictionId,
    @Caller() caller: Actor | null,
  ): Promise<MessageOut> {
    return presentDeleted(await this.deleting.one(prediction_id, caller));
  }

  @Sse('predictions/:prediction_id/events')
  @Flexible()
  @Answers(200, PredictionEventOut, {
    contentType: 'text/event-stream',
    description:
      'Each change once, with a durable id; ends after the final one. Reconnect with `Last-Event-ID`.',
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
