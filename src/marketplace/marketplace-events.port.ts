import type { Transaction } from '#libs/database';
import type { Order } from './marketplace.port.js';

/** What happened to an order. `expired` is the failure of an order that nobody finished in time; `scored`: what was held of its price is paid. */
export type MarketplaceEventKind =
  | 'submitted'
  | 'updated'
  | 'claimed'
  | 'released'
  | 'lease_expired'
  | 'completed'
  | 'scored'
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
 * Runs in the transaction of the change, for writes that must happen together with it. It writes through `tx` and must
 * wait only for the database. If it throws, the change is rolled back.
 */
export type MarketplaceListener = (tx: Transaction, event: MarketplaceEvent) => Promise<void>;

/** Lets other domains take part in what happens to orders. */
export abstract class MarketplaceEvents {
  /** Listeners are called one after another, in the order of subscription. Returns a function that unsubscribes. */
  abstract subscribe(listener: MarketplaceListener): () => void;
}
