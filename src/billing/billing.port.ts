import type { Transaction } from '#libs/database';

/** An amount of money in micro-units (1e-6) of its currency: an integer below 2^53 in size. */
export type Micros = number;

/** ISO 4217 code, three capital letters. */
export type Currency = string;

/** The currency of the base prices, of the credit limit and of the original's totals. */
export const HOME_CURRENCY: Currency = 'USD';

export interface Money {
  readonly amount: Micros;
  readonly currency: Currency;
}

/** From inclusive, to exclusive; absent means unbounded. */
export interface BillingPeriod {
  readonly from?: Date;
  readonly to?: Date;
}

/** What a user has in one currency. */
export interface Balance {
  readonly currency: Currency;
  /** Credits to spend; below zero what is owed (postpaid). */
  readonly available: Micros;
  /** Reserved for open jobs. */
  readonly held: Micros;
  /** Earned as provider or evaluator and not paid out. */
  readonly earned: Micros;
}

/** Settled jobs of one currency, added up. */
export interface BillingTotal extends Money {
  readonly jobs: number;
}

/** Reads of the money, for other domains. Lists are ordered by currency; a currency without figures is left out. */
export interface BillingReports {
  balances(userId: number): Promise<readonly Balance[]>;
  /** Whole costs of a client's settled jobs. */
  spent(clientId: number, period: BillingPeriod): Promise<readonly BillingTotal[]>;
  /** The same of several clients, all time; clients without jobs are left out. At most 1,000 ids a call. */
  spentBy(clientIds: readonly number[]): Promise<ReadonlyMap<number, readonly BillingTotal[]>>;
  /** Shares of a user as provider, or as evaluator with bonuses. */
  earned(
    userId: number,
    as: 'provider' | 'evaluator',
    period: BillingPeriod,
  ): Promise<readonly BillingTotal[]>;
  /** Whole costs of all settled jobs. */
  revenue(period: BillingPeriod): Promise<readonly BillingTotal[]>;
  /** Earned by providers and evaluators and not paid out yet. */
  pendingPayouts(): Promise<readonly Money[]>;
}

/** Injection token of {@link BillingReports}. */
export const BILLING_REPORTS = Symbol('BILLING_REPORTS');

export interface CreditGrant {
  readonly userId: number;
  /** `purchased` is paid from outside; `bonus` and `refund` are the platform's gift; `earned` moves own earnings. */
  readonly type: 'purchased' | 'earned' | 'bonus' | 'refund';
  readonly amount: Micros;
  readonly currency: Currency;
  /** What is unused then is taken back. */
  readonly expiresAt?: Date | null;
  readonly description?: string | null;
  readonly paymentReference?: string | null;
  /** Who granted it; null for the service itself. */
  readonly grantedBy: number | null;
}

/** Gives credits, for domains that create accounts. */
export interface CreditGrants {
  /**
   * Adds credits to a user. Returns the credit's id.
   * @throws AppError `conflict` when `earned` is more than the user has earned
   */
  grant(tx: Transaction, grant: CreditGrant): Promise<number>;
}

/** Injection token of {@link CreditGrants}. */
export const CREDIT_GRANTS = Symbol('CREDIT_GRANTS');
