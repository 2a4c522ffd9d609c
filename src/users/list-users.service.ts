import { Injectable, Optional } from '@nestjs/common';
import { MAX_PAGE, Page, type PageWindow, toWire, type WireObject } from '#libs/http';
import { Clock } from '#libs/kernel';
import { amountIn, Balances, Turnover } from '../billing/billing.port.js';
import { Accounts, type User, type UserFilter } from '../accounts/accounts.port.js';
import { OrderCounts } from '../marketplace/marketplace-statistics.port.js';
import { ListedUserOut, type ListUsersQuery, UserPageOut } from './admin-user.dto.js';

/** Lists accounts for administrators. */
@Injectable()
export class ListUsers {
  constructor(
    private readonly accounts: Accounts,
    private readonly clock: Clock,
    private readonly turnover: Turnover,
    private readonly balances: Balances,
    @Optional() private readonly marketplace?: OrderCounts,
  ) {}

  /** The answer to a request: without any query parameter the bare array, with one a page in an envelope. */
  async list(query: ListUsersQuery): Promise<Page<WireObject> | WireObject> {
    if (Object.values(query).every((value) => value === undefined)) {
      const { users, totalCount } = await this.page({}, { limit: MAX_PAGE, offset: 0 });
      const rows = users.map((user) => toWire(ListedUserOut, user));
      return new Page(rows, { offset: 0 }, totalCount > rows.length, totalCount);
    }
    const { limit = 50, offset = 0 } = query;
    return toWire(UserPageOut, await this.page(query, { limit, offset }));
  }

  /** Accounts in the order they were made, with their orders and amounts in the home currency. */
  async page(filter: UserFilter, page: PageWindow): Promise<UserPageOut> {
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

  async #withTotals(users: readonly User[], now: Date): Promise<ListedUserOut[]> {
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
