import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import type { MarketplaceEvent, MarketplaceEvents, MarketplaceListener } from './marketplace-events.port.js';

/** Those who take part in what happens to orders. */
@Injectable()
export class MarketplaceListeners implements MarketplaceEvents {
  readonly #listeners = new Set<MarketplaceListener>();

  subscribe(listener: MarketplaceListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async tell(tx: Transaction, event: MarketplaceEvent): Promise<void> {
    for (const listener of this.#listeners) await listener(tx, event);
  }
}
