import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { AppError, Clock } from '#libs/kernel';
import type {
  Billing,
  CaptureCommand,
  Currency,
  FundsForOrder,
  HoldCommand,
  Micros,
  Money,
  Quote,
  Settlement,
} from './billing.port.js';
import { BillingRecordRepository } from './billing-record.repository.js';
import { CreditPolicy } from './credit-policy.js';
import type { CreditOfOrder } from './credit.repository.js';
import { CreditUses, type Funds } from './credit-uses.service.js';
import { availableOf, earnedOf, type Entry, escrowOf, FEES, heldOf } from './ledger.js';
import { LedgerRepository } from './ledger.repository.js';
import { notHeld } from './quote-prices.service.js';
import { type NewQuote, QuoteRepository, type StoredHold } from './quote.repository.js';
import { stakedOf, withBonus } from './pricing.js';
import { ScoreHoldRepository } from './score-hold.repository.js';

const LONGEST_TEXT = 255;

/**
 * The money of orders: quote, hold, adjust, and either capture or void. Each step is one balanced transaction
 * of the ledger, written in the transaction of the caller. Of the share of a provider that is paid by score a part is kept back.
 */
@Injectable()
export class OrderBilling implements Billing {
  constructor(
    private readonly quotes: QuoteRepository,
    private readonly ledger: LedgerRepository,
    private readonly records: BillingRecordRepository,
    private readonly policy: CreditPolicy,
    private readonly credits: CreditUses,
    private readonly scoreHolds: ScoreHoldRepository,
    private readonly clock: Clock,
  ) {}

  async hold(tx: Transaction, { orderId, clientId, quote, ...command }: HoldCommand): Promise<void> {
    const description = command.description.slice(0, LONGEST_TEXT);
    const now = this.#usableAt(quote);
    const funds = command.funds ?? (await this.#lockedFunds(tx, orderId, clientId, quote.currency));
    if (funds.isHeld)
      throw new AppError('conflict', 'The money of this order is already held', { code: 'already_held' });
    const reservation = { orderId, clientId, description, revision: 0, quote, amount: quote.total };
    await this.#reserve(tx, { ...reservation, ...funds, used: [], type: 'hold' }, now);
    const { scoreShare, providerId, currency } = quote;
    if (scoreShare !== null)
      this.scoreHolds.agree(tx, { orderId, clientId, providerId, currency, scoreShare });
  }

  lockFunds(tx: Transaction, clientId: number, currency: Currency): Promise<void> {
    return this.ledger.lockFunds(tx, clientId, currency);
  }

  async fundsFor(
    tx: Transaction,
    orderId: string,
    clientId: number,
    currency: Currency,
  ): Promise<FundsForOrder> {
    const [funds, hold] = await Promise.all([
      this.credits.fundsOf(tx, clientId, currency, new Date(this.clock.now())),
      this.quotes.holdOf(orderId),
    ]);
    return { ...funds, isHeld: hold !== null };
  }

  async #lockedFunds(...[tx, orderId, clientId, currency]: Parameters<Billing['fundsFor']>) {
    await this.lockFunds(tx, clientId, currency);
    return this.fundsFor(tx, orderId, clientId, currency);
  }

  async adjust(tx: Transaction, orderId: string, quote: Quote): Promise<void> {
    const now = this.#usableAt(quote);
    await this.ledger.lockHold(tx, orderId);
    const [{ clientId, description, ...hold }, used] = await Promise.all([
      this.#openHold(orderId),
      this.credits.usedBy(tx, orderId),
    ]);
    if (quote.currency !== hold.quote.currency)
      throw new Error('invariant broken: a hold keeps its currency');
    const revision = hold.revision + 1;
    const amount = quote.total - hold.quote.total;
    const funds = await this.credits.fundsOf(tx, clientId, quote.currency, now);
    const reservation = { orderId, clientId, description, revision, quote, amount };
    await this.#reserve(tx, { ...reservation, ...funds, used, type: 'adjustment' }, now);
  }

