import { PLATFORM_ID, type Currency, type Micros } from './billing.port.js';

/** The world outside: money comes in from it and goes out to it. */
export const EXTERNAL_ID = -1;

/**
 * What an account is for. Users have `available` (credits to spend), `held` (reserved for open orders), `escrow` (of
 * answered orders, until their forecasts are scored) and `earned`;
 * the platform `earned` (as provider or evaluator of last resort), `fees` and `grants` (credits it gave away, below
 * zero); the outside world `payments` (below zero: what came in and did not leave again).
 */
export type AccountKind = 'available' | 'held' | 'escrow' | 'earned' | 'fees' | 'grants' | 'payments';

/** An account exists by being named; with the currency it is one balance. */
export interface Account {
  readonly ownerId: number;
  readonly kind: AccountKind;
}

export const availableOf = (ownerId: number): Account => ({ ownerId, kind: 'available' });
export const heldOf = (ownerId: number): Account => ({ ownerId, kind: 'held' });
export const escrowOf = (ownerId: number): Account => ({ ownerId, kind: 'escrow' });
export const earnedOf = (ownerId: number): Account => ({ ownerId, kind: 'earned' });
export const FEES: Account = { ownerId: PLATFORM_ID, kind: 'fees' };
export const GRANTS: Account = { ownerId: PLATFORM_ID, kind: 'grants' };
export const PAYMENTS: Account = { ownerId: EXTERNAL_ID, kind: 'payments' };

/** Why money moves; `opening` is history of another system. An order has at most one `hold`, one adjustment a revision, one of `capture` and `void`, and after a `capture` at most one `score`. */
export const TRANSACTION_TYPES = [
  'hold',
  'adjustment',
  'capture',
  'void',
  'score',
  'credit',
  'expiry',
  'payout',
  'opening',
] as const;
export type TransactionType = (typeof TRANSACTION_TYPES)[number];

export interface Entry {
  readonly account: Account;
  readonly amount: Micros;
}

/** A transaction to be written. */
export interface Posting {
  readonly type: TransactionType;
  /** Whose money moves. */
  readonly userId: number;
  readonly currency: Currency;
  /** What moves, for lists. */
  readonly amount: Micros;
  readonly orderId?: string;
  readonly revision?: number;
  readonly description?: string | null;
  readonly paymentReference?: string | null;
  readonly createdBy?: number | null;
  /** The limit that the available credits were checked against. */
  readonly creditLimit?: Micros;
  readonly entries: readonly Entry[];
}

/** One entry an account, none of zero; the entries of an account that is named twice are added up. */
export function entriesByAccount(entries: readonly Entry[]): Entry[] {
  const merged = new Map<string, Entry>();
  for (const { account, amount } of entries) {
    const key = `${account.ownerId} ${account.kind}`;
    merged.set(key, { account, amount: (merged.get(key)?.amount ?? 0) + amount });
  }
  return [...merged.values()].filter(({ amount }) => amount !== 0);
}

/**
 * The law of double entry: nothing is made and nothing is lost.
 * @throws Error when the entries do not sum to zero or an amount can't be kept exactly; nothing may be written then
 */
export function assertBalanced({ type, entries }: Posting): void {
  const sum = entries.reduce((total, { amount }) => total + amount, 0);
  const exact = entries.every(({ amount }) => Number.isSafeInteger(amount));
  if (sum !== 0 || !exact)
    throw new Error(`invariant broken: the entries of a ${type} sum to ${sum}, not to 0`);
}
