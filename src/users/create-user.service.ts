import { Injectable, Optional } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { type Transaction, TransactionRunner } from '#libs/database';
import { AppError, assertPresent, newSecret } from '#libs/kernel';
import { CreditGrants, HOME_CURRENCY } from '../billing/billing.port.js';
import { PasswordHasher } from './password-hasher.js';
import { StoredCredentials } from './stored-credentials.js';
import type { SubscriptionTier, User } from './user.js';
import { UserRepository } from './user.repository.js';

/** An account to be made. */
export interface NewAccount {
  readonly username: string;
  readonly email: string;
  /** A role's name; one that does not exist is refused. */
  readonly role: string;
  /** Absent: the configured first password, or a random one that is returned once. */
  readonly password?: string;
  readonly isActive: boolean;
  readonly subscriptionTier?: SubscriptionTier;
  /** Micro-units of USD. */
  readonly initialCreditsMicros?: number;
  readonly billingAddress?: Readonly<Record<string, string>> | null;
  /** The administrator; absent for the command line. */
  readonly createdBy?: number;
}

/** The account with what is shown this once. */
export interface CreatedAccount {
  readonly user: User;
  readonly apiKey: string;
  /** The random first password; null when one was given or is configured. */
  readonly initialPassword: string | null;
}

/** 16 characters, 96 random bits. */
const RANDOM_PASSWORD_BYTES = 12;
export const randomPassword = (): string => newSecret(RANDOM_PASSWORD_BYTES);

/** Makes accounts; each gets an API key. */
@Injectable()
export class CreateUser {
  readonly #fixedPassword: string | null;

  constructor(
    private readonly users: UserRepository,
    private readonly credentials: StoredCredentials,
    private readonly hasher: PasswordHasher,
    private readonly transactions: TransactionRunner,
    config: AppConfig,
    @Optional() private readonly grants?: CreditGrants,
  ) {
    this.#fixedPassword = config.initial_user_password;
  }

  /**
   * @param duplicates how a taken name or address is answered: 400 that names the field, or one 409 for both
   * @throws AppError `bad_request` for an unknown role, `bad_request` or `conflict` for a taken name or address
   */
  async create(account: NewAccount, duplicates: 'bad_request' | 'conflict'): Promise<CreatedAccount> {
    const random = account.password === undefined && this.#fixedPassword === null ? randomPassword() : null;
    const password = account.password ?? this.#fixedPassword ?? random ?? '';
    const hashedPassword = await this.hasher.hash(password);
    const apiKey = this.credentials.newKey();
    const user = await this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      await this.#refuseDuplicates(tx, account, duplicates);
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
      await this.#grantCredits(tx, created.id, account);
      return created;
    });
    return { user, apiKey: apiKey.apiKey, initialPassword: random };
  }

  async #grantCredits(tx: Transaction, userId: number, account: NewAccount): Promise<void> {
    const { initialCreditsMicros: amount = 0, createdBy: grantedBy = null } = account;
    if (amount === 0) return;
    const grant = { userId, type: 'bonus', amount, currency: HOME_CURRENCY, grantedBy } as const;
    await assertPresent(this.grants, 'credits are given where the ledger is').grant(tx, grant);
  }

  async #roleId(name: string): Promise<number> {
    const id = await this.users.roleId(name);
    if (id !== null) return id;
    throw new AppError('bad_request', `Role '${name}' does not exist`, { code: 'unknown_role' });
  }

  async #refuseDuplicates(
    tx: Transaction,
    account: NewAccount,
    duplicates: 'bad_request' | 'conflict',
  ): Promise<void> {
    const username = await this.users.usernameTaken(tx, account.username);
    const email = await this.users.emailTaken(tx, account.email);
    if (!username && !email) return;
    if (duplicates === 'conflict') {
      throw new AppError('conflict', 'Username or email already exists', { code: 'user_exists' });
    }
    throw username
      ? new AppError('bad_request', 'Username already exists', { code: 'username_taken' })
      : emailTaken();
  }
}

/** The answer to an address that another account has. */
export const emailTaken = (): AppError =>
  new AppError('bad_request', 'Email already exists', { code: 'email_taken' });
