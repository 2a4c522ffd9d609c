import { Controller, Get, ServiceUnavailableException } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { HealthCheckService, HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { Answers, objectSchema, Problems, Public } from '#libs/http';
import { AppError, OutageError } from '#libs/kernel';
import type { HealthReading } from '#libs/plugin-sdk';
import { Readiness } from './readiness.js';

const OK = { type: 'string', enum: ['ok'] };
const OK_SCHEMA = objectSchema({ status: OK });
const FREE = { type: 'object', additionalProperties: true };
const READY_SCHEMA = objectSchema(
  { status: OK, info: FREE, error: FREE, details: { ...FREE, description: 'Result of each check by name.' } },
  ['info', 'error'],
);
const READY_EXAMPLE = {
  status: 'ok',
  info: { database: { status: 'up', kind: 'sqlite', response_ms: 0.2 } },
  error: {},
  details: { database: { status: 'up', kind: 'sqlite', response_ms: 0.2 } },
};

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(
    private readonly health: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
    private readonly readiness: Readiness,
  ) {}

  @Get()
  @Public()
  @ApiOperation({
    summary: 'Check that the service is running',
    description:
      'The short answer that clients of the Python service expect. Load balancers ask `/health/ready`.',
  })
  @Answers(200, OK_SCHEMA, { description: 'The service is running.', example: { status: 'ok' } })
  status(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('live')
  @Public()
  @ApiOperation({
    summary: 'Liveness probe',
    description:
      '200 as long as the process answers. It looks at nothing else, so that an outage of the database restarts nothing.',
  })
  @Answers(200, OK_SCHEMA, { description: 'The process is alive.', example: { status: 'ok' } })
  live(): { readonly status: 'ok' } {
    return { status: 'ok' };
  }

  @Get('ready')
  @Public()
  @ApiOperation({
    summary: 'Readiness probe',
    description: '503 while the database is away or the process stops: send no traffic then.',
  })
  @Answers(200, READY_SCHEMA, { description: 'Ready to receive traffic.', example: READY_EXAMPLE })
  @Problems({ 503: 'Not ready: database' })
  async ready(): Promise<object> {
    const readings = await this.readiness.readings();
    try {
      return await this.health.check(readings.map((reading) => () => this.#indicator(reading)));
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      const down = readings.filter(({ up }) => !up).map(({ name }) => name);
      const text = `Not ready: ${down.join(', ')}`;
      const options = { code: 'not_ready', headers: { 'Retry-After': '1' } };
      // of an outage the log has said so already; probes ask every few seconds
      throw down.includes('database')
        ? new OutageError(text, options)
        : new AppError('unavailable', text, options);
    }
  }

  #indicator({ name, up, detail }: HealthReading): HealthIndicatorResult {
    const session = this.indicators.check(name);
    return up ? session.up(detail) : session.down(detail);
  }
}
