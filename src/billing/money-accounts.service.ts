import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { Page } from '#libs/http';
import { type Actor, assertPresent, Clock } from '#libs/kernel';
import { TradingParties, userNotFound } from '../accounts/accounts.port.js';
import { type Balance, HOME_CURRENCY } from './billing.port.js';
import type {
  BalanceOut,
  CreditOut,
  MoneyOwner,
  OwnPageQuery,
  PayoutOut,
  PayoutRequest,
  StatementLine,
  TopUpRequest,
} from './credit.dto.js';
import { CreditPolicy } from './credit-policy.js';
import { CreditRepository } from './credit.repository.js';
import { GrantCredits } from './grant-credits.service.js';
import { LedgerRepository } from './ledger.repository.js';

/** Balances, credits and payouts, as people see and order them. */
@Injectable()
export class MoneyAccounts {
  constructor(
    private readonly granting: GrantCredits,
    private readonly credits: CreditRepository,
    private readonly ledger: LedgerRepository,
    private readonly policy: CreditPolicy,
    private readonly transactions: TransactionRunner,
    private readonly parties: TradingParties,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `not_found` for an unknown user */
  async balanceOf(owner: MoneyOwner): Promise<BalanceOut> {
    await this.#assertUser(owner.userId);
    return this.balance(owner);
  }

  async balance({ userId }: MoneyOwner): Promise<BalanceOut> {
    const known = await this.ledger.balancesOf(userId, new Date(this.clock.now()));
    const home: Balance = { currency: HOME_CURRENCY, available: 0, held: 0, escrow: 0, earned: 0 };
    const hasHome = known.some(({ currency }) => currency === HOME_CURRENCY);
    const balances = hasHome ? known : [home, ...known];
    return {
      billingMode: this.config.billing_mode,
      balances: balances.map((one) => ({ ...one, creditLimit: this.policy.limitOf(one.currency) })),
    };
  }

  ownCredits({ userId }: Actor, query: OwnPageQuery): Promise<Page<CreditOut>> {
    return Page.counted(query, this.credits.list(userId, query), this.credits.count(userId));
  }

  statement({ userId }: Actor, query: OwnPageQuery): Promise<Page<StatementLine>> {
    return Page.counted(query, this.ledger.movements(userId, query), this.ledger.countMovements(userId));
  }

  /** @throws AppError `not_found` for an unknown user, `conflict` when `earned` is more than was earned */
  async topUp(body: TopUpRequest, { userId: grantedBy }: Actor): Promise<CreditOut> {
    return this.transactions.run(async (tx) => {
      await this.#assertUser(body.userId);
      const id = await this.granting.grant(tx, { ...body, grantedBy });
      return assertPresent(await this.credits.find(id), 'a granted credit is on record');
    });
  }

  /** @throws AppError `not_found` for an unknown user, `conflict` when it is more than was earned */
  async payOut(body: PayoutRequest, { userId: paidBy }: Actor): Promise<PayoutOut> {
    const transactionId = await this.transactions.run(async (tx) => {
      await this.#assertUser(body.userId);
      return this.granting.payOut(tx, { ...body, paidBy });
    });
    return { ...body, transactionId };
  }

  async #assertUser(userId: number): Promise<void> {
    if ((await this.parties.payer(userId)) === null) throw userNotFound();
  }
}
