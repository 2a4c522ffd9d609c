import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { AwaitPrediction } from './await-prediction.service.js';
import { PLAIN_QUESTION } from './prediction.types.js';
import { SubmitPrediction } from './submit-prediction.service.js';

/** Scheduled predictions are nobody's; their in-flight limit is counted under this name. */
const SCHEDULER = 'scheduler';

/** The original's loop, switched on by `scheduled_predictions`: an ordinary prediction of `instrument` each `prediction_interval`. */
@Injectable()
export class PredictionSchedule extends PeriodicService implements BeforeApplicationShutdown {
  constructor(
    private readonly submitting: SubmitPrediction,
    private readonly waiting: AwaitPrediction,
    private readonly config: AppConfig,
    clock: Clock,
  ) {
    super(clock, {
      everyMs: config.prediction_interval * 1000,
      onLate: () =>
        this.logger.warn('a scheduled prediction was left out: the one before it is still running'),
    });
  }

  override onApplicationBootstrap(): void {
    if (this.config.scheduled_predictions && this.config.pipeline_enabled) super.onApplicationBootstrap();
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.onApplicationShutdown();
  }

  protected override failed(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.logger.error(`a scheduled prediction failed: ${text}`);
  }

  protected async turn(): Promise<void> {
    const { id } = await this.submitting.submit({
      entrance: 'legacy',
      caller: null,
      address: SCHEDULER,
      request: { symbol: this.config.instrument, ticker: null, interval: '1h', ...PLAIN_QUESTION },
    });
    await this.waiting.until(id, this.config.prediction_timeout * 1000);
  }
}
