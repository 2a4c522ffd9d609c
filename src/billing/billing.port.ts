import type { Anchor, Transaction } from '#libs/database';
import type { PageWindow } from '#libs/http';

/** An amount of money in micro-units (1e-6) of its currency: an integer below 2^53 in size. */
export type Micros = number;

/** ISO 4217 code, three capital letters. */
export type Currency = string;

/** The currency of the base prices, of the credit limit and of the original's totals. */
export const HOME_CURRENCY: Currency = 'USD';

/** Used instead of a user id when the service itself is the provider or the evaluator. */
export const PLATFORM_ID = 0;

/** What decides the price of an order. */
export interface PriceTerms {
  readonly symbol: string;
  /** The model as providers price it, at most 100 characters. */
  readonly modelName: string;
  /** `short_term`, `long_term` or `custom`; others cost as `custom`. */
  readonly predictionType: string;
  /** Bars ahead. */
  readonly horizon: number;
  /** Bars of history, `lookback_ticks`. */
  readonly lookback: number;
  readonly feeder: string;
  readonly predictor: string;
  /** 1 to 10. */
  readonly priority: number;
  /** Only this provider's price: a user id or a username. Absent: the cheapest active one. */
  readonly provider?: number | string;
}

/** One reason why an order costs more than the plain price. */
export interface PriceMultiplier {
  readonly reason: 'horizon' | 'lookback' | 'premium_feeder' | 'heavy_predictor' | 'priority';
  /** What it adds, in hundredths of the plain price. */
  readonly hundredths: number;
}

/** How a price is shared when the order completes; the three add up to the total, to the micro-unit. */
export interface PriceShares {
  /** What the evaluator is promised; a bonus for speed comes out of the other two. */
  readonly evaluator: Micros;
  readonly provider: Micros;
  readonly platform: Micros;
}

/** A binding price: an order that is held with it never costs more. */
export interface Quote {
  readonly modelName: string;
  /** User id of the provider; {@link PLATFORM_ID} when nobody has a price for the model. */
  readonly providerId: number;
  /** Version of the provider's price; null for the base table. It stays in force for this quote when prices change. */
  readonly priceId: number | null;
  /** The plain price. */
  readonly unitPrice: Micros;
  readonly multipliers: readonly PriceMultiplier[];
  readonly total: Micros;
  readonly shares: PriceShares;
  /** Millionths of the provider's share that wait until the forecast is scored; null for none. */
  readonly scoreShare: Micros | null;
  readonly currency: Currency;
  /** Epoch ms; later it can't be held any more. */
  readonly expiresAt: number;
}

export interface HoldCommand {
  /** Id of the order (UUID). */
  readonly orderId: string;
  /** Who pays. */
  readonly clientId: number;
  readonly quote: Quote;
  /** For statements and invoices: what was asked for; cut at 255 characters. */
  readonly description: string;
  /** From {@link Billing.fundsFor}, when the caller has locked the funds; absent: locked and read here. */
  readonly funds?: FundsForOrder;
}

/** What a client has to pay an order with, as long as the funds are locked. */
export interface FundsForOrder {
  readonly available: Micros;
  /** Expiring credits among it, those that expire first in front. */
  readonly open: readonly {
    readonly id: number;
    readonly expiresAt: Date;
    readonly amount: Micros;
    readonly used: Micros;
  }[];
  /** The order's money is held already. */
  readonly isHeld: boolean;
}

export interface CaptureCommand {
  readonly orderId: string;
  /** User id of the evaluator; {@link PLATFORM_ID} when the service computed it itself. */
  readonly evaluatorId: number;
  /** Milliseconds from claim to submission, by the server's clock. */
  readonly workedMs: number;
  /** Milliseconds that the lease gave. */
  readonly leaseMs: number;
}

/** How an order was settled. `evaluator` + `bonus` + `provider` + `platform` + `staked` = `total`. */
export interface Settlement extends PriceShares {
  readonly orderId: string;
  readonly currency: Currency;
  /** The price of the order. */
  readonly total: Micros;
  /** Of the provider's share, what is held until the forecast is scored. */
  readonly staked: Micros;
  /** For speed, taken from the provider's and the platform's shares: 0 to 10 % of the evaluator's share. */
  readonly bonus: Micros;
}

