import {
  applyDecorators,
  Body,
  Controller,
  Get,
  Header,
  Post,
  StreamableFile,
  UseGuards,
  type CanActivate,
  Injectable,
} from '@nestjs/common';
import { ApiExtraModels, ApiOperation, ApiTags, getSchemaPath } from '@nestjs/swagger';
import {
  Accepts,
  Answers,
  BatchBody,
  Flexible,
  objectSchema,
  Prepared,
  ProblemDetails,
  Problems,
  ValidationProblem,
  isAdministrator,
  requestContext,
  textWithWarnings,
  type WireObject,
} from '#libs/http';
import { AppConfig } from '#libs/config';
import { AppError, isLoopback } from '#libs/kernel';
import { AnswerBatch, type BatchAnswer } from './answer-batch.service.js';
import { SyncAnswers, JSON_TYPE } from './sync-answers.service.js';
import {
  EntryRequest,
  EntryResponse,
  ExitRequest,
  ExitResponse,
  MetricsResponse,
  ModelInfoResponse,
  SetNoiseRequest,
  SetNoiseResponse,
} from './sync.dto.js';

/**
 * The noise is shared by all callers, so administrators alone may set it; with `allow_noise_control` anyone on the same
 * machine, for sweeps. A guard, so that the role is checked before the body.
 */
@Injectable()
export class NoiseControlGuard implements CanActivate {
  constructor(private readonly config: AppConfig) {}

  canActivate(): boolean {
    const { actor, clientAddress } = requestContext();
    if (isAdministrator(actor ?? null)) return true;
    if (this.config.allow_noise_control && isLoopback(clientAddress)) return true;
    throw new AppError('forbidden', 'Setting the noise needs one of these roles: administrator, admin');
  }
}

const ENTRY = { datetime: '14.03.2023 10:00:00.000', tp: 150, sl: 100 };
const EXIT = { datetime: '14.03.2023 10:00:00.000', direction: 'buy', tp_price: 1.0815, sl_price: 1.079 };
const NO_TIME = { 400: 'Invalid timestamp format: 2023-03-14' };
const NO_OPERATION = { 501: 'Predictor does not support predict_entry' };
const ROWS =
  'One answer per row, in the order of the rows; a refused row has `{"error": {…}}` in its place. A batch of lines is answered with one line per row.';
const BATCH = 'An array of single requests, or one JSON object per line as `application/x-ndjson`.';

const problemRef = (dto: typeof ProblemDetails | typeof ValidationProblem) => ({ $ref: getSchemaPath(dto) });
/** What stands in the place of an answer: the error that a single request would be answered with. */
const REFUSED_ROW = objectSchema({
  error: { anyOf: [problemRef(ProblemDetails), problemRef(ValidationProblem)] },
});

/** A list of answers and refusals, or one of them a line. */
function AnswersRows(dto: typeof EntryResponse | typeof ExitResponse): MethodDecorator {
  const row = { anyOf: [{ $ref: getSchemaPath(dto) }, REFUSED_ROW] };
  return applyDecorators(
    ApiExtraModels(dto),
    Answers(200, row, { list: true, description: ROWS, also: { 'application/x-ndjson': row } }),
  );
}

@ApiTags('synchronous')
@Controller('api/v1')
export class SyncController {
  constructor(
    private readonly answers: SyncAnswers,
    private readonly batch: AnswerBatch,
  ) {}

  @Get('model/info')
  @Flexible()
  @ApiOperation({
    summary: 'Describe the predictor',
    description:
      'What the configured predictor answers, which columns it needs, and whether it looks ahead (test instruments do).',
  })
  @Answers(200, ModelInfoResponse, {
    asIs: true,
    open: true,
    description: 'Facts about the predictor, for example whether it looks ahead.',
  })
  @Problems(403, 503)
  info(): Promise<WireObject> {
    return this.answers.info();
  }

