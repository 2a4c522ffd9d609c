import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { AppError, BoundedQueue } from '#libs/kernel';
import { RateLimitStorage } from './rate-limit-storage.js';

/** Where a password is tried, and for which account. */
export interface LoginAttempt {
  readonly address: string;
  readonly username: string;
}

/** What a check of a password says. A `neutral` one (right password, inactive account) counts neither way. */
export interface CheckedPassword<T> {
  readonly counts: 'success' | 'failure' | 'neutral';
  readonly value: T;
}

/** Passwords of one address that may wait while another is checked. */
const MAX_WAITING_PER_ADDRESS = 49;

/**
 * Slows down the guessing of passwords: failures are counted per address and name, and per address whatever the name,
 * in a sliding window. Attempts of one address are checked one after another, because guesses sent at the same time
 * would otherwise all be let in before the first of them has failed.
 */
@Injectable()
export class LoginLimiter {
  /** One line for each address that has attempts. */
  readonly #lines = new Map<string, BoundedQueue>();
  readonly #windowMs: number;

  constructor(
    private readonly storage: RateLimitStorage,
    private readonly config: AppConfig,
  ) {
    this.#windowMs = config.login_window_seconds * 1000;
  }

  /** @throws AppError `too_many` with `Retry-After`, before `check` is called */
  async attempt<T>(attempt: LoginAttempt, check: () => Promise<CheckedPassword<T>>): Promise<T> {
    if (this.config.skip_rate_limiting) return (await check()).value;
    const { address } = attempt;
    const line = this.#lines.get(address) ?? new BoundedQueue(1, MAX_WAITING_PER_ADDRESS, () => tooMany(1));
    this.#lines.set(address, line);
    try {
      return await line.run(() => this.#inTurn(attempt, check));
    } finally {
      if (line.length === 0) this.#lines.delete(address);
    }
  }

  async #inTurn<T>(
    { address, username }: LoginAttempt,
    check: () => Promise<CheckedPassword<T>>,
  ): Promise<T> {
    const pairKey = `login ${address} ${username}`;
    const addressKey = `login ${address}`;
    await this.#refuseAtLimit(pairKey, this.config.login_attempts);
    await this.#refuseAtLimit(addressKey, this.config.login_attempts_per_address);
    const { counts, value } = await check();
    if (counts === 'success') await this.storage.forgetFailures(pairKey);
    if (counts === 'failure') {
      await this.storage.addFailure(pairKey, this.config.login_attempts);
      await this.storage.addFailure(addressKey, this.config.login_attempts_per_address);
    }
    return value;
  }

  async #refuseAtLimit(key: string, limit: number): Promise<void> {
    const { count, oldestLeavesInMs } = await this.storage.failures(key, this.#windowMs);
    if (count >= limit) throw tooMany(Math.max(1, Math.ceil(oldestLeavesInMs / 1000)));
  }
}

const tooMany = (seconds: number): AppError =>
  new AppError('too_many', `Too many failed logins; try again in ${seconds} s`, {
    code: 'too_many_logins',
    headers: { 'Retry-After': String(seconds) },
  });
