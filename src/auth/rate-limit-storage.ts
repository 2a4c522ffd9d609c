import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Clock } from '#libs/kernel';
import { LRUCache } from 'lru-cache';

/** A limit on failures: at most `limit` under `key` in any stretch of `windowMs`. */
export interface FailureLimit {
  readonly key: string;
  readonly limit: number;
  readonly windowMs: number;
}

/** The right to one attempt that may fail; it counts against the limit until it is settled. */
export interface TakenPlace extends FailureLimit {
  /** Tells the places of a key apart. */
  readonly number: number;
}

/** What became of an attempt. `succeeded` also forgets the failures before it. */
export type Outcome = 'failed' | 'succeeded' | 'withdrawn';

/** `full`: failures alone reach the limit. `waiting`: with the attempts under way they do, so their outcome decides. */
export type Taken =
  | { readonly state: 'taken'; readonly place: TakenPlace }
  | { readonly state: 'full'; readonly leavesInMs: number }
  | { readonly state: 'waiting' };

/** Counters behind all rate limits, for all processes that share a database. Windows are in milliseconds. */
export abstract class RateLimitStorage implements ThrottlerStorage {
  /**
   * Counts a hit in a window that begins with a key's first hit and lasts `ttlMs`. Times of the answer are in whole
   * seconds, as ThrottlerGuard expects. A refused hit is not counted, so that waiting always helps.
   */
  abstract increment(
    ...hit: Parameters<ThrottlerStorage['increment']>
  ): ReturnType<ThrottlerStorage['increment']>;
  /** Takes a place for an attempt, if failures and attempts under way leave one. */
  abstract take(limit: FailureLimit): Promise<Taken>;
  abstract settle(place: TakenPlace, outcome: Outcome): Promise<void>;
  /** Resolves when it makes sense to try again to {@link take} a place that was `waiting`. */
  abstract changed(key: string): Promise<void>;
  /** Forgets everything. */
  abstract clear(): Promise<void>;
}

/** ThrottlerGuard's answer to a hit. */
export function hitOf(totalHits: number, endsInMs: number, isBlocked: boolean) {
  const timeToExpire = Math.max(1, Math.ceil(endsInMs / 1000));
  return { totalHits, timeToExpire, isBlocked, timeToBlockExpire: isBlocked ? timeToExpire : 0 };
}

/** Callers counted at the same time; the least recently seen is forgotten first. */
const MAX_KEYS = 50_000;

interface Window {
  readonly endsAtMs: number;
  hits: number;
}

interface Attempts {
  failures: readonly number[];
  pending: number;
  wake: (() => void)[];
}

/** Whoever waits for an outcome asks again, also when what it waited for was forgotten. */
function wakeAll({ wake }: Attempts): void {
  for (const go of wake.splice(0)) go();
}

/** Counts in this process, which on SQLite is the only one. */
@Injectable()
export class MemoryRateLimitStorage implements RateLimitStorage {
  readonly #windows = new LRUCache<string, Window>({ max: MAX_KEYS });
  readonly #attempts = new LRUCache<string, Attempts>({ max: MAX_KEYS, dispose: wakeAll });

  constructor(private readonly clock: Clock) {}

  async increment(key: string, ttlMs: number, limit: number) {
    const now = this.clock.now();
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAtMs <= now) {
      window = { endsAtMs: now + ttlMs, hits: 0 };
      this.#windows.set(key, window);
    }
    const isBlocked = window.hits >= limit;
    if (!isBlocked) window.hits += 1;
    return hitOf(window.hits, window.endsAtMs - now, isBlocked);
  }

  async take(limit: FailureLimit): Promise<Taken> {
    const attempts = this.#attemptsOf(limit.key);
    const since = this.clock.now() - limit.windowMs;
    attempts.failures = attempts.failures.filter((at) => at > since);
    const deciding = attempts.failures.at(-limit.limit);
    if (deciding !== undefined) return { state: 'full', leavesInMs: deciding - since };
    if (attempts.failures.length + attempts.pending >= limit.limit) return { state: 'waiting' };
    attempts.pending += 1;
    return { state: 'taken', place: { ...limit, number: 0 } };
  }

  async settle({ key, limit }: TakenPlace, outcome: Outcome): Promise<void> {
    const attempts = this.#attemptsOf(key);
    attempts.pending = Math.max(0, attempts.pending - 1);
    if (outcome === 'succeeded') attempts.failures = [];
    if (outcome === 'failed') attempts.failures = [...attempts.failures, this.clock.now()].slice(-limit);
    wakeAll(attempts);
  }

  changed(key: string): Promise<void> {
    const attempts = this.#attemptsOf(key);
    if (attempts.pending === 0) return Promise.resolve();
    return new Promise((resolve) => attempts.wake.push(resolve));
  }

  async clear(): Promise<void> {
    this.#windows.clear();
    this.#attempts.clear();
  }

  #attemptsOf(key: string): Attempts {
    let attempts = this.#attempts.get(key);
    if (attempts === undefined) {
      attempts = { failures: [], pending: 0, wake: [] };
      this.#attempts.set(key, attempts);
    }
    return attempts;
  }
}
