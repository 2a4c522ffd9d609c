import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { type Transaction, TransactionRunner } from '#libs/database';
import { ADMINISTRATORS, type PageWindow } from '#libs/http';
import { type Actor, AppError, assertPresent, Clock, newSecret } from '#libs/kernel';
import {
  type Accounts,
  type AccountUpdate,
  type CreatedAccount,
  type NewAccount,
  type User,
  type UserFilter,
  userNotFound,
} from './accounts.port.js';
import { PasswordHasher } from './password-hasher.js';
import { StoredCredentials } from './stored-credentials.js';
import { type UserChange, UserRepository } from './user.repository.js';

/** 16 characters, 96 random bits. */
const RANDOM_PASSWORD_BYTES = 12;
export const randomPassword = (): string => newSecret(RANDOM_PASSWORD_BYTES);

/**
 * {@link Accounts} over the table `users`. Changes run one after another, so that two of them, each allowed by itself,
 * can't leave the installation without an administrator. Deactivation, deletion and a new role revoke all tokens; keys
 * follow the account's state and role by themselves, because each request reads it.
 */
@Injectable()
export class StoredAccounts implements Accounts {
  readonly #fixedPassword: string | null;

  constructor(
    private readonly users: UserRepository,
    private readonly credentials: StoredCredentials,
    private readonly hasher: PasswordHasher,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.#fixedPassword = config.initial_user_password;
  }

  async create(
    account: NewAccount,
    duplicates: 'bad_request' | 'conflict',
    within?: (tx: Transaction, user: User) => Promise<unknown>,
  ): Promise<CreatedAccount> {
    const random = account.password === undefined && this.#fixedPassword === null ? randomPassword() : null;
    const password = account.password ?? this.#fixedPassword ?? random ?? '';
    const hashedPassword = await this.hasher.hash(password);
    const apiKey = this.credentials.newKey();
    const user = await this.#inTurn(async (tx) => {
      await this.#refuseDuplicates(account, duplicates);
      const created = await this.users.insert(tx, {
        username: account.username,
        email: account.email,
        roleId: await this.#roleId(account.role),
        isActive: account.isActive,
        hashedPassword,
        apiKey,
        subscriptionTier: account.subscriptionTier ?? 'basic',
        initialCreditsMicros: account.initialCreditsMicros ?? 0,
        billingAddress: account.billingAddress ?? null,
        createdAt: apiKey.createdAt,
      });
      await within?.(tx, created);
      return created;
    });
    return { user, apiKey: apiKey.apiKey, initialPassword: random };
  }

  find(id: number): Promise<User | null> {
    return this.users.findById(id);
  }

  list(filter: UserFilter, page: PageWindow): Promise<User[]> {
    return this.users.list(filter, page);
  }

  count(filter: UserFilter): Promise<number> {
    return this.users.count(filter);
  }

  activate(username: string): Promise<User> {
    return this.#inTurn(async (tx) =>
      this.#apply(tx, found(await this.users.findByUsername(username)), { isActive: true }),
    );
  }

  deactivate(username: string, caller: Actor): Promise<User> {
    return this.#inTurn(async (tx) =>
      this.#apply(tx, found(await this.users.findByUsername(username)), { isActive: false }, caller),
    );
  }

  update(id: number, update: AccountUpdate, caller: Actor): Promise<User> {
    return this.#inTurn(async (tx) => this.#apply(tx, found(await this.users.findById(id)), update, caller));
  }

  remove(id: number, action: 'deactivate' | 'delete', caller: Actor): Promise<User> {
    return this.#inTurn(async (tx) => {
      const user = found(await this.users.findById(id));
      if (user.id === caller.userId) {
        throw new AppError('bad_request', 'You cannot delete your own account', {
          code: 'own_account',
          original: 'Cannot deactivate your own account',
        });
      }
      await this.#apply(tx, user, { isActive: false }, caller);
      if (action === 'delete') {
        await this.users.update(tx, id, { deletedAt: new Date(this.clock.now()), hashedApiKey: null });
      }
      return user;
    });
  }

  async changeEmail(id: number, email: string): Promise<void> {
    await this.#inTurn(async (tx) => {
      if (await this.users.emailTaken(email, id)) throw emailTaken();
      await this.users.update(tx, id, { email });
    });
  }

  /** Runs the change when all changes before it are committed. */
  #inTurn<T>(change: (tx: Transaction) => Promise<T>): Promise<T> {
    return this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      return change(tx);
    });
  }

  async #roleId(name: string): Promise<number> {
    const id = await this.users.roleId(name);
    if (id !== null) return id;
    throw new AppError('bad_request', `Role '${name}' does not exist`, { code: 'unknown_role' });
  }

  async #refuseDuplicates(account: NewAccount, duplicates: 'bad_request' | 'conflict'): Promise<void> {
    const username = await this.users.usernameTaken(account.username);
    const email = await this.users.emailTaken(account.email);
    if (!username && !email) return;
    if (duplicates === 'conflict') {
      throw new AppError('conflict', 'Username or email already exists', { code: 'user_exists' });
    }
    throw username
      ? new AppError('bad_request', 'Username already exists', { code: 'username_taken' })
      : emailTaken();
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
    if (isActingAdministrator(user) && !isActingAdministrator(changed)) await this.#refuseNoneLeft();
    return changed;
  }

  async #refuseNoneLeft(): Promise<void> {
    if ((await this.users.countActiveAdministrators()) > 0) return;
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
  if (user === null) throw userNotFound();
  return user;
}

/** The answer to an address that another account has. */
const emailTaken = (): AppError =>
  new AppError('bad_request', 'Email already exists', { code: 'email_taken' });
