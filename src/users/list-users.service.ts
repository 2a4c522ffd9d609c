import { Injectable, Optional } from '@nestjs/common';
import { Clock } from '#libs/kernel';
import { amountIn, Balances, type Micros, Turnover } from '../billing/billing.port.js';
import { Accounts, type User, type UserFilter } from '../accounts/accounts.port.js';
import { RequestCounts } from '../marketplace/marketplace-statistics.port.js';

/** An account with what it asked of the marketplace and paid for it; amounts in the home currency. */
export interface ListedUser extends User {
  readonly orders: number;
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
    private readonly accounts: Accounts,
    private readonly clock: Clock,
    private readonly turnover: Turnover,
    private readonly balances: Balances,
    @Optional() private readonly marketplace?: RequestCounts,
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
      this.accounts.list(filter, page),
      this.accounts.count(filter),
      this.accounts.count({ isActive: true }),
      this.accounts.count({ createdAfter: beforeMonth }),
    ]);
    return { users: await this.#withTotals(users, now), totalCount, activeUsers, newUsersThisMonth };
  }

  async #withTotals(users: readonly User[], now: Date): Promise<ListedUser[]> {
    const ids = users.map(({ id }) => id);
    const [orders, spent, balances] = await Promise.all([
      this.marketplace?.countByClient(ids),
      this.turnover.spentBy(ids),
      this.balances.availableOf(ids, now),
    ]);
    return users.map((user) => ({
      ...user,
      orders: orders?.get(user.id) ?? 0,
      spent: amountIn(spent.get(user.id)),
      available: amountIn(balances.get(user.id)),
    }));
  }
}
