import { Injectable } from '@nestjs/common';
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

  idOf(username: string): Promise<number | null> {
    return this.users.idOf(username);
  }

  usernames(ids: readonly number[]): Promise<ReadonlyMap<number, string>> {
    return this.users.usernames(ids);
  }

  async counts(): Promise<{ readonly total: number; readonly active: number }> {
    const [total, active] = await Promise.all([this.users.count(), this.users.count({ isActive: true })]);
    return { total, active };
  }

  activeAmong(ids: readonly number[]): Promise<ReadonlySet<number>> {
    return this.users.activeAmong(ids);
  }

  payer(id: number): Promise<Payer | null> {
    return this.users.payer(id);
  }

  async tierOf(id: number): Promise<SubscriptionTier> {
    return (await this.users.tierOf(id)) ?? 'basic';
  }
}
