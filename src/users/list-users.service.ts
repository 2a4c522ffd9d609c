import { Injectable, Optional } from '@nestjs/common';
import { Clock } from '#libs/kernel';
import { BillingReports, HOME_CURRENCY, type Micros, type Money } from '../billing/billing.port.js';
import { MarketplaceFigures } from './marketplace-figures.port.js';
import type { User } from './user.js';
import { type UserFilter, UserRepository } from './user.repository.js';

/** An account with what it asked of the marketplace and paid for it; amounts in the home currency. */
export interface ListedUser extends User {
  readonly requests: number;
  /** Whole costs of the settled ones. */
  readonly spent: Micros;
  /** Credits to spend; below zero what is owed. */
  readonly available: Micros;
}

/** One page of accounts with the counts that go with it. */
export interface UserPage {
  readonly users: readonly ListedUser[];
  /** Accounts that the filter lets through, on all pages. */
  readonly totalCount: number;
  /** Active accounts, whatever the filter. */
  readonly activeUsers: number;
  /** Accounts made since the first of this month, UTC, whatever the filter. */
  readonly newUsersThisMonth: number;
}

/** Lists accounts for administrators. */
@Injectable()
export class ListUsers {
  constructor(
    private readonly users: UserRepository,
    private readonly clock: Clock,
    private readonly billing: BillingReports,
    @Optional() private readonly marketplace?: MarketplaceFigures,
  ) {}

  /** Accounts in the order they were made. */
  async page(
    filter: UserFilter,
    page: { readonly limit: number; readonly offset: number },
  ): Promise<UserPage> {
    const now = new Date(this.clock.now());
    const monthStart = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth()));
    const beforeMonth = new Date(monthStart.getTime() - 1);
    const [users, totalCount, activeUsers, newUsersThisMonth] = await Promise.all([
      this.users.list(filter, page),
      this.users.count(filter),
      this.users.count({ isActive: true }),
      this.users.count({ createdAfter: beforeMonth }),
    ]);
    return { users: await this.#withTotals(users), totalCount, activeUsers, newUsersThisMonth };
  }

  async #withTotals(users: readonly User[]): Promise<ListedUser[]> {
    const ids = users.map(({ id }) => id);
    const [totals, spent, balances] = await Promise.all([
      this.marketplace?.totalsOf(ids),
      this.billing.spentBy(ids),
      this.billing.availableOf(ids),
    ]);
    return users.map((user) => ({
      ...user,
      requests: totals?.get(user.id)?.requests ?? 0,
      spent: atHome(spent.get(user.id)),
      available: atHome(balances.get(user.id)),
    }));
  }
}

const atHome = (amounts: readonly Money[] = []): Micros =>
  amounts.find(({ currency }) => currency === HOME_CURRENCY)?.amount ?? 0;
