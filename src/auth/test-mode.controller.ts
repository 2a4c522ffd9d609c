import { Controller, Inject, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { type AppConfig, APP_CONFIG } from '#libs/config';
import { Answers, Problems, Public, MessageOut } from '#libs/http';
import { AppError } from '#libs/kernel';
import { RATE_LIMIT_STORAGE, type RateLimitStorage } from './rate-limit-storage.js';

/** Conveniences of test installations; elsewhere these routes answer like unknown ones. */
@ApiTags('test mode')
@Controller('test')
export class TestModeController {
  constructor(
    @Inject(RATE_LIMIT_STORAGE) private readonly limits: RateLimitStorage,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'environment'>,
  ) {}

  @Post('reset-rate-limit')
  @Public()
  @ApiOperation({ summary: 'Forget all rate limits (only with `environment=test`)' })
  @Answers(200, MessageOut, { description: 'All counters start anew.' })
  @Problems({ 404: 'Not Found' })
  async resetRateLimit(): Promise<MessageOut> {
    if (this.config.environment !== 'test') throw new AppError('not_found', 'Not Found');
    await this.limits.clear();
    return { message: 'Rate limits reset' };
  }
}
