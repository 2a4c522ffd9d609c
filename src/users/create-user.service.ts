import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import type { Transaction } from '#libs/database';
import type { Actor } from '#libs/kernel';
import { Accounts, type User } from '../accounts/accounts.port.js';
import { CreditGrants, HOME_CURRENCY } from '../billing/billing.port.js';
import type { CreatedUserOut, CreateUserRequest } from './admin-user.dto.js';

/** Makes accounts for administrators, in the two forms of the contract. */
@Injectable()
export class CreateUser {
  readonly #activateAtOnce: boolean;

  constructor(
    private readonly accounts: Accounts,
    private readonly grants: CreditGrants,
    config: AppConfig,
  ) {
    this.#activateAtOnce = !config.require_activation;
  }

  /**
   * With a password the extended form: active as asked, 409 for duplicates. Without one the simple form: inactive
   * unless the configuration says otherwise, 400 for duplicates.
   */
  async create(body: CreateUserRequest, { userId: grantedBy }: Actor): Promise<CreatedUserOut> {
    const { password, initialCreditsMicros: amount } = body;
    const isActive = password === undefined ? this.#activateAtOnce : body.isActive;
    const duplicates = password === undefined ? 'bad_request' : 'conflict';
    const grant = (tx: Transaction, { id: userId }: User): Promise<number> =>
      this.grants.grant(tx, { userId, type: 'bonus', amount, currency: HOME_CURRENCY, grantedBy });
    const within = amount === 0 ? undefined : grant;
    const made = await this.accounts.create({ ...body, isActive }, duplicates, within);
    const { user, apiKey, initialPassword } = made;
    return { ...user, apiKey, ...(initialPassword !== null && { initialPassword }) };
  }
}
