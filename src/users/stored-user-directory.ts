import { Injectable } from '@nestjs/common';
import { UserRepository } from './user.repository.js';
import type { UserDirectory } from './users.port.js';

/** {@link UserDirectory} over the table `users`. */
@Injectable()
export class StoredUserDirectory implements UserDirectory {
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
}
