import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { Clock } from '#libs/kernel';
import { ScheduledPredictions } from '#libs/plugin-host';
import { AwaitPrediction } from './await-prediction.service.js';
import { SubmitPrediction } from './submit-prediction.service.js';

/** Scheduled predictions are nobody's; their in-flight limit is counted under this name. */
const SCHEDULER = 'scheduler';

/** The original's loop, switched on by `scheduled_predictions`: an ordinary prediction of `instrument` each `prediction_interval`. */
@Injectable()
export class PredictionSchedule implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #loop: ScheduledPredictions;

  constructor(
    private readonly submitting: SubmitPrediction,
    private readonly waiting: AwaitPrediction,
    private readonly config: AppConfig,
    clock: Clock,
  ) {
    const logger = new Logger(PredictionSchedule.name);
    this.#loop = new ScheduledPredictions({
      clock,
      logger: {
        info: (text) => logger.log(text),
        warn: (text) => logger.warn(text),
        error: (text) => logger.error(text),
      },
      intervalMs: () => config.prediction_interval * 1000,
      submit: () => this.#predict(),
    });
  }

  onApplicationBootstrap(): void {
    if (this.config.scheduled_predictions && this.config.pipeline_enabled) this.#loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.#loop.stop();
  }

  async #predict(): Promise<void> {
    const { id } = await this.submitting.submit({
      entrance: 'legacy',
      caller: null,
      address: SCHEDULER,
      request: {
        symbol: this.config.instrument,
        ticker: null,
        interval: '1h',
        prediction_type: 'short_term',
        model_name: null,
        prediction_horizon: null,
        baseline_datetime: null,
        horizons: null,
        date_column: null,
        target_column: null,
      },
    });
    await this.waiting.until(id, this.config.prediction_timeout * 1000);
  }
}
