import { Injectable } from '@nestjs/common';
import type { DatabaseScope } from '#libs/database';
import { UserRepository } from './user.repository.js';
import type {
  Payer,
  Subscriptions,
  SubscriptionTier,
  TradingParties,
  UserDirectory,
} from './accounts.port.js';

/** {@link UserDirectory}, {@link TradingParties} and {@link Subscriptions} over the table `users`. */
@Injectable()
export class StoredUserDirectory implements UserDirectory, TradingParties, Subscriptions {
  constructor(private readonly users: UserRepository) {}

  idOf(username: string, scope?: DatabaseScope): Promise<number | null> {
    return this.users.idOf(username, scope);
  }

  usernames(ids: readonly number[], scope?: DatabaseScope): Promise<ReadonlyMap<number, string>> {
    return this.users.usernames(ids, scope);
  }

  async counts(): Promise<{ readonly total: number; readonly active: number }> {
    const [total, active] = await Promise.all([this.users.count(), this.users.count({ isActive: true })]);
    return { total, active };
  }

  activeAmong(ids: readonly number[], scope?: DatabaseScope): Promise<ReadonlySet<number>> {
    return this.users.activeAmong(ids, scope);
  }

  payer(id: number, scope?: DatabaseScope): Promise<Payer | null> {
    return this.users.payer(id, scope);
  }

  async tierOf(id: number, scope?: DatabaseScope): Promise<SubscriptionTier> {
    return (await this.users.tierOf(id, scope)) ?? 'basic';
  }
}
