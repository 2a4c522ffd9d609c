import { Body, Controller, Get, Param, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import {
  Accepts,
  ADMINISTRATORS,
  Answers,
  Authenticated,
  Caller,
  Problems,
  RoleProblems,
  SuccessOut,
} from '#libs/http';
import type { Actor } from '#libs/kernel';
import {
  ConfigChange,
  ConfigOut,
  SystemHealthOut,
  UsageOut,
  UsageOwnerParam,
  UsageQuery,
} from './admin.dto.js';
import { StatisticsOut, StatisticsQuery } from './statistics.dto.js';
import { Statistics } from './statistics.service.js';
import { SystemConfig } from './system-config.service.js';
import { SystemHealth } from './system-health.service.js';
import { Usage } from './usage.service.js';

@ApiTags('administration')
@RoleProblems(...ADMINISTRATORS)
@Controller('api/v1/admin')
export class AdminController {
  constructor(
    private readonly usage: Usage,
    private readonly statistics: Statistics,
    private readonly config: SystemConfig,
    private readonly health: SystemHealth,
  ) {}

  @Get('usage/:username')
  @Authenticated(...ADMINISTRATORS, 'operator')
  @ApiOperation({
    summary: 'Read the usage of an account',
    description: 'Requests, predictions and money of one account within the last `days`.',
  })
  @Answers(200, UsageOut, { description: 'Usage within the last `days`.' })
  @Problems({ 404: 'User not found' }, 422)
  usageOf(@Param() { username }: UsageOwnerParam, @Query() { days }: UsageQuery): Promise<UsageOut> {
    return this.usage.of(username, days);
  }

  @Get('stats')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read statistics of the service',
    description: 'Accounts, predictions, orders, money and resources within a period.',
  })
  @Answers(200, StatisticsOut, { description: 'Statistics; figures that are not measured are null.' })
  @Problems(422)
  stats(@Query() { period }: StatisticsQuery): Promise<StatisticsOut> {
    return this.statistics.collect(period);
  }

  @Get('config')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read the settings in effect, without secrets',
    description: 'Which settings are in effect, and which of them were changed at run time.',
  })
  @Answers(200, ConfigOut, { description: 'The configured values, including changes made at run time.' })
  showConfig(): ConfigOut {
    return this.config.show();
  }

  @Post('config')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Change settings without a restart',
    description:
      'Takes the settings that may change while the service runs. They are stored, and the other processes follow within a second.',
  })
  @Accepts(ConfigChange, {
    examples: {
      'Slower predictions, fewer at once': { prediction_timeout: 600, max_concurrent_predictions: 5 },
      'A rate limit': { rate_limits: { predictions: 600 } },
      'Back to what is configured': { prediction_timeout: null },
    },
  })
  @Answers(200, SuccessOut, {
    description:
      'The changes take effect immediately in this process and within a second in other processes.',
  })
  @Problems(422, { 503: 'A plugin could not be created' })
  changeConfig(@Body() body: ConfigChange, @Caller() caller: Actor): Promise<SuccessOut> {
    return this.config.change(body, caller);
  }

  @Get('system/health')
  @Authenticated(...ADMINISTRATORS)
  @ApiOperation({
    summary: 'Read the health of database, plugins, jobs and disk',
    description: 'Measured during the request; `/health/ready` is the short form for load balancers.',
  })
  @Answers(200, SystemHealthOut, { description: 'Health, measured during this request.' })
  systemHealth(): Promise<SystemHealthOut> {
    return this.health.report();
  }
}
