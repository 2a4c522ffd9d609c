import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { PeriodicService } from '#libs/jobs';
import { AppError, Clock, KeyedDigest } from '#libs/kernel';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { AwaitPrediction } from './await-prediction.service.js';
import { PLAIN_QUESTION } from './prediction.types.js';
import { SubmitPrediction } from './submit-prediction.service.js';

/** Scheduled predictions are nobody's; their in-flight limit is counted under this name. */
const SCHEDULER = 'scheduler';

/**
 * The original's loop, switched on by `scheduled_predictions`: an ordinary prediction of `instrument` in each
 * `prediction_interval`. Intervals are counted from 1970, so all processes mean the same one: each tries when an interval
 * begins, under a task id that follows from it, and the first to write its row has it.
 */
@Injectable()
export class PredictionSchedule extends PeriodicService implements BeforeApplicationShutdown {
  readonly #ids: KeyedDigest;

  constructor(
    private readonly submitting: SubmitPrediction,
    private readonly waiting: AwaitPrediction,
    private readonly settings: RuntimeSettings,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {
    const intervalMs = config.prediction_interval * 1000;
    super(clock, {
      everyMs: () => intervalMs - (clock.now() % intervalMs),
      onLate: () =>
        this.logger.warn('a scheduled prediction was left out: the one before it is still running'),
    });
    this.#ids = new KeyedDigest([config.secret_key ?? ''], 'scheduled predictions');
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
    const id = await this.#submit();
    if (id !== null) await this.waiting.until(id, this.settings.get('prediction_timeout') * 1000);
  }

  /** Null when another process has submitted the prediction of this interval. */
  async #submit(): Promise<number | null> {
    try {
      const { id } = await this.submitting.submit({
        entrance: 'schedule',
        caller: null,
        address: SCHEDULER,
        request: { symbol: this.config.instrument, ticker: null, interval: null, ...PLAIN_QUESTION },
        taskId: this.#taskId(),
      });
      return id;
    } catch (error) {
      if (error instanceof AppError && error.code === 'task_id_used') return null;
      throw error;
    }
  }

  /** Keyed, so that no caller can take it first: those of the legacy entrance choose their task ids. */
  #taskId(): string {
    const { instrument, prediction_interval: seconds } = this.config;
    const interval = Math.floor(this.clock.now() / (seconds * 1000));
    return this.#ids.of(JSON.stringify([instrument, seconds, interval])).slice(0, 32);
  }
}
