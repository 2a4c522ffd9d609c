import { Injectable } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { AppError } from '#libs/kernel';
import { emailTaken } from './create-user.service.js';
import type { User } from './user.js';
import { UserRepository } from './user.repository.js';

/** What people see and change of their own account. */
@Injectable()
export class Profile {
  constructor(
    private readonly users: UserRepository,
    private readonly transactions: TransactionRunner,
  ) {}

  /** @throws AppError `not_found` when the account was deleted a moment ago */
  async show(userId: number): Promise<User> {
    const user = await this.users.findById(userId);
    if (user === null) throw new AppError('not_found', 'User not found', { code: 'user_not_found' });
    return user;
  }

  /** @throws AppError `bad_request` when another account has the address */
  async changeEmail(userId: number, email: string): Promise<void> {
    await this.transactions.run(async (tx) => {
      await this.users.takeAccountsLock(tx);
      if (await this.users.emailTaken(tx, email, userId)) throw emailTaken();
      await this.users.update(tx, userId, { email });
    });
  }
}
