import type { Transaction } from '#libs/database';
import type { Order } from './marketplace.port.js';

/** What happened to an order. `expired` is the failure of an order that nobody finished in time. */
export type MarketplaceEventKind =
  | 'submitted'
  | 'updated'
  | 'claimed'
  | 'released'
  | 'lease_expired'
  | 'completed'
  | 'cancelled'
  | 'failed'
  | 'expired';

export interface MarketplaceEvent {
  readonly kind: MarketplaceEventKind;
  /** The order after it, with its result when completed. */
  readonly order: Order;
  readonly occurredAt: Date;
}

/**
 * Takes part in the transaction of the change, for what must happen with it or not at all. It writes through `tx` and
 * waits for nothing but the database; what it throws undoes the change.
 */
export type MarketplaceListener = (tx: Transaction, event: MarketplaceEvent) => Promise<void>;

/** Lets other domains take part in what happens to orders. */
export abstract class MarketplaceEvents {
  /** Listeners are called one after another, in the order they came. Returns what ends it. */
  abstract subscribe(listener: MarketplaceListener): () => void;
}
