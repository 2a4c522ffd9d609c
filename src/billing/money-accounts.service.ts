import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { Page } from '#libs/http';
import { AppError, type Actor, assertPresent, Clock, microsOf, moneyOf } from '#libs/kernel';
import { TradingParties } from '../accounts/accounts.port.js';
import { type Balance, HOME_CURRENCY } from './billing.port.js';
import type {
  BalanceOut,
  CreditOut,
  CurrencyBalance,
  MoneyOwner,
  OwnPageQuery,
  PayoutOut,
  PayoutRequest,
  StatementLine,
  TopUpRequest,
} from './credit.dto.js';
import { CreditPolicy } from './credit-policy.js';
import { CreditRepository, type ListedCredit } from './credit.repository.js';
import { GrantCredits } from './grant-credits.service.js';
import { LedgerRepository } from './ledger.repository.js';
import { StatementRepository } from './statement.repository.js';

/** Balances, credits and payouts, as people see and order them. */
@Injectable()
export class MoneyAccounts {
  constructor(
    private readonly granting: GrantCredits,
    private readonly credits: CreditRepository,
    private readonly ledger: LedgerRepository,
    private readonly statements: StatementRepository,
    private readonly policy: CreditPolicy,
    private readonly transactions: TransactionRunner,
    private readonly parties: TradingParties,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `not_found` for an unknown user */
  async balanceOf({ user_id }: MoneyOwner): Promise<BalanceOut> {
    await this.#assertUser(user_id);
    return this.balance({ userId: user_id });
  }

  async balance({ userId }: Pick<Actor, 'userId'>): Promise<BalanceOut> {
    const known = await this.ledger.balancesOf(userId, new Date(this.clock.now()));
    const home: Balance = { currency: HOME_CURRENCY, available: 0, held: 0, earned: 0 };
    const hasHome = known.some(({ currency }) => currency === HOME_CURRENCY);
    return {
      billing_mode: this.config.billing_mode,
      balances: (hasHome ? known : [home, ...known]).map((balance) => this.#presentBalance(balance)),
    };
  }

  async ownCredits({ userId }: Actor, query: OwnPageQuery): Promise<Page<CreditOut>> {
    const [rows, total] = await Promise.all([this.credits.list(userId, query), this.credits.count(userId)]);
    return new Page(rows.map(presentCredit), query, query.offset + rows.length < total, total);
  }

  async statement({ userId }: Actor, query: OwnPageQuery): Promise<Page<StatementLine>> {
    const [lines, total] = await Promise.all([
      this.statements.newest(userId, query),
      this.statements.count(userId),
    ]);
    return new Page(lines, query, query.offset + lines.length < total, total);
  }

  /** @throws AppError `not_found` for an unknown user, `conflict` when `earned` is more than was earned */
  async topUp(body: TopUpRequest, { userId: grantedBy }: Actor): Promise<CreditOut> {
    const { credit_type, description, payment_reference, expires_at } = body;
    return this.transactions.run(async (tx) => {
      await this.#assertUser(body.user_id);
      const id = await this.granting.grant(tx, {
        userId: body.user_id,
        type: credit_type,
        amount: microsOf(body.amount),
        currency: body.currency,
        expiresAt: expires_at ?? null,
        description: description ?? null,
        paymentReference: payment_reference ?? null,
        grantedBy,
      });
      return presentCredit(assertPresent(await this.credits.find(id), 'a granted credit is on record'));
    });
  }

  /** @throws AppError `not_found` for an unknown user, `conflict` when it is more than was earned */
  async payOut(body: PayoutRequest, { userId: paidBy }: Actor): Promise<PayoutOut> {
    const { user_id, currency, description = null, payment_reference = null } = body;
    const amount = microsOf(body.amount);
    const transaction_id = await this.transactions.run(async (tx) => {
      await this.#assertUser(user_id);
      const payout = {
        userId: user_id,
        amount,
        currency,
        description,
        paymentReference: payment_reference,
        paidBy,
      };
      return this.granting.payOut(tx, payout);
    });
    return { transaction_id, user_id, amount: moneyOf(amount), currency };
  }

  async #assertUser(userId: number): Promise<void> {
    if ((await this.parties.payer(userId)) !== null) return;
    throw new AppError('not_found', 'User not found', { code: 'user_not_found' });
  }

  #presentBalance({ currency, available, held, earned }: Balance): CurrencyBalance {
    return {
      currency,
      available: moneyOf(available),
      held: moneyOf(held),
      earned: moneyOf(earned),
      available_micros: available,
      held_micros: held,
      earned_micros: earned,
      credit_limit: moneyOf(this.policy.limitOf(currency)),
    };
  }
}

const presentCredit = (credit: ListedCredit): CreditOut => ({
  id: credit.id,
  user_id: credit.userId,
  credit_type: credit.type,
  amount: moneyOf(credit.amountMicros),
  currency: credit.currency,
  used_amount: credit.usedMicros === null ? null : moneyOf(credit.usedMicros),
  source_transaction_id: credit.sourceTransactionId,
  expires_at: credit.expiresAt,
  created_at: credit.createdAt,
});
