import { Injectable } from '@nestjs/common';
import { type Later, type Transaction, valueOf } from '#libs/database';
import { AppError, Clock, invalidField, microsOf, moneyText } from '#libs/kernel';
import type { CreditGrant, CreditGrants, Currency, Micros } from './billing.port.js';
import { CreditRepository } from './credit.repository.js';
import { type Account, availableOf, earnedOf, GRANTS, PAYMENTS } from './ledger.js';
import { LedgerRepository } from './ledger.repository.js';

/** No balance of a user comes near 2^53 micro-units: half of a thousand millions is far enough below. */
const MAX_BALANCE = microsOf(5_000_000_000);

/** Earnings that leave. */
export interface Payout extends Omit<CreditGrant, 'type' | 'expiresAt' | 'grantedBy'> {
  /** The administrator who paid. */
  readonly paidBy: number;
}

/** Adds credits to users, and pays earnings out. */
@Injectable()
export class GrantCredits implements CreditGrants {
  constructor(
    private readonly ledger: LedgerRepository,
    private readonly credits: CreditRepository,
    private readonly clock: Clock,
  ) {}

  async grant(tx: Transaction, grant: CreditGrant): Promise<number> {
    const { userId, type, amount, currency, expiresAt = null } = grant;
    const now = new Date(this.clock.now());
    if (expiresAt !== null && expiresAt <= now) throw invalidField('expires_at', 'must be in the future');
    await this.ledger.lockFunds(tx, userId, currency);
    if (type === 'earned') await this.#assertEarned(userId, currency, amount);
    const before = await this.ledger.availableForUpdate(tx, userId, currency);
    if (before + amount > MAX_BALANCE)
      throw new AppError('conflict', 'The balance would become too large', { code: 'balance_too_large' });
    const transactionId = await this.ledger.post(
      tx,
      {
        type: 'credit',
        userId,
        currency,
        amount,
        description: grant.description ?? null,
        paymentReference: grant.paymentReference ?? null,
        createdBy: grant.grantedBy,
        entries: [
          { account: sourceOf(grant), amount: -amount },
          { account: availableOf(userId), amount },
        ],
      },
      now,
    );
    const id = await this.credits.add(tx, grant, transactionId, now);
    this.#settleDebt(tx, { ...grant, id, transactionId, before });
    return id;
  }

  /**
   * Moves earnings to the outside world. Returns the transaction's id.
   * @throws AppError `conflict` when it is more than was earned
   */
  async payOut(tx: Transaction, payout: Payout): Promise<number> {
    const { userId, amount, currency, description = null, paymentReference = null, paidBy } = payout;
    await this.ledger.lockFunds(tx, userId, currency);
    await this.#assertEarned(userId, currency, amount);
    const id = await this.ledger.post(
      tx,
      {
        type: 'payout',
        userId,
        currency,
        amount,
        description,
        paymentReference,
        createdBy: paidBy,
        entries: [
          { account: earnedOf(userId), amount: -amount },
          { account: PAYMENTS, amount },
        ],
      },
      new Date(this.clock.now()),
    );
    return valueOf(tx, id);
  }

  async #assertEarned(userId: number, currency: Currency, amount: Micros): Promise<void> {
    const earned = await this.ledger.balance(earnedOf(userId), currency);
    if (amount <= earned) return;
    throw new AppError(
      'conflict',
      `Only ${moneyText(earned, currency)} are earned and not paid out; ${moneyText(amount, currency)} were requested`,
      { code: 'not_earned' },
    );
  }

  /** An expiring credit pays what is owed first: that part can't be taken back any more. */
  #settleDebt(tx: Transaction, { id, transactionId, before, amount, expiresAt = null }: GrantedCredit): void {
    if (expiresAt === null || before >= 0) return;
    const credit = { id, expiresAt, amount, used: 0 };
    this.credits.addUse(tx, credit, transactionId, Math.min(amount, -before));
  }
}

interface GrantedCredit extends CreditGrant {
  readonly id: number;
  readonly transactionId: Later;
  /** The balance before it. */
  readonly before: Micros;
}

function sourceOf({ type, userId }: CreditGrant): Account {
  if (type === 'earned') return earnedOf(userId);
  return type === 'purchased' ? PAYMENTS : GRANTS;
}
