import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { AppError, BoundedQueue } from '#libs/kernel';
import { type FailureLimit, type Outcome, type TakenPlace, RateLimitStorage } from './rate-limit-storage.js';

/** Where a password is tried, and for which account. */
export interface LoginAttempt {
  /** The caller as limits count it: `callerNetwork` of the request. */
  readonly network: string;
  readonly username: string;
  /** Whether the account logged in from this network lately; asked only when the account's own limit is reached. */
  readonly isKnown: () => Promise<boolean>;
}

/** What a check of a password says. A `neutral` one (right password, inactive account) counts neither way. */
export interface CheckedPassword<T> {
  readonly counts: 'success' | 'failure' | 'neutral';
  readonly value: T;
}

/** Passwords of one network that may wait while another is checked. */
const MAX_WAITING_PER_NETWORK = 49;

/** So often a place is asked for while other attempts decide whether there is one. */
const MAX_TRIES = 250;

/** A limit that an attempt must keep. */
interface Rule extends FailureLimit {
  /** A success also forgets the failures before it. */
  readonly isForgiving?: true;
  /** Lets an attempt pass when the limit is reached. */
  readonly exempts?: () => Promise<boolean>;
}

/**
 * Slows down the guessing of passwords. Failures are counted in a sliding window per network and name, per network
 * whatever the name, and per name whatever the network; the last does not hold where the account is known to log in
 * from, so that guesses from elsewhere don't lock its owner out. An attempt takes its places before the password is
 * checked, because guesses sent at the same time, to any process, would otherwise all be let in before the first of
 * them has failed. Attempts of one network wait for each other.
 */
@Injectable()
export class LoginLimiter {
  /** One line for each network that has attempts. */
  readonly #lines = new Map<string, BoundedQueue>();

  constructor(
    private readonly storage: RateLimitStorage,
    private readonly config: AppConfig,
  ) {}

  /** @throws AppError `too_many` with `Retry-After`, before `check` is called */
  async attempt<T>(attempt: LoginAttempt, check: () => Promise<CheckedPassword<T>>): Promise<T> {
    if (this.config.skip_rate_limiting) return (await check()).value;
    const { network } = attempt;
    const line = this.#lines.get(network) ?? new BoundedQueue(1, MAX_WAITING_PER_NETWORK, () => tooMany(1));
    this.#lines.set(network, line);
    try {
      return await line.run(() => this.#inTurn(attempt, check));
    } finally {
      if (line.length === 0) this.#lines.delete(network);
    }
  }

  #rulesFor({ network, username, isKnown }: LoginAttempt): readonly Rule[] {
    const { login_attempts, login_attempts_per_address, login_attempts_per_account } = this.config;
    const windowMs = this.config.login_window_seconds * 1000;
    return [
      { key: `login ${network} ${username}`, limit: login_attempts, windowMs, isForgiving: true },
      { key: `login ${network}`, limit: login_attempts_per_address, windowMs },
      { key: `login of ${username}`, limit: login_attempts_per_account, windowMs, exempts: isKnown },
    ];
  }

  async #inTurn<T>(attempt: LoginAttempt, check: () => Promise<CheckedPassword<T>>): Promise<T> {
    const taken: (readonly [Rule, TakenPlace])[] = [];
    let checked: CheckedPassword<T> | null = null;
    try {
      for (const rule of this.#rulesFor(attempt)) {
        const place = await this.#take(rule);
        if (place !== null) taken.push([rule, place]);
      }
      checked = await check();
      return checked.value;
    } finally {
      for (const [rule, place] of taken) await this.storage.settle(place, outcomeOf(rule, checked));
    }
  }

  /** Null when the limit is reached and does not hold for this attempt. */
  async #take(rule: Rule): Promise<TakenPlace | null> {
    let leavesInMs = 1;
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const answer = await this.storage.take(rule);
      if (answer.state === 'taken') return answer.place;
      if ((await rule.exempts?.()) === true) return null;
      if (answer.state === 'full') {
        ({ leavesInMs } = answer);
        break;
      }
      await this.storage.changed(rule.key);
    }
    throw tooMany(Math.max(1, Math.ceil(leavesInMs / 1000)));
  }
}

const OUTCOMES = { success: 'withdrawn', failure: 'failed', neutral: 'withdrawn' } as const;

/** A check that broke says nothing about the password. */
function outcomeOf(rule: Rule, checked: CheckedPassword<unknown> | null): Outcome {
  if (checked === null) return 'withdrawn';
  return checked.counts === 'success' && rule.isForgiving === true ? 'succeeded' : OUTCOMES[checked.counts];
}

const tooMany = (seconds: number): AppError =>
  new AppError('too_many', `Too many failed logins; try again in ${seconds} s`, {
    code: 'too_many_logins',
    original: 'Too many login attempts. Please try again later.',
    headers: { 'Retry-After': String(seconds) },
  });
