import { Injectable } from '@nestjs/common';
import { compileValidator } from '#libs/http';
import { AppError, invalid } from '#libs/kernel';
import { Accounts, type User } from '../accounts/accounts.port.js';
import { ProfileChange } from './user.dto.js';

const checkChange = compileValidator(ProfileChange);

/** What people see and change of their own account. */
@Injectable()
export class Profile {
  constructor(private readonly accounts: Accounts) {}

  /** @throws AppError `not_found` when the account was deleted a moment ago */
  async show(userId: number): Promise<User> {
    const user = await this.accounts.find(userId);
    if (user === null) throw new AppError('not_found', 'User not found', { code: 'user_not_found' });
    return user;
  }

  /**
   * Takes a free-form change: `email` is obeyed, other keys are ignored.
   * @throws AppError `forbidden` when `role` is named, `invalid` for a malformed address, `bad_request` for a taken one
   */
  async update(userId: number, change: Readonly<Record<string, unknown>>): Promise<void> {
    if (Object.hasOwn(change, 'role')) {
      throw new AppError('forbidden', 'Users cannot change their own role', { code: 'own_role' });
    }
    const checked = checkChange(change, 'body');
    if ('violations' in checked) throw invalid(...checked.violations);
    const { email } = checked.value;
    if (email !== undefined) await this.accounts.changeEmail(userId, email);
  }
}
