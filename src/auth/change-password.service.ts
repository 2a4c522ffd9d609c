import { Injectable } from '@nestjs/common';
import { type Actor, AppError } from '#libs/kernel';
import { Credentials, type NewPassword } from '../accounts/accounts.port.js';
import { LoginLimiter } from './login-limiter.js';

/** Changes the caller's own password. Wrong old passwords count as failed logins, so they can't be guessed here either. */
@Injectable()
export class ChangePassword {
  constructor(
    private readonly credentials: Credentials,
    private readonly limiter: LoginLimiter,
  ) {}

  /**
   * Revokes all tokens of the account, and its API key when asked to.
   * @throws AppError `bad_request` for a wrong old password, `too_many`
   */
  async change(caller: Actor, change: NewPassword, network: string): Promise<void> {
    const { username } = caller;
    const isKnown = (): Promise<boolean> => this.credentials.knowsNetwork(username, network);
    const isChanged = await this.limiter.attempt({ network, username, isKnown }, async () => {
      const value = await this.credentials.changePassword(caller.userId, change);
      return { counts: value ? 'success' : 'failure', value };
    });
    if (!isChanged) throw new AppError('bad_request', 'Invalid old password', { code: 'wrong_password' });
  }
}
