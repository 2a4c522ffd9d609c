import {
  Injectable,
  Logger,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { Clock } from '#libs/kernel';
import { PluginRegistry } from '#libs/plugin-host';
import { MarketplaceEvents } from '../marketplace/marketplace-events.port.js';
import { ClaimedWork, OrderQueue } from '../marketplace/order-queue.port.js';
import { ForecastCalibrations, TrainingDistances } from '../outcomes/outcomes.port.js';
import { ComputeAnswer } from './compute-answer.js';
import { EvaluatorAgent } from './evaluator-agent.js';

/** `auto_evaluate`: the service computes its own orders, so that a single operator's marketplace works alone. */
@Injectable()
export class AutoEvaluate implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #logger = new Logger(AutoEvaluate.name);
  #agent: EvaluatorAgent | null = null;
  #unsubscribe = (): void => undefined;

  constructor(
    private readonly plugins: PluginRegistry,
    private readonly queue: OrderQueue,
    private readonly work: ClaimedWork,
    private readonly events: MarketplaceEvents,
    private readonly calibrations: ForecastCalibrations,
    private readonly distances: TrainingDistances,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.config.auto_evaluate) return;
    const agent = this.#newAgent();
    this.#agent = agent;
    // An order is computed as soon as it is there; the pause between looks is for those of other processes.
    this.#unsubscribe = this.events.subscribe((tx, { kind }) => {
      if (kind === 'submitted' || kind === 'released') tx.afterCommit(() => agent.wake());
      return Promise.resolve();
    });
    agent.run().catch((error: unknown) => this.#logger.error(error));
  }

  async beforeApplicationShutdown(): Promise<void> {
    this.#unsubscribe();
    await this.#agent?.stop(this.config.shutdown_grace * 1000);
  }

  #newAgent(): EvaluatorAgent {
    const log = this.#logger;
    return new EvaluatorAgent(
      this.queue,
      this.work,
      new ComputeAnswer(this.plugins, this.clock, {
        calibrations: this.calibrations,
        distances: this.distances,
      }),
      {
        parallel: this.config.agent_parallel,
        idleMs: this.config.agent_idle_seconds * 1000,
        heartbeatMs: this.config.agent_heartbeat_seconds * 1000,
      },
      this.clock,
      {
        info: (message, details) => log.log({ message, ...details }),
        warn: (message, details) => log.warn({ message, ...details }),
        error: (message, details) => log.error({ message, ...details }),
      },
    );
  }
}
