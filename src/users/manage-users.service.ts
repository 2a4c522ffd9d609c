import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { MAX_PAGE, type Page, MessageOut, SuccessOut } from '#libs/http';
import type { Actor } from '#libs/kernel';
import type {
  CreatedUserOut,
  CreateUserRequest,
  ListedUserOut,
  ListUsersQuery,
  RemoveUserQuery,
  UpdateUserRequest,
  UserPageOut,
} from './admin-user.dto.js';
import { ChangeUser } from './change-user.service.js';
import { CreateUser } from './create-user.service.js';
import { ListUsers } from './list-users.service.js';
import {
  accountOf,
  filterOf,
  presentChange,
  presentCreated,
  presentList,
  presentPage,
  presentSuccess,
  updateOf,
} from './user.view.js';

/** User management over HTTP: the two forms of the contract, read and answered in its words. */
@Injectable()
export class ManageUsers {
  readonly #activateAtOnce: boolean;

  constructor(
    private readonly creating: CreateUser,
    private readonly changing: ChangeUser,
    private readonly listing: ListUsers,
    config: AppConfig,
  ) {
    this.#activateAtOnce = !config.require_activation;
  }

  /** With a password the extended form (409 for duplicates), without one the simple form (400). */
  async create(body: CreateUserRequest, caller: Actor): Promise<CreatedUserOut> {
    const duplicates = body.password === undefined ? 'bad_request' : 'conflict';
    const account = accountOf(body, caller.userId, this.#activateAtOnce);
    return presentCreated(await this.creating.create(account, duplicates));
  }

  /** Without any query parameter the bare array, with one a page in an envelope. */
  async list(query: ListUsersQuery): Promise<Page<ListedUserOut> | UserPageOut> {
    const filter = filterOf(query);
    if (filter === null) {
      const { users, totalCount } = await this.listing.page({}, { limit: MAX_PAGE, offset: 0 });
      return presentList(users, totalCount);
    }
    const { limit = 50, offset = 0 } = query;
    return presentPage(await this.listing.page(filter, { limit, offset }));
  }

  async activate(username: string): Promise<MessageOut> {
    return presentChange(await this.changing.activate(username), 'activated');
  }

  async deactivate(username: string, caller: Actor): Promise<MessageOut> {
    return presentChange(await this.changing.deactivate(username, caller), 'deactivated');
  }

  async update(userId: number, body: UpdateUserRequest, caller: Actor): Promise<SuccessOut> {
    return presentSuccess(await this.changing.update(userId, updateOf(body), caller), 'updated');
  }

  async remove(userId: number, { action }: RemoveUserQuery, caller: Actor): Promise<SuccessOut> {
    const done = action === 'delete' ? 'marked for deletion' : 'deactivated';
    return presentSuccess(await this.changing.remove(userId, action, caller), done);
  }
}
