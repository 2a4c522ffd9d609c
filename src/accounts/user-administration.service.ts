import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { AppError } from '#libs/kernel';
import { CredentialRepository } from './credential.repository.js';
import { PasswordHasher } from './password-hasher.js';
import {
  type CreatedAccount,
  EMAIL_MAX_LENGTH,
  EMAIL_PATTERN,
  PASSWORD_MIN_LENGTH,
  type User,
  USERNAME_MAX_LENGTH,
  USERNAME_PATTERN,
  userNotFound,
} from './accounts.port.js';
import { randomPassword, StoredAccounts } from './stored-accounts.js';
import { UserRepository } from './user.repository.js';

/** An account to be made from the command line. */
export interface AccountOrder {
  readonly username: string;
  readonly email: string;
  readonly role: string;
  /** Absent: as for accounts made by administrators over HTTP. */
  readonly password?: string;
}

/**
 * User management of whoever may run commands on the machine: `users create`, `users activate`,
 * `users reset-password`. Results are returned for the command to print; nothing is logged.
 */
@Injectable()
export class UserAdministration {
  readonly #isActiveAtOnce: boolean;

  constructor(
    private readonly accounts: StoredAccounts,
    private readonly users: UserRepository,
    private readonly credentials: CredentialRepository,
    private readonly hasher: PasswordHasher,
    private readonly transactions: TransactionRunner,
    config: AppConfig,
  ) {
    this.#isActiveAtOnce = !config.require_activation;
  }

  /**
   * @throws AppError `bad_request` for a malformed or taken name or address, a short password, an unknown role
   */
  async create(order: AccountOrder): Promise<CreatedAccount> {
    if (order.username.length > USERNAME_MAX_LENGTH || !USERNAME_PATTERN.test(order.username)) {
      throw malformed(
        `The name must be 1 to ${USERNAME_MAX_LENGTH} printable characters without blanks at its ends`,
      );
    }
    if (order.email.length > EMAIL_MAX_LENGTH || !EMAIL_PATTERN.test(order.email)) {
      throw malformed(`"${order.email}" is not an e-mail address`);
    }
    if (order.password !== undefined) checkLength(order.password);
    return this.accounts.create({ ...order, isActive: this.#isActiveAtOnce }, 'bad_request');
  }

  /** @throws AppError `not_found` */
  activate(username: string): Promise<User> {
    return this.accounts.activate(username);
  }

  /**
   * Sets a password, a random one when none is given, and revokes all tokens.
   * @param passwords `old`, when given, must be the present one
   * @returns the random password, or null when one was given
   * @throws AppError `not_found`, `bad_request` for a wrong old password or a short new one
   */
  async resetPassword(
    username: string,
    passwords: { readonly old?: string; readonly new?: string } = {},
  ): Promise<string | null> {
    const random = passwords.new === undefined ? randomPassword() : null;
    const password = passwords.new ?? random ?? '';
    checkLength(password);
    const holder = await this.credentials.passwordByUsername(username);
    if (holder === null) throw userNotFound();
    if (passwords.old !== undefined && !(await this.hasher.verify(passwords.old, holder.hashedPassword))) {
      throw new AppError('bad_request', 'Invalid old password', { code: 'wrong_password' });
    }
    const hashedPassword = await this.hasher.hash(password);
    await this.transactions.run(async (tx) => {
      await this.users.update(tx, holder.userId, { hashedPassword, revokeTokens: true });
      await this.credentials.forgetNetworks(tx, holder.userId);
    });
    return random;
  }
}

function checkLength(password: string): void {
  if (password.length >= PASSWORD_MIN_LENGTH) return;
  throw malformed(`The password must have at least ${PASSWORD_MIN_LENGTH} characters`);
}

const malformed = (detail: string): AppError => new AppError('bad_request', detail, { code: 'malformed' });
