import { Controller, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AppConfig } from '#libs/config';
import { Answers, Problems, Public, MessageOut } from '#libs/http';
import { AppError } from '#libs/kernel';
import { RateLimitStorage } from './rate-limit-storage.js';

/** Conveniences of test installations; elsewhere these routes answer like unknown ones. */
@ApiTags('test mode')
@Controller('test')
export class TestModeController {
  constructor(
    private readonly limits: RateLimitStorage,
    private readonly config: AppConfig,
  ) {}

  @Post('reset-rate-limit')
  @Public()
  @ApiOperation({
    summary: 'Reset the counters of all rate limits (only with `environment=test`)',
    description: 'For test suites. 404 in every other environment.',
  })
  @Answers(200, MessageOut, { description: 'All counters are reset to zero.' })
  @Problems({ 404: 'Not Found' })
  async resetRateLimit(): Promise<MessageOut> {
    if (this.config.environment !== 'test') throw new AppError('not_found', 'Not Found');
    await this.limits.clear();
    return { message: 'Rate limits reset' };
  }
}
