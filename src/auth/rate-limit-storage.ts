import { Injectable } from '@nestjs/common';
import type { ThrottlerStorage } from '@nestjs/throttler';
import { Clock } from '#libs/kernel';
import { LRUCache } from 'lru-cache';

/** Failures that still count. */
export interface Failures {
  readonly count: number;
  /** Milliseconds until the oldest of them stops to count; 0 when there is none. */
  readonly oldestLeavesInMs: number;
}

/**
 * Counters behind all rate limits. In memory each process counts for itself; an implementation over a shared store
 * makes the limits hold for all processes together. Windows are in milliseconds.
 */
export abstract class RateLimitStorage implements ThrottlerStorage {
  abstract increment(
    ...hit: Parameters<ThrottlerStorage['increment']>
  ): ReturnType<ThrottlerStorage['increment']>;
  /** Failures under `key` within the last `windowMs`. */
  abstract failures(key: string, windowMs: number): Promise<Failures>;
  /** Adds a failure now; of each key the newest `keep` are kept. */
  abstract addFailure(key: string, keep: number): Promise<void>;
  /** Forgets the failures under `key`. */
  abstract forgetFailures(key: string): Promise<void>;
  /** Forgets everything. */
  abstract clear(): Promise<void>;
}

/** Callers counted at the same time; the least recently seen is forgotten first. */
const MAX_KEYS = 50_000;

interface Window {
  readonly endsAtMs: number;
  hits: number;
}

/** Counts in this process. */
@Injectable()
export class MemoryRateLimitStorage implements RateLimitStorage {
  readonly #windows = new LRUCache<string, Window>({ max: MAX_KEYS });
  readonly #failures = new LRUCache<string, readonly number[]>({ max: MAX_KEYS });

  constructor(private readonly clock: Clock) {}

  /**
   * Counts a hit in a window that begins with a key's first hit and lasts `ttlMs`. Times of the answer are in whole
   * seconds, as ThrottlerGuard expects. A refused hit is not counted, so that waiting always helps.
   */
  async increment(key: string, ttlMs: number, limit: number) {
    const now = this.clock.now();
    let window = this.#windows.get(key);
    if (window === undefined || window.endsAtMs <= now) {
      window = { endsAtMs: now + ttlMs, hits: 0 };
      this.#windows.set(key, window);
    }
    const isBlocked = window.hits >= limit;
    if (!isBlocked) window.hits += 1;
    const timeToExpire = Math.ceil((window.endsAtMs - now) / 1000);
    return {
      totalHits: window.hits,
      timeToExpire,
      isBlocked,
      timeToBlockExpire: isBlocked ? timeToExpire : 0,
    };
  }

  async failures(key: string, windowMs: number): Promise<Failures> {
    const since = this.clock.now() - windowMs;
    const counting = (this.#failures.get(key) ?? []).filter((at) => at > since);
    const [oldest] = counting;
    return {
      count: counting.length,
      oldestLeavesInMs: oldest === undefined ? 0 : oldest - since,
    };
  }

  async addFailure(key: string, keep: number): Promise<void> {
    this.#failures.set(key, [...(this.#failures.get(key) ?? []), this.clock.now()].slice(-keep));
  }

  async forgetFailures(key: string): Promise<void> {
    this.#failures.delete(key);
  }

  async clear(): Promise<void> {
    this.#windows.clear();
    this.#failures.clear();
  }
}
