import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { defineEndpoints, ENDPOINTS_HOST, type EndpointsHost } from '#libs/plugin-sdk';
import { Answer, endpointsOf, OpenTo, Refusal } from './route-documentation.js';

/** One way to ask. */
interface Way {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly use: string;
}

const ASYNCHRONOUS: readonly Way[] = [
  {
    method: 'POST',
    path: '/api/v1/predict',
    use: 'Submit a prediction; with Prefer: wait=10 its answer may come at once.',
  },
  {
    method: 'GET',
    path: '/api/v1/predictions/{id}',
    use: 'Read its status and, once completed, its answer.',
  },
  { method: 'GET', path: '/api/v1/predictions/{id}/events', use: 'Follow it as server-sent events.' },
];
const SYNCHRONOUS: readonly Way[] = [
  { method: 'POST', path: '/api/v1/predict/entry', use: 'Should a trade be opened at this bar?' },
  { method: 'POST', path: '/api/v1/predict/exit', use: 'Should a position be kept at this bar?' },
  { method: 'POST', path: '/api/v1/predict/entry/batch', use: 'Up to 100,000 entry questions in one call.' },
  { method: 'POST', path: '/api/v1/predict/exit/batch', use: 'Up to 100,000 exit questions in one call.' },
];

const WAY_SCHEMA = {
  type: 'object',
  required: ['method', 'path', 'use'],
  properties: {
    method: { type: 'string', enum: ['GET', 'POST'] },
    path: { type: 'string' },
    use: { type: 'string' },
  },
} as const;
const names = { type: 'array', items: { type: 'string' } } as const;

@ApiTags('service')
@Controller('predict')
class PredictIndexController {
  constructor(@Inject(ENDPOINTS_HOST) private readonly host: EndpointsHost) {}

  @Get()
  @OpenTo('flexible')
  @ApiOperation({
    summary: 'Read how to request predictions',
    description: 'Names the routes that take predictions and the plugins that a request may name.',
  })
  @Answer(
    'The ways to request predictions, and the plugins that a request may name.',
    {
      type: 'object',
      required: ['ways', 'predictors', 'feeders', 'pipelines'],
      properties: {
        ways: { type: 'array', items: WAY_SCHEMA },
        predictors: names,
        feeders: names,
        pipelines: names,
      },
    },
    {
      ways: [ASYNCHRONOUS[0]],
      predictors: ['default_predictor'],
      feeders: ['default_feeder'],
      pipelines: ['default_pipeline'],
    },
  )
  @Refusal(403, 'Forbidden', 'API key required')
  index(): Readonly<Record<string, unknown>> {
    const plugins = this.host.plugins();
    const ids = (kind: string) => plugins.filter((plugin) => plugin.kind === kind).map(({ id }) => id);
    const isSynchronous = plugins.some(({ id, state }) => id === 'sync_core' && state === 'active');
    return {
      ways: isSynchronous ? [...ASYNCHRONOUS, ...SYNCHRONOUS] : ASYNCHRONOUS,
      predictors: ids('predictor'),
      feeders: ids('feeder'),
      pipelines: ids('pipeline'),
    };
  }
}

/** Tells programs how to ask. The predictions themselves belong to the server. */
export default defineEndpoints({
  id: 'predict_endpoint',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Describes at /predict how to request predictions.',
  parameters: {},
  create: () => endpointsOf(PredictIndexController),
});
