import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { type Clock, Repeater, type RepeaterOptions } from '#libs/kernel';

/** When the turns of a {@link PeriodicService} come, and what becomes of a late one: see {@link RepeaterOptions}. */
export type Period = Pick<RepeaterOptions, 'everyMs' | 'firstMs' | 'onLate'>;

/**
 * A service that does one thing regularly, from the start of the application to its end, which waits for the turn under
 * way. What a turn throws is logged.
 */
export abstract class PeriodicService implements OnApplicationBootstrap, OnApplicationShutdown {
  protected readonly logger = new Logger(this.constructor.name);
  readonly #repeater: Repeater;

  constructor(clock: Clock, period: Period) {
    this.#repeater = new Repeater({
      ...period,
      clock,
      work: (signal) => this.turn(signal),
      onError: (error) => this.failed(error),
    });
  }

  onApplicationBootstrap(): void {
    this.#repeater.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.#repeater.stop();
  }

  /** Takes a turn now, or one more after the one under way; the others come in their time. Before the start it does nothing. */
  protected look(): void {
    this.#repeater.now();
  }

  /** The work; the signal aborts when the application ends. */
  protected abstract turn(signal: AbortSignal): Promise<unknown>;

  protected failed(error: unknown): void {
    this.logger.error(error);
  }
}