/** What a provider asks for a model, before surcharges. */
export type Offer = Pick<Quote, 'providerId' | 'unitPrice' | 'currency'>;

/** What orders cost. */
export abstract class Prices {
  /** Prices an order. @throws AppError `invalid` for a named provider that is unknown or has no price for the model */
  abstract quote(terms: PriceTerms): Promise<Quote>;
  /**
   * Prices a changed order that is held already, with the price version of the quote in force.
   * @throws AppError `not_found` without a hold
   */
  abstract requote(orderId: string, terms: PriceTerms): Promise<Quote>;
  /** Whether an active provider has an active price for this model. */
  abstract isPriced(modelName: string): Promise<boolean>;
  /** What a quote without a provider would take, by model; models without an active price are left out. At most 1,000 a call. */
  abstract offers(models: readonly string[]): Promise<ReadonlyMap<string, Offer>>;
  /** Models with an active price, by name; the given ones are left out, of which there are at most 1,000. */
  abstract pricedModels(except: readonly string[], window: PageWindow): Promise<readonly string[]>;
}

/** Moves the money of orders. Every write belongs into the transaction that changes the order. */
export abstract class Billing {
  /**
   * Moves the quote from the client's credits to a hold.
   * @throws AppError `payment_required` (both amounts in the text) when the credits do not suffice, `conflict` when the
   * order is held already or the quote has expired
   */
  abstract hold(tx: Transaction, command: HoldCommand): Promise<void>;
  /** Until the transaction ends no other takes from what the client has in this currency. Comes after every other lock. */
  abstract lockFunds(tx: Transaction, clientId: number, currency: Currency): Promise<void>;
  /** What {@link hold} has to know: for callers who lock and read several things in one go. The funds are locked. */
  abstract fundsFor(
    tx: Transaction,
    orderId: string,
    clientId: number,
    currency: Currency,
  ): Promise<FundsForOrder>;
  /**
   * Replaces the quote of an open hold; the difference is held or given back.
   * @throws AppError `payment_required` as for hold, `conflict` when the hold is settled, `not_found` without one
   */
  abstract adjust(tx: Transaction, orderId: string, quote: Quote): Promise<void>;
  /**
   * Settles a completed order, once: the hold goes to evaluator, provider and platform, and a billing record is written.
   * @throws AppError `conflict` when it is settled already, `not_found` without a hold
   */
  abstract capture(tx: Transaction, command: CaptureCommand): Promise<Settlement>;
  /**
   * Gives the whole hold back (cancelled, failed, expired), once. Returns what was given back.
   * @throws AppError `conflict` when it is settled already, `not_found` without a hold
   */
  abstract void(tx: Transaction, orderId: string, reason: string): Promise<Money>;
}

export interface Money {
  readonly amount: Micros;
  readonly currency: Currency;
}

/** The amount of one currency in a list that names each currency once; 0 where it has none. */
export const amountIn = (amounts: readonly Money[] | undefined, currency: Currency = HOME_CURRENCY): Micros =>
  amounts?.find((one) => one.currency === currency)?.amount ?? 0;

/** From inclusive, to exclusive; absent means unbounded. */
export interface BillingPeriod {
  readonly from?: Date;
  readonly to?: Date;
}

/** A user's balances in one currency. */
export interface Balance {
  readonly currency: Currency;
  /** Credits to spend; negative when the user owes money (postpaid). */
  readonly available: Micros;
  /** Reserved for open orders. */
  readonly held: Micros;
  /** Of answered orders, until their forecasts are scored. */
  readonly escrow: Micros;
  /** Earned as provider or evaluator and not paid out. */
  readonly earned: Micros;
}

/** Settled orders of one currency, added up. */
export interface BillingTotal extends Money {
  readonly orders: number;
}

