import type { Exchange } from '../http/exchange.js';
import type { RequestObserver } from '../http/http-front.js';
import type { Logger } from './logger.js';

/** One line a request: `METHOD PATH - STATUS - N.Nms`. */
export class AccessLog implements RequestObserver {
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger.child({ name: 'prediction_provider.access' });
  }

  finished(exchange: Exchange, status: number, durationMs: number): void {
    if (!this.#logger.isLevelEnabled('info')) return;
    this.#logger.info(
      { request_id: exchange.requestId, user: exchange.actor?.username, address: exchange.clientAddress },
      `${exchange.method} ${exchange.path} - ${status} - ${durationMs.toFixed(1)}ms`,
    );
  }
}
