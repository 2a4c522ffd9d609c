import { Injectable } from '@nestjs/common';
import { type Transaction, TransactionRunner } from '#libs/database';
import { ADMINISTRATORS, type Role } from '#libs/http';
import { type Actor, AppError, assertPresent, Clock } from '#libs/kernel';
import type { SubscriptionTier, User } from './user.js';
import { type UserChange, UserRepository } from './user.repository.js';

/** What an administrator may change of an account. */
export interface AccountUpdate {
  readonly isActive?: boolean;
  readonly role?: Role;
  readonly subscriptionTier?: SubscriptionTier;
  readonly notes?: string;
  readonly billingAddress?: Readonly<Record<string, string>> | null;
}

/**
 * Changes of accounts by administrators. They run one after another, so that two of them, each allowed by itself,
 * can't leave the installation without an administrator. Deactivation, deletion and a new role revoke all tokens; keys
 * follow the account's state and role by themselves, because each request reads it.
 */
@Injectable()
export class ChangeUser {
  constructor(
    private readonly users: UserRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  /** @throws AppError `not_found` */
  activate(username: string): Promise<User> {
    return this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      const user = found(await this.users.findByUsername(username, tx));
      return this.#apply(tx, user, { isActive: true });
    });
  }

  /** @throws AppError `not_found`; `bad_request` for the caller's own account and for the last administrator */
  deactivate(username: string, caller: Actor): Promise<User> {
    return this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      const user = found(await this.users.findByUsername(username, tx));
      return this.#apply(tx, user, { isActive: false }, caller);
    });
  }

  /** @throws AppError `not_found`; `bad_request` as for {@link deactivate} and for a demotion of the last administrator */
  update(id: number, update: AccountUpdate, caller: Actor): Promise<User> {
    return this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      const user = found(await this.users.findById(id, tx));
      return this.#apply(tx, user, update, caller);
    });
  }

  /**
   * Ends an account. `delete` also takes its key away and hides it; the row stays for what points at it.
   * @throws AppError `not_found`; `bad_request` for the caller's own account and for the last administrator
   */
  remove(id: number, action: 'deactivate' | 'delete', caller: Actor): Promise<User> {
    return this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      const user = found(await this.users.findById(id, tx));
      if (user.id === caller.userId) {
        throw new AppError('bad_request', 'You cannot delete your own account', { code: 'own_account' });
      }
      await this.#apply(tx, user, { isActive: false }, caller);
      if (action === 'delete') {
        await this.users.update(tx, id, { deletedAt: new Date(this.clock.now()), hashedApiKey: null });
      }
      return user;
    });
  }

  async #apply(tx: Transaction, user: User, update: AccountUpdate, caller?: Actor): Promise<User> {
    const { role, ...columns } = update;
    if (update.isActive === false && user.id === caller?.userId) {
      throw new AppError('bad_request', 'You cannot deactivate your own account', { code: 'own_account' });
    }
    const change: UserChange = {
      ...columns,
      ...(role !== undefined && {
        roleId: assertPresent(await this.users.roleId(role), 'all roles are seeded'),
      }),
      revokeTokens: update.isActive === false || (role !== undefined && role !== user.role),
    };
    await this.users.update(tx, user.id, change);
    const changed = { ...user, ...columns, role: role ?? user.role };
    if (isActingAdministrator(user) && !isActingAdministrator(changed)) await this.#refuseNoneLeft(tx);
    return changed;
  }

  async #refuseNoneLeft(tx: Transaction): Promise<void> {
    if ((await this.users.countActiveAdministrators(tx)) > 0) return;
    throw new AppError(
      'bad_request',
      'The last active administrator cannot be deactivated, demoted or deleted',
      { code: 'last_administrator' },
    );
  }
}

const isActingAdministrator = (user: User): boolean =>
  user.isActive && ADMINISTRATORS.some((role) => role === user.role);

function found(user: User | null): User {
  if (user === null) throw new AppError('not_found', 'User not found', { code: 'user_not_found' });
  return user;
}
