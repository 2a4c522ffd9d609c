import { Body, Controller, Get, Headers, Param, Post, type StreamableFile } from '@nestjs/common';
import { ApiHeader, ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  Answers,
  Authenticated,
  BinaryBody,
  Problems,
  Public,
  RoleProblems,
  type WithHeaders,
} from '#libs/http';
import { BINARY_TYPE, HEADER_LENGTH } from '#libs/open-inference';
import {
  INFER_ANSWER_EXAMPLE,
  INFER_EXAMPLE,
  INFER_REQUEST,
  INFER_RESPONSE,
  ModelOut,
  ModelPath,
  ModelReadyOut,
  ModelVersionPath,
  ServerLiveOut,
  ServerOut,
} from './inference.dto.js';
import { ServeModels } from './serve-models.service.js';

/** Clients buy forecasts, not models: who computes and who watches may ask them. */
const ROLES = ['administrator', 'admin', 'operator', 'evaluator'] as const;
const UNKNOWN = { 404: 'There is no model "forecaster" here' };
const NOT_LOADED = { 503: 'Plugin default_predictor is not configured' };
const WRONG = { 400: 'The input "window" is FP32, not FP64' };
const READ = 'Its version is the SHA-256 of its file; the other one of this pair of routes takes a version.';

const INFER = {
  summary: 'Compute the outputs of a model',
  description:
    'Tensors in, tensors out, without bars, prices or units: the input is what the model was trained with. JSON, or JSON with binary tensors behind it (`Inference-Header-Content-Length`, little-endian, row by row). With `samples` the plain outputs are means over random passes.',
};

/** Documents a route that infers. */
const Infers = (): MethodDecorator => (target, name, descriptor) => {
  for (const decorate of [
    BinaryBody(),
    ApiOperation(INFER),
    ApiHeader({
      name: HEADER_LENGTH,
      required: false,
      description: 'Bytes of the JSON in front of binary tensors.',
      schema: { type: 'integer', minimum: 2 },
    }),
    Accepts(INFER_REQUEST, {
      examples: { 'a window of two bars': INFER_EXAMPLE },
      also: { [BINARY_TYPE]: JSON.stringify(INFER_EXAMPLE) },
    }),
    Answers(200, INFER_RESPONSE, {
      description: 'The outputs, as JSON or with binary tensors behind it.',
      example: INFER_ANSWER_EXAMPLE,
      also: { [BINARY_TYPE]: { type: 'string', format: 'binary' } },
      headers: { [HEADER_LENGTH]: 'Bytes of the JSON in front of binary tensors.' },
    }),
    Problems(WRONG, UNKNOWN, 413, NOT_LOADED),
    RoleProblems(...ROLES),
  ])
    (decorate as MethodDecorator)(target, name, descriptor);
};

@ApiTags('inference')
@Controller('v2')
export class InferenceController {
  constructor(private readonly models: ServeModels) {}

  @Get()
  @Public()
  @ApiOperation({ summary: 'Read the metadata of the server', description: 'Name, version and extensions.' })
  @Answers(200, ServerOut, { description: 'What speaks here.' })
  server(): ServerOut {
    return this.models.server();
  }

  @Get('health/live')
  @Public()
  @ApiOperation({ summary: 'Check that the inference server is alive', description: 'As `/health/live`.' })
  @Answers(200, ServerLiveOut, { description: 'It is.' })
  live(): ServerLiveOut {
    return { live: true };
  }

  @Get('health/ready')
  @Public()
  @ApiOperation({
    summary: 'Check that all models are ready',
    description: 'As `/health/ready`, and every model of the loaded predictors can be opened.',
  })
  @Answers(200, ServerLiveOut, { description: 'They are.' })
  @Problems({ 503: 'Not ready: database' })
  ready(): Promise<ServerLiveOut> {
    return this.models.ready();
  }

  @Get('models/:model')
  @Authenticated(...ROLES)
  @ApiOperation({ summary: 'Read the metadata of a model', description: READ })
  @Answers(200, ModelOut, { description: 'Its tensors.' })
  @Problems(UNKNOWN, 422, NOT_LOADED)
  @RoleProblems(...ROLES)
  model(@Param() { model }: ModelPath): Promise<ModelOut> {
    return this.models.metadata(model, null);
  }

  @Get('models/:model/versions/:version')
  @Authenticated(...ROLES)
  @ApiOperation({ summary: 'Read the metadata of a version of a model', description: READ })
  @Answers(200, ModelOut, { description: 'Its tensors.' })
  @Problems(UNKNOWN, 422, NOT_LOADED)
  @RoleProblems(...ROLES)
  modelVersion(@Param() { model, version }: ModelVersionPath): Promise<ModelOut> {
    return this.models.metadata(model, version);
  }

  @Get('models/:model/ready')
  @Authenticated(...ROLES)
  @ApiOperation({ summary: 'Check that a model is ready', description: 'Opens it, if it is not open yet.' })
  @Answers(200, ModelReadyOut, { description: 'It is.' })
  @Problems(UNKNOWN, 422, NOT_LOADED)
  @RoleProblems(...ROLES)
  modelReady(@Param() { model }: ModelPath): Promise<ModelReadyOut> {
    return this.models.modelReady(model, null);
  }

  @Get('models/:model/versions/:version/ready')
  @Authenticated(...ROLES)
  @ApiOperation({
    summary: 'Check that a version of a model is ready',
    description: 'Opens the model, if it is not open yet.',
  })
  @Answers(200, ModelReadyOut, { description: 'It is.' })
  @Problems(UNKNOWN, 422, NOT_LOADED)
  @RoleProblems(...ROLES)
  modelVersionReady(@Param() { model, version }: ModelVersionPath): Promise<ModelReadyOut> {
    return this.models.modelReady(model, version);
  }

  @Post('models/:model/infer')
  @Authenticated(...ROLES)
  @Infers()
  infer(
    @Param() { model }: ModelPath,
    @Body() body: unknown,
    @Headers(HEADER_LENGTH) headerLength?: string,
  ): Promise<WithHeaders<StreamableFile>> {
    return this.models.infer({ model, version: null }, body, headerLength);
  }

  @Post('models/:model/versions/:version/infer')
  @Authenticated(...ROLES)
  @Infers()
  inferVersion(
    @Param() { model, version }: ModelVersionPath,
    @Body() body: unknown,
    @Headers(HEADER_LENGTH) headerLength?: string,
  ): Promise<WithHeaders<StreamableFile>> {
    return this.models.infer({ model, version }, body, headerLength);
  }
}
