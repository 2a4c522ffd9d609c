import type { Actor } from '#libs/kernel';
import type { Money, Micros, Quote } from '../billing/billing.port.js';
import type { AskedTerms, OrderStatus, Order, MarketplacePredictionType } from './marketplace.port.js';

/** What a client learns when it submits. */
export interface SubmittedOrder {
  readonly order: Order;
  /** 1 is next. */
  readonly queuePosition: number;
  /** From the latest completed orders; null while there are none. */
  readonly estimatedCompletion: Date | null;
}

/** All given conditions must hold. */
export interface OrderFilter {
  readonly status?: OrderStatus;
  /** Exact. */
  readonly symbol?: string;
  readonly predictionType?: MarketplacePredictionType;
  /** On creation, both ends included. */
  readonly startDate?: Date;
  readonly endDate?: Date;
}

export const ORDER_SORTS = ['created_at', 'completed_at', 'priority', 'cost'] as const;

export interface OrderPage {
  readonly sort: (typeof ORDER_SORTS)[number];
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly offset: number;
}

/** What a line of a listing says of an order. */
export const LISTED_FIELDS = [
  'id',
  'taskId',
  'clientId',
  'status',
  'symbol',
  'predictionType',
  'priority',
  'currency',
  'estimatedCost',
  'actualCost',
  'createdAt',
  'completedAt',
] as const satisfies readonly (keyof Order)[];
export type OrderSummary = Pick<Order, (typeof LISTED_FIELDS)[number]>;

export interface OrderList {
  readonly orders: readonly OrderSummary[];
  /** How many match on all pages; above 2,000 of a filter other than the status only that they are more. */
  readonly total: number;
  readonly isExact: boolean;
}

/** What a client may change while the order is pending; fields that are left out keep their values. */
export interface OrderChange {
  readonly priority?: number;
  readonly maxCost?: Micros | null;
  readonly notificationWebhook?: string | null;
}

/** How a claim ended. `expired`: its lease ran out; `failed`: the order cannot be answered. */
export type ClaimOutcome = 'completed' | 'released' | 'expired' | 'failed';

/** A past claim, or the current one. */
export interface OrderClaim {
  readonly leaseEpoch: number;
  /** User id; 0 when the service itself computes. */
  readonly evaluatorId: number;
  readonly claimedAt: Date;
  /** Null for the current claim. */
  readonly endedAt: Date | null;
  readonly outcome: ClaimOutcome | null;
  /** Why it was released, as the evaluator says. */
  readonly reason: string | null;
  readonly details: string | null;
}

/** Takes new orders of clients. */
export abstract class NewOrders {
  /**
   * Takes an order: limit, quote, hold, row and place in the queue in one transaction.
   * @throws AppError in this order: `invalid` (unknown plugin, provider without a price, moment in the past), `too_many`
   * (`request_limit`, names the number) at the tier's limit, `payment_required` (`max_cost_exceeded`, both amounts) when
   * the quote is above `maxCost`, `payment_required` (`insufficient_credits`) when the credits do not suffice
   */
  abstract submit(actor: Actor, terms: AskedTerms): Promise<SubmittedOrder>;
  /**
   * What an order would cost now, without taking it. Only {@link submit} binds a price.
   * @throws AppError `invalid` as submit does
   */
  abstract quote(terms: AskedTerms): Promise<Quote>;
}

/**
 * A client's orders once they are taken. Everything about one order answers `not_found` (`prediction_not_found`) for an
 * unknown id, `gone` (`archived`) for one in an archive and `forbidden` (`not_owner`) for somebody else's: administrators reach all orders, the evaluator who
 * claimed one may read it, an operator reads all without results.
 */
export abstract class ClientOrders {
  abstract find(actor: Actor, orderId: string): Promise<Order>;
  /** Every claim of an order that the actor may read, first one first. */
  abstract claims(actor: Actor, orderId: string): Promise<readonly OrderClaim[]>;
  /** An administrator's and an operator's list holds everybody's orders, all others' their own. */
  abstract list(actor: Actor, filter: OrderFilter, page: OrderPage): Promise<OrderList>;
  /**
   * Changes a pending order; a changed price is held or given back with the price version it was made with.
   * @throws AppError `conflict` (`not_pending`), `payment_required` (`max_cost_exceeded` or `insufficient_credits`)
   */
  abstract update(actor: Actor, orderId: string, change: OrderChange): Promise<Order>;
  /**
   * Cancels a pending order and gives the whole hold back.
   * @throws AppError `conflict` (`not_pending`), also for the second call
   */
  abstract cancel(actor: Actor, orderId: string): Promise<{ readonly order: Order; readonly refund: Money }>;
}
