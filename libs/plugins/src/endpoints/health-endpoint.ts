import { Controller, Get, Inject } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { defineEndpoints, ENDPOINTS_HOST, type EndpointsHost, type HealthReading } from '#libs/plugin-sdk';
import { Answer, endpointsOf, OpenTo } from './route-documentation.js';

const READING_SCHEMA = {
  type: 'object',
  required: ['name', 'up', 'detail'],
  properties: {
    name: { type: 'string' },
    up: { type: 'boolean' },
    detail: { type: 'object', additionalProperties: true },
  },
} as const;
const PLUGIN_READING = { name: 'default_feeder', up: true, detail: { kind: 'feeder', state: 'active' } };

/** Measured conditions in full: `/health/live` and `/health/ready` of the server only say yes or no. */
@ApiTags('health')
@Controller('health')
class HealthDetailController {
  constructor(@Inject(ENDPOINTS_HOST) private readonly host: EndpointsHost) {}

  @Get('details')
  @OpenTo('flexible')
  @ApiOperation({
    summary: 'Read all health checks',
    description: 'Every check with its state, measured now.',
  })
  @Answer(
    'All health checks and the state of all plugins, measured now. The status is 200 even when something is down.',
    {
      type: 'object',
      required: ['ready', 'conditions', 'plugins'],
      properties: {
        ready: { type: 'boolean' },
        conditions: { type: 'array', items: READING_SCHEMA },
        plugins: { type: 'array', items: READING_SCHEMA },
      },
    },
    {
      ready: true,
      conditions: [{ name: 'database', up: true, detail: { response_ms: 0.2 } }],
      plugins: [PLUGIN_READING],
    },
  )
  async details(): Promise<{
    readonly ready: boolean;
    readonly conditions: readonly HealthReading[];
    readonly plugins: readonly HealthReading[];
  }> {
    const conditions = await this.host.readiness();
    const plugins = this.host.plugins().map(({ id, kind, state }): HealthReading => ({
      name: id,
      up: state !== 'failed',
      detail: { kind, state },
    }));
    return { ready: conditions.every(({ up }) => up), conditions, plugins };
  }
}

/** What stands behind the server's health answers, for people who look for the cause. */
export default defineEndpoints({
  id: 'health_endpoint',
  apiVersion: 1,
  version: '1.0.0',
  description: 'Reports all health checks and the state of all plugins at /health/details.',
  parameters: {},
  create: () => endpointsOf(HealthDetailController),
});
