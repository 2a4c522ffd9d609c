import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  ADMINISTRATORS,
  Answers,
  Authenticated,
  BatchBody,
  Caller,
  Problems,
  RoleProblems,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import { ReportedOut, ReportedOutcome } from './report-outcomes.dto.js';
import { ReportOutcomes } from './report-outcomes.service.js';

const EXAMPLE = {
  symbol: 'SP500',
  interval: '1d',
  column: 'CLOSE',
  time: '2019-01-16T00:00:00Z',
  value: 2616.1,
};

@ApiTags('outcomes')
@Controller('api/v1')
export class OutcomesController {
  constructor(private readonly reports: ReportOutcomes) {}

  @Post('outcomes')
  @HttpCode(200)
  @Authenticated('evaluator', ...ADMINISTRATORS)
  @RoleProblems('evaluator', ...ADMINISTRATORS)
  @BatchBody()
  @ApiOperation({
    summary: 'Send in realised values',
    description:
      'For symbols whose bars the data source does not have, or no longer has. What the source has comes first. A value that differs from an earlier one is kept beside it as a revision.',
  })
  @Accepts(ReportedOutcome, {
    list: true,
    description:
      'Values of closed bars that the data source does not have: an array, or one JSON object a line. Those of administrators count for every forecast, those of an evaluator for its own answers.',
    examples: { 'one value': [EXAMPLE] },
    also: { 'application/x-ndjson': `${JSON.stringify(EXAMPLE)}\n` },
  })
  @Answers(200, ReportedOut, { description: 'How many values were new. All are kept, or none.' })
  @Problems(401, 413, 415, 422)
  report(@Body() body: unknown, @Caller() caller: Actor): Promise<ReportedOut> {
    return this.reports.report(body, caller);
  }
}
