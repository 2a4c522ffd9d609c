import { Controller, Get, Param, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Caller, Flexible, Problems } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { ForecastOutcomeOut } from '../outcomes/forecast-outcome.fields.js';
import { RECEIPT } from '../outcomes/forecast-receipt.fields.js';
import type { ForecastOutcome } from '../outcomes/outcomes.port.js';
import { PredictionId, PredictionPicture } from './prediction.dto.js';
import { ReadPredictionOutcome } from './read-prediction-outcome.service.js';

const FILE = { type: 'string', format: 'binary' };

/** How good a prediction was, and the proof of it. */
@ApiTags('predictions')
@Controller('api/v1/predictions/:prediction_id')
export class PredictionEvidenceController {
  constructor(private readonly outcomes: ReadPredictionOutcome) {}

  @Get('outcome')
  @Flexible()
  @ApiOperation({
    summary: 'Read what became of a prediction',
    description:
      'The forecast is pinned when it completes: its numbers, the last closed bar, the scale of the series, and digests of the bars, the model and the parameters. When a bar that it is about has closed, its value is written beside it, once, with the scores. The service looks every `outcome_seconds`.',
  })
  @Answers(200, ForecastOutcomeOut, {
    description:
      'The forecast as it was pinned when it was made, with the realised value and the scores of each horizon whose time has come.',
  })
  @Problems(403, 404, 422)
  outcome(@Param() { predictionId }: PredictionId, @Caller() caller: Actor | null): Promise<ForecastOutcome> {
    return this.outcomes.of(predictionId, caller);
  }

  @Get('outcome/:format')
  @Flexible()
  @ApiOperation({
    summary: 'Draw a prediction and what became of it',
    description: 'The forecast with its intervals, and the values that came so far.',
  })
  @Answers(200, FILE, { contentType: ['image/png', 'image/svg+xml'], description: 'The picture.' })
  @Problems(403, 404, 422)
  picture(
    @Param() { predictionId, format }: PredictionPicture,
    @Caller() caller: Actor | null,
  ): Promise<StreamableFile> {
    return this.outcomes.pictureOf(predictionId, format, caller);
  }

  @Get('receipt')
  @Flexible()
  @ApiOperation({ summary: 'Read the signed receipt of a prediction', description: RECEIPT.description })
  @Answers(200, RECEIPT.schema, { description: RECEIPT.answer })
  @Problems(403, 404, 422, RECEIPT.problems)
  receipt(@Param() { predictionId }: PredictionId, @Caller() caller: Actor | null): Promise<StreamableFile> {
    return this.outcomes.receiptOf(predictionId, caller);
  }
}
