import { type BeforeApplicationShutdown, Injectable, Logger } from '@nestjs/common';
import { TransactionRunner } from '#libs/database';
import { type CancelTimer, Clock } from '#libs/kernel';
import { CredentialRepository } from './credential.repository.js';

/** How late a use may be written. */
const FLUSH_MS = 30_000;
/** Credentials remembered at most; then they are written at once. */
const MAX_NOTED = 10_000;

/**
 * Remembers when keys and sessions were used and writes it in one transaction every half minute, so that a request
 * costs no write. What is lost when the process is killed is at most that half minute of last-use times.
 */
@Injectable()
export class CredentialUses implements BeforeApplicationShutdown {
  readonly #logger = new Logger(CredentialUses.name);
  #keys = new Map<number, number>();
  #sessions = new Map<string, number>();
  #cancel: CancelTimer | null = null;

  constructor(
    private readonly credentials: CredentialRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  noteKey(userId: number): void {
    this.#keys.set(userId, this.#now());
    this.#schedule();
  }

  noteSession(id: string): void {
    this.#sessions.set(id, this.#now());
    this.#schedule();
  }

  /** Writes what is noted; keeps it for the next time when that fails. */
  async flush(): Promise<void> {
    this.#cancel?.();
    this.#cancel = null;
    const uses = { keys: this.#keys, sessions: this.#sessions };
    if (uses.keys.size + uses.sessions.size === 0) return;
    this.#keys = new Map();
    this.#sessions = new Map();
    try {
      await this.transactions.run((tx) => this.credentials.storeUses(tx, uses));
    } catch (error) {
      this.#keys = new Map([...uses.keys, ...this.#keys]);
      this.#sessions = new Map([...uses.sessions, ...this.#sessions]);
      throw error;
    }
  }

  /** What is lost while the database is away is a few seconds of last-use times; others must still end properly. */
  async beforeApplicationShutdown(): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      this.#logger.warn({ error }, 'the last use of credentials could not be stored');
    }
  }

  /** Whole seconds, so that a flush is a few dozen statements at most. */
  #now(): number {
    return Math.floor(this.clock.now() / 1000) * 1000;
  }

  #schedule(): void {
    if (this.#keys.size + this.#sessions.size >= MAX_NOTED) this.#flushLogged();
    else this.#cancel ??= this.clock.after(FLUSH_MS, () => this.#flushLogged());
  }

  #flushLogged(): void {
    this.#cancel = null;
    this.flush().catch((error: unknown) => {
      this.#logger.warn({ error }, 'the last use of credentials could not be stored; it is tried again');
      if (this.#keys.size + this.#sessions.size >= MAX_NOTED) {
        this.#keys.clear();
        this.#sessions.clear();
      }
    });
  }
}