  @Post('predict/entry')
  @Flexible()
  @Prepared()
  @ApiOperation({
    summary: 'Decide whether to open a position',
    description:
      'Answers at once, for back-testers. Distances are in pips, and 0 costs stand for the defaults of the plugin. 501 when the predictor does not decide on entries.',
  })
  @Header('Content-Type', JSON_TYPE)
  @Accepts(EntryRequest, { examples: { 'a question': ENTRY } })
  @Answers(200, EntryResponse, {
    asIs: true,
    description: 'Whether a buy and a sell would reach take-profit before stop-loss.',
  })
  @Problems(NO_TIME, 403, 404, 422, NO_OPERATION, 503)
  async entry(@Body() request: EntryRequest): Promise<string> {
    return textWithWarnings(await this.answers.entry(request));
  }

  @Post('predict/exit')
  @Flexible()
  @Prepared()
  @ApiOperation({
    summary: 'Decide whether to keep a position',
    description:
      'Answers at once, for back-testers. Take-profit and stop-loss are absolute prices. 501 when the predictor does not decide on exits.',
  })
  @Header('Content-Type', JSON_TYPE)
  @Accepts(ExitRequest, { examples: { 'a question': EXIT } })
  @Answers(200, ExitResponse, { asIs: true, description: 'Whether to keep or close the position.' })
  @Problems(NO_TIME, 403, 404, 422, NO_OPERATION, 503)
  async exit(@Body() request: ExitRequest): Promise<string> {
    return textWithWarnings(await this.answers.exit(request));
  }

  @Post('predict/entry/batch')
  @Flexible()
  @ApiOperation({
    summary: 'Decide on up to 100,000 entries in one call',
    description:
      'The questions of a whole back-test, as a JSON array or one a line (`application/x-ndjson`). Answers come in the order of the rows.',
  })
  @BatchBody()
  @Accepts(EntryRequest, {
    list: true,
    description: BATCH,
    examples: { 'two questions': [ENTRY, { ...ENTRY, tp: 50 }] },
    also: { 'application/x-ndjson': `${JSON.stringify(ENTRY)}\n` },
  })
  @AnswersRows(EntryResponse)
  @Problems(403, 413, 422, NO_OPERATION, 503)
  async entries(@Body() body: unknown): Promise<StreamableFile> {
    return streamed(await this.batch.entry(body));
  }

  @Post('predict/exit/batch')
  @Flexible()
  @ApiOperation({
    summary: 'Decide on up to 100,000 exits in one call',
    description:
      'The questions of a whole back-test, as a JSON array or one a line (`application/x-ndjson`). Answers come in the order of the rows.',
  })
  @BatchBody()
  @Accepts(ExitRequest, {
    list: true,
    description: BATCH,
    examples: { 'two questions': [EXIT, { ...EXIT, direction: 'sell' }] },
    also: { 'application/x-ndjson': `${JSON.stringify(EXIT)}\n` },
  })
  @AnswersRows(ExitResponse)
  @Problems(403, 413, 422, NO_OPERATION, 503)
  async exits(@Body() body: unknown): Promise<StreamableFile> {
    return streamed(await this.batch.exit(body));
  }

  @Post('predict/set_noise')
  @Flexible()
  @ApiOperation({
    summary: "Set the noise of the oracle's answers",
    description:
      'For oracles with noise: the share of wrong answers follows from the standard deviation. Counts and the sequence of noise begin anew.',
  })
  @UseGuards(NoiseControlGuard)
  @Header('Content-Type', JSON_TYPE)
  @Answers(200, SetNoiseResponse, {
    asIs: true,
    description: 'The noise is set; counts and noise sequence are reset.',
  })
  @Problems(403, 422, { 501: 'Predictor binary_ideal_oracle does not offer noise' })
  setNoise(@Body() { noiseStd }: SetNoiseRequest): string {
    return textWithWarnings(this.answers.setNoise(noiseStd));
  }

  @Get('predict/metrics')
  @Flexible()
  @ApiOperation({
    summary: "Read the accuracy of the oracle's answers",
    description: 'Counted since the start or the last change of the noise, against what the oracle knows.',
  })
  @Header('Content-Type', JSON_TYPE)
  @Answers(200, MetricsResponse, {
    asIs: true,
    description: 'Comparison of the answers with the noiseless truth.',
  })
  @Problems(403, { 501: 'Predictor does not support get_metrics' })
  metrics(): string {
    return this.answers.metrics();
  }
}

const streamed = ({ contentType, body }: BatchAnswer): StreamableFile =>
  new StreamableFile(body, { type: contentType, length: body.length });
