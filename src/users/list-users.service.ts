import { Inject, Injectable, Optional } from '@nestjs/common';
import { type Clock, CLOCK } from '#libs/kernel';
import {
  MARKETPLACE_FIGURES,
  type MarketplaceFigures,
  type MarketplaceTotals,
} from './marketplace-figures.port.js';
import type { User } from './user.js';
import { type UserFilter, UserRepository } from './user.repository.js';

/** An account with what it asked of the marketplace. */
export interface ListedUser extends User {
  readonly totals: MarketplaceTotals;
}

const NO_TOTALS: MarketplaceTotals = { requests: 0, spentMicros: 0 };

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
    @Inject(CLOCK) private readonly clock: Clock,
    @Optional() @Inject(MARKETPLACE_FIGURES) private readonly marketplace?: MarketplaceFigures,
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
    const totals = await this.marketplace?.totalsOf(users.map(({ id }) => id));
    return users.map((user) => ({ ...user, totals: totals?.get(user.id) ?? NO_TOTALS }));
  }
}