/** Whose settled orders, and of which time; absent means any. */
export interface SettledFilter extends BillingPeriod {
  readonly clientId?: number;
  readonly providerId?: number;
  readonly evaluatorId?: number;
}

/** What is added up: whole costs, or the shares of one side; an evaluator's with its bonuses. */
export type SettledAmount = 'cost' | 'provider' | 'evaluator';

/** Settled orders added up, for other domains. Lists are ordered by currency; one without orders is left out. */
export abstract class Turnover {
  abstract totals(filter: SettledFilter, amount: SettledAmount): Promise<readonly BillingTotal[]>;
  /** Whole costs of several clients, all time; clients without orders are left out. At most 1,000 ids a call. */
  abstract spentBy(clientIds: readonly number[]): Promise<ReadonlyMap<number, readonly BillingTotal[]>>;
  /** What each evaluator was paid from the beginning of the hour that `moment` lies in; those without orders are left out. */
  abstract paidToEvaluators(moment: Date): Promise<ReadonlyMap<number, readonly BillingTotal[]>>;
}

/** What users have, for other domains. Lists are ordered by currency. */
export abstract class Balances {
  /** Credits of at most 1,000 users that have not expired by `now`; users without any movement are left out. */
  abstract availableOf(userIds: readonly number[], now: Date): Promise<ReadonlyMap<number, readonly Money[]>>;
  /** The total that all users have earned and not been paid yet. */
  abstract earnedByUsers(): Promise<readonly Money[]>;
}

export const CREDIT_TYPES = ['purchased', 'earned', 'bonus', 'refund'] as const;

export interface CreditGrant {
  readonly userId: number;
  /** `purchased` is paid from outside; `bonus` and `refund` are the platform's gift; `earned` moves own earnings. */
  readonly type: (typeof CREDIT_TYPES)[number];
  readonly amount: Micros;
  readonly currency: Currency;
  /** Unused credit is taken back at this time. */
  readonly expiresAt?: Date | null;
  readonly description?: string | null;
  readonly paymentReference?: string | null;
  /** Who granted it; null for the service itself. */
  readonly grantedBy: number | null;
}

/** Gives credits, for domains that create accounts. */
export abstract class CreditGrants {
  /**
   * Adds credits to a user. Returns the credit's id.
   * @throws AppError `conflict` when `earned` is more than the user has earned, `invalid` when it has expired already
   */
  abstract grant(tx: Transaction, grant: CreditGrant): Promise<number>;
}

/** An order as billing has to know it. `open`: pending or processing; `ended`: cancelled, failed or expired. */
export interface BillableOrder {
  readonly orderId: string;
  readonly state: 'open' | 'completed' | 'ended';
}

/** What the domain of the orders provides, so that money can be checked against work. */
export abstract class BillableOrders {
  /** Orders sorted by id as the database does it, after the given one; fewer than `limit`: it was the last page. */
  abstract list(afterOrderId: string | null, limit: number): Promise<readonly BillableOrder[]>;
}

/** One violated rule that was found in the tables. */
export interface BillingViolation {
  /** Stable, snake_case. */
  readonly rule: string;
  /** One sentence with ids and amounts. */
  readonly detail: string;
}

/** What `billing verify` found. */
export interface BillingVerdict {
  readonly transactions: number;
  /** Transactions whose seal was checked; the newest have none yet. */
  readonly sealed: number;
  /** What may be harmless and cannot be told from the tables alone. */
  readonly notes: readonly string[];
  /** Number of orders compared; without orders to compare with, the number of orders that have movements of money. */
  readonly orders: number;
  /** Whether the money was compared with the orders themselves. */
  readonly work: 'compared' | 'unknown';
  /** Empty when everything adds up; at most 1,000. */
  readonly violations: readonly BillingViolation[];
}

/** Proves from the tables alone that the money adds up. */
export abstract class BillingVerifier {
  /**
   * @param orders orders to be checked against the money; default: the marketplace's, where there is one
   * @param anchors what was written down of the ledger's chain elsewhere
   */
  abstract verify(orders?: BillableOrders, anchors?: readonly Anchor[]): Promise<BillingVerdict>;
}
