import type { Transaction } from '#libs/database';
import type { BillingPeriod, Currency, Micros } from './billing.port.js';

/** `agreed`: the order has the terms and no money is held; `held`: it waits for the score; the other two are final. */
export const HOLD_STATES = ['agreed', 'held', 'scored', 'unresolvable'] as const;
export type HoldState = (typeof HOLD_STATES)[number];

/** A held part whose forecast is to be looked at. */
export interface DueHold {
  readonly orderId: string;
  /** When the order was answered. */
  readonly heldAt: Date;
}

/** What a forecast earned. */
export interface ScoreVerdict {
  readonly state: 'scored' | 'unresolvable';
  /** Of what is held, 0 to 1; 0 for what cannot be scored. */
  readonly fraction: number;
  /** Why it could not be scored, or not whole: a stable word. */
  readonly reason: string | null;
}

/** What became of a held part; `earned` + `returned` is what was held. */
export interface ScorePayment extends ScoreVerdict {
  readonly orderId: string;
  readonly currency: Currency;
  readonly held: Micros;
  /** The provider's. */
  readonly earned: Micros;
  /** The client's. */
  readonly returned: Micros;
}

/** Held parts of one currency: what waits now, and what was settled in a period. */
export interface ScoreTotal {
  readonly currency: Currency;
  readonly held: Micros;
  readonly earned: Micros;
  readonly returned: Micros;
}

/** What is paid by score, for administrators. Costs what a fixed number of figures costs, however many orders there are. */
export abstract class ScoreTotals {
  /** By currency, of everybody: what waits now, and what was settled in the period. */
  abstract ofEverybody(period: BillingPeriod): Promise<readonly ScoreTotal[]>;
}

/** Parts of providers' shares that are held until their forecasts are scored. */
export abstract class ScoreHolds {
  /** Held parts that are to be looked at, the longest due first. */
  abstract due(now: Date, limit: number): Promise<readonly DueHold[]>;
  /** Looks at them again then, where they are still held. */
  abstract lookLater(tx: Transaction, orderIds: readonly string[], at: Date): void;
  /**
   * Pays out a held part, once: by the verdict to the provider, the rest to the client. Null when that is done already, or nothing
   * is held. Comes after the lock of the order's row.
   */
  abstract settle(tx: Transaction, orderId: string, verdict: ScoreVerdict): Promise<ScorePayment | null>;
}
