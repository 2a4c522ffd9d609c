import { Controller, Get, Param, type StreamableFile } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Answers, Authenticated, Caller, Problems } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { ForecastOutcomeOut } from '../outcomes/forecast-outcome.fields.js';
import { RECEIPT } from '../outcomes/forecast-receipt.fields.js';
import type { ForecastOutcome } from '../outcomes/outcomes.port.js';
import { OrderIdParam } from './order.dto.js';
import { ReadOrderEvidence } from './read-order-evidence.service.js';

/** How good an answer was, and the proof of it. */
@ApiTags('client')
@Problems({ 401: 'API key required', 403: 'Access denied', 404: 'Prediction not found' })
@Controller('api/v1/client/predictions/:id')
export class OrderEvidenceController {
  constructor(private readonly evidence: ReadOrderEvidence) {}

  @Get('outcome')
  @Authenticated()
  @ApiOperation({
    summary: 'Read what became of the answer to an order',
    description: 'As `GET /api/v1/predictions/{prediction_id}/outcome`.',
  })
  @Answers(200, ForecastOutcomeOut, {
    description: 'The answer as it was pinned, with the realised values and the scores so far.',
  })
  @Problems(422)
  outcome(@Param() { id }: OrderIdParam, @Caller() caller: Actor): Promise<ForecastOutcome> {
    return this.evidence.outcome(caller, id);
  }

  @Get('receipt')
  @Authenticated()
  @ApiOperation({
    summary: 'Read the signed receipt of the answer to an order',
    description: RECEIPT.description,
  })
  @Answers(200, RECEIPT.schema, { description: RECEIPT.answer })
  @Problems(422, RECEIPT.problems)
  receipt(@Param() { id }: OrderIdParam, @Caller() caller: Actor): Promise<StreamableFile> {
    return this.evidence.receipt(caller, id);
  }
}