  async capture(tx: Transaction, command: CaptureCommand): Promise<Settlement> {
    const { orderId, evaluatorId } = command;
    await this.ledger.lockOrder(tx, orderId);
    const hold = await this.#openHold(orderId);
    const { clientId, quote } = hold;
    const { total, currency, providerId } = quote;
    const whole = withBonus(quote.shares, command);
    const staked = stakedOf(whole.provider, quote.scoreShare);
    const shares = { ...whole, provider: whole.provider - staked };
    const now = new Date(this.clock.now());
    const transactionId = await this.ledger.post(
      tx,
      {
        type: 'capture',
        userId: clientId,
        orderId,
        currency,
        amount: total,
        description: hold.description,
        entries: [
          { account: heldOf(clientId), amount: -total },
          { account: earnedOf(evaluatorId), amount: shares.evaluator + shares.bonus },
          { account: earnedOf(providerId), amount: shares.provider },
          { account: escrowOf(clientId), amount: staked },
          { account: FEES, amount: shares.platform },
        ],
      },
      now,
    );
    const settlement: Settlement = { orderId, currency, total, ...shares, staked };
    if (staked > 0) this.scoreHolds.hold(tx, orderId, staked, now);
    await this.records.add(tx, { hold, evaluatorId, transactionId, settlement }, now);
    return settlement;
  }

  async void(tx: Transaction, orderId: string, reason: string): Promise<Money> {
    await this.ledger.lockHold(tx, orderId);
    const [{ clientId, quote }, used] = await Promise.all([
      this.#openHold(orderId),
      this.credits.usedBy(tx, orderId),
    ]);
    const { total, currency } = quote;
    const now = new Date(this.clock.now());
    const transactionId = await this.ledger.post(
      tx,
      {
        type: 'void',
        userId: clientId,
        orderId,
        currency,
        amount: total,
        description: reason.slice(0, LONGEST_TEXT),
        entries: movedToHeld(clientId, -total),
      },
      now,
    );
    this.credits.giveBack(tx, { used, transactionId, amount: total }, now);
    return { amount: total, currency };
  }

  /**
   * Moves an amount from the client's credits to the hold, or back when it is below zero, and keeps the quote. The funds
   * are locked.
   */
  async #reserve(tx: Transaction, reservation: Reservation, now: Date): Promise<void> {
    const { orderId, clientId, description, revision, type, amount, open, available, used } = reservation;
    const { currency } = reservation.quote;
    if (amount > 0) this.policy.assertAffordable({ cost: amount, available, currency });
    const transactionId = await this.ledger.post(
      tx,
      {
        type,
        userId: clientId,
        orderId,
        revision,
        currency,
        amount,
        description,
        creditLimit: this.policy.limitOf(currency),
        entries: movedToHeld(clientId, amount),
      },
      now,
    );
    if (amount > 0) this.credits.use(tx, open, { transactionId, amount });
    if (amount < 0) this.credits.giveBack(tx, { used, transactionId, amount: -amount }, now);
    await this.quotes.add(tx, reservation, now);
  }

  /** Behind the lock of the order's money. @throws AppError `not_found` without a hold, `conflict` when it is settled */
  async #openHold(orderId: string): Promise<StoredHold> {
    const hold = await this.quotes.holdOf(orderId);
    if (hold === null) throw notHeld();
    if (hold.state === 'held') return hold;
    throw new AppError('conflict', `The money of this order is already ${hold.state}`, {
      code: 'already_settled',
    });
  }

  /** Now, when the quote can still be held and is whole. */
  #usableAt({ total, shares, expiresAt }: Quote): Date {
    const now = this.clock.now();
    if (shares.evaluator + shares.provider + shares.platform !== total)
      throw new Error('invariant broken: the shares of a quote are its total');
    if (now <= expiresAt) return new Date(now);
    throw new AppError('conflict', 'The quote has expired; ask for a new one', { code: 'quote_expired' });
  }
}

/** A quote to be kept, and what it changes of the hold. */
interface Reservation extends NewQuote, Funds {
  readonly type: 'hold' | 'adjustment';
  readonly amount: Micros;
  /** What the order used of credits so far. */
  readonly used: readonly CreditOfOrder[];
}

const movedToHeld = (clientId: number, amount: number): Entry[] => [
  { account: availableOf(clientId), amount: -amount },
  { account: heldOf(clientId), amount },
];
