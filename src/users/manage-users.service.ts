import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import type { Transaction } from '#libs/database';
import { MAX_PAGE, type Page, MessageOut, SuccessOut } from '#libs/http';
import type { Actor } from '#libs/kernel';
import { Accounts, type User } from '../accounts/accounts.port.js';
import { CreditGrants, HOME_CURRENCY } from '../billing/billing.port.js';
import type {
  CreatedUserOut,
  CreateUserRequest,
  ListedUserOut,
  ListUsersQuery,
  RemoveUserQuery,
  UpdateUserRequest,
  UserPageOut,
} from './admin-user.dto.js';
import { ListUsers } from './list-users.service.js';
import {
  accountOf,
  filterOf,
  presentChange,
  presentCreated,
  presentList,
  presentSuccess,
  presentUserPage,
  updateOf,
} from './user.view.js';

/** User management over HTTP: the two forms of the contract, read and answered in its words. */
@Injectable()
export class ManageUsers {
  readonly #activateAtOnce: boolean;

  constructor(
    private readonly accounts: Accounts,
    private readonly grants: CreditGrants,
    private readonly listing: ListUsers,
    config: AppConfig,
  ) {
    this.#activateAtOnce = !config.require_activation;
  }

  /** With a password the extended form (409 for duplicates), without one the simple form (400). */
  async create(body: CreateUserRequest, caller: Actor): Promise<CreatedUserOut> {
    const duplicates = body.password === undefined ? 'bad_request' : 'conflict';
    const account = accountOf(body, this.#activateAtOnce);
    const { initialCreditsMicros: amount = 0 } = account;
    const grant = (tx: Transaction, { id: userId }: User): Promise<number> =>
      this.grants.grant(tx, {
        userId,
        type: 'bonus',
        amount,
        currency: HOME_CURRENCY,
        grantedBy: caller.userId,
      });
    const within = amount === 0 ? undefined : grant;
    return presentCreated(await this.accounts.create(account, duplicates, within));
  }

  /** Without any query parameter the bare array, with one a page in an envelope. */
  async list(query: ListUsersQuery): Promise<Page<ListedUserOut> | UserPageOut> {
    const filter = filterOf(query);
    if (filter === null) {
      const { users, totalCount } = await this.listing.page({}, { limit: MAX_PAGE, offset: 0 });
      return presentList(users, totalCount);
    }
    const { limit = 50, offset = 0 } = query;
    return presentUserPage(await this.listing.page(filter, { limit, offset }));
  }

  async activate(username: string): Promise<MessageOut> {
    return presentChange(await this.accounts.activate(username), 'activated');
  }

  async deactivate(username: string, caller: Actor): Promise<MessageOut> {
    return presentChange(await this.accounts.deactivate(username, caller), 'deactivated');
  }

  async update(userId: number, body: UpdateUserRequest, caller: Actor): Promise<SuccessOut> {
    return presentSuccess(await this.accounts.update(userId, updateOf(body), caller), 'updated');
  }

  async remove(userId: number, { action }: RemoveUserQuery, caller: Actor): Promise<SuccessOut> {
    const done = action === 'delete' ? 'marked for deletion' : 'deactivated';
    return presentSuccess(await this.accounts.remove(userId, action, caller), done);
  }
}
