import { Body, Controller, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Accepts, Answers, Caller, CallerNetwork, Flexible, Idempotent, Problems } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { LegacyAccepted, LegacyId, LegacyPredict, LegacyStatus } from './legacy-prediction.dto.js';
import { LEGACY_EXAMPLES } from './prediction.examples.js';
import { ReadPredictions } from './read-predictions.service.js';
import { SubmitPrediction } from './submit-prediction.service.js';
import { type AskedRequest, PLAIN_QUESTION } from './prediction.types.js';

/** The legacy body in the words of today's request. */
export const legacyRequest = ({ instrument, timeframe, parameters }: LegacyPredict): AskedRequest => ({
  symbol: instrument,
  ticker: instrument,
  interval: timeframe,
  ...(parameters?.plugin === undefined ? {} : { predictor_plugin: parameters.plugin }),
  ...PLAIN_QUESTION,
});

/** The original's first two endpoints, kept for the programs that still call them. */
@ApiTags('legacy')
@Controller()
export class LegacyPredictionsController {
  constructor(
    private readonly submitting: SubmitPrediction,
    private readonly reading: ReadPredictions,
  ) {}

  @Post('predict')
  @HttpCode(200)
  @Flexible()
  @ApiOperation({
    summary: 'Submit a prediction in the legacy format',
    description: 'Use `POST /api/v1/predictions`. This is the first format of the Python service.',
    deprecated: true,
  })
  @Idempotent()
  @Accepts(LegacyPredict, { examples: LEGACY_EXAMPLES })
  @Answers(200, LegacyAccepted, { description: 'The prediction is accepted and will be computed.' })
  @Problems(403, 409, 422, 429)
  predict(
    @Body() body: LegacyPredict,
    @Caller() caller: Actor | null,
    @CallerNetwork() address: string,
  ): Promise<LegacyAccepted> {
    const { predictionId: taskId } = body;
    return this.submitting.submit({
      entrance: 'legacy',
      request: legacyRequest(body),
      caller,
      address,
      taskId,
    });
  }

  @Get('status/:prediction_id')
  @Flexible()
  @ApiOperation({
    summary: 'Read a prediction in the legacy format',
    description:
      'Use `GET /api/v1/predictions/{prediction_id}`. This is the first format of the Python service.',
    deprecated: true,
  })
  @Answers(200, LegacyStatus, { description: 'Status of the prediction and, when completed, its result.' })
  @Problems({ 400: 'Invalid prediction ID' }, 403, 404, 422)
  async status(@Param() { predictionId }: LegacyId, @Caller() caller: Actor | null): Promise<LegacyStatus> {
    return { ...(await this.reading.byAnyId(predictionId, caller)), predictionId };
  }
}
