import { Injectable } from '@nestjs/common';
import type { Transaction } from '#libs/database';
import { AppError, Clock } from '#libs/kernel';
import type { Billing, CaptureCommand, HoldCommand, Money, Quote, Settlement } from './billing.port.js';
import { BillingRecordRepository } from './billing-record.repository.js';
import { CreditPolicy } from './credit-policy.js';
import { CreditUses } from './credit-uses.service.js';
import { availableOf, earnedOf, type Entry, FEES, heldOf } from './ledger.js';
import { LedgerRepository } from './ledger.repository.js';
import { notHeld } from './quote-prices.service.js';
import { QuoteRepository, type StoredHold } from './quote.repository.js';
import { withBonus } from './pricing.js';

const LONGEST_TEXT = 255;

/**
 * The money of orders: quote, hold, adjust, and either capture or void. Each step is one balanced transaction
 * of the ledger, written in the transaction of the caller.
 */
@Injectable()
export class OrderBilling implements Billing {
  constructor(
    private readonly quotes: QuoteRepository,
    private readonly ledger: LedgerRepository,
    private readonly records: BillingRecordRepository,
    private readonly policy: CreditPolicy,
    private readonly credits: CreditUses,
    private readonly clock: Clock,
  ) {}

  async hold(tx: Transaction, { orderId, clientId, quote, ...command }: HoldCommand): Promise<void> {
    const description = command.description.slice(0, LONGEST_TEXT);
    const now = this.#usableAt(quote);
    await this.ledger.lockFunds(tx, clientId, quote.currency);
    if ((await this.quotes.holdOf(orderId)) !== null) {
      throw new AppError('conflict', 'The money of this request is held already', { code: 'already_held' });
    }
    await this.#reserve(
      tx,
      { orderId, clientId, description, revision: 0, type: 'hold', quote, amount: quote.total },
      now,
    );
    await this.quotes.add(tx, { orderId, revision: 0, clientId, description, quote }, now);
  }

  async adjust(tx: Transaction, orderId: string, quote: Quote): Promise<void> {
    const now = this.#usableAt(quote);
    const hold = await this.#openHold(tx, orderId);
    const { clientId, description } = hold;
    if (quote.currency !== hold.quote.currency)
      throw new Error('invariant broken: a hold keeps its currency');
    const revision = hold.revision + 1;
    const amount = quote.total - hold.quote.total;
    await this.ledger.lockFunds(tx, clientId, quote.currency);
    await this.#reserve(
      tx,
      { orderId, clientId, description, revision, type: 'adjustment', quote, amount },
      now,
    );
    await this.quotes.add(tx, { orderId, revision, clientId, description, quote }, now);
  }

  async capture(tx: Transaction, command: CaptureCommand): Promise<Settlement> {
    const { orderId, evaluatorId } = command;
    const hold = await this.#openHold(tx, orderId);
    const { clientId, quote } = hold;
    const { total, currency, providerId } = quote;
    const shares = withBonus(quote.shares, command);
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
          { account: FEES, amount: shares.platform },
        ],
      },
      now,
    );
    const settlement: Settlement = { orderId, currency, total, ...shares };
    await this.records.add(tx, { hold, evaluatorId, transactionId, settlement }, now);
    return settlement;
  }

  async void(tx: Transaction, orderId: string, reason: string): Promise<Money> {
    const { clientId, quote } = await this.#openHold(tx, orderId);
    const { total, currency } = quote;
    const now = new Date(this.clock.now());
    await this.ledger.lockFunds(tx, clientId, currency);
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
    await this.credits.giveBack(tx, { orderId, transactionId, amount: total }, now);
    return { amount: total, currency };
  }

  /** Moves an amount from the client's credits to the hold, or back when it is below zero. The funds are locked. */
  async #reserve(
    tx: Transaction,
    { orderId, clientId, description, revision, type, quote, amount }: Reservation,
    now: Date,
  ) {
    const { currency } = quote;
    const open = await this.credits.expireDue(tx, clientId, currency, now);
    const available = await this.ledger.availableForUpdate(tx, clientId, currency);
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
    if (amount > 0) await this.credits.use(tx, open, { transactionId, amount });
    if (amount < 0) await this.credits.giveBack(tx, { orderId, transactionId, amount: -amount }, now);
  }

  /** @throws AppError `not_found` without a hold, `conflict` when it is settled */
  async #openHold(tx: Transaction, orderId: string): Promise<StoredHold> {
    await this.ledger.lockOrder(tx, orderId);
    const hold = await this.quotes.holdOf(orderId);
    if (hold === null) throw notHeld();
    if (hold.state === 'held') return hold;
    throw new AppError('conflict', `The money of this request is ${hold.state} already`, {
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

interface Reservation {
  readonly orderId: string;
  readonly clientId: number;
  readonly description: string;
  readonly revision: number;
  readonly type: 'hold' | 'adjustment';
  readonly quote: Quote;
  readonly amount: number;
}

const movedToHeld = (clientId: number, amount: number): Entry[] => [
  { account: availableOf(clientId), amount: -amount },
  { account: heldOf(clientId), amount },
];
