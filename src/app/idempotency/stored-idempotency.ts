import { Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { secretKeysOf, AppConfig } from '#libs/config';
import { Database, TransactionRunner } from '#libs/database';
import type { IdempotencyPort, IdempotentRequest, Reserved, StoredReply } from '#libs/http';
import { PeriodicService } from '#libs/jobs';
import {
  AppError,
  type CancelTimer,
  Clock,
  HOUR_MS,
  KeyedDigest,
  OutageError,
  TextCipher,
} from '#libs/kernel';
import { IDEMPOTENT_REPLIES, IdempotencyStore, type Reservation } from './idempotency-key.repository.js';

const PURGE_EVERY_MS = HOUR_MS;
const RELEASE_AGAIN_MS = 500;

/**
 * Keeps idempotent answers in the database, in the transaction of the work itself. They are encrypted: the answer to a
 * new account carries its API key, which is stored nowhere else in the clear.
 */
@Injectable()
export class StoredIdempotency extends PeriodicService implements IdempotencyPort<Reservation>, OnModuleInit {
  protected override readonly logger = new Logger('prediction_provider.idempotency');
  readonly #store: IdempotencyStore;
  readonly #cipher: TextCipher;
  readonly #digest: KeyedDigest;
  readonly #unreleased = new Set<Reservation>();
  #cancel: CancelTimer | null = null;

  constructor(
    private readonly database: Database,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    super(clock, { everyMs: PURGE_EVERY_MS });
    this.#store = new IdempotencyStore(transactions);
    this.#cipher = new TextCipher(secretKeysOf(config), IDEMPOTENT_REPLIES);
    this.#digest = new KeyedDigest(secretKeysOf(config), 'idempotent requests');
  }

  /** One process serves a SQLite file; on PostgreSQL others may be at work on their requests. */
  async onModuleInit(): Promise<void> {
    if (this.database.kind === 'postgres') return;
    await this.transactions.run((tx) => this.#store.releaseAll(tx, this.clock.now()));
  }

  async reserve(request: IdempotentRequest): Promise<Reserved<Reservation>> {
    const fingerprint = this.#digest.of(request.fingerprint);
    const former = this.#digest.formerOf(request.fingerprint);
    const outcome = await this.#store.reserve({ ...request, fingerprint }, this.clock.now(), former);
    if (outcome.state !== 'completed') return outcome;
    const body = this.#cipher.decrypt(outcome.reply.body);
    if (body !== null) return { state: 'completed', reply: { ...outcome.reply, body } };
    throw new AppError('conflict', 'The first answer to this Idempotency-Key can no longer be read', {
      code: 'idempotency_unreadable',
    });
  }

  commit(reservation: Reservation, work: () => Promise<StoredReply>): Promise<StoredReply> {
    return this.transactions.run(async (tx) => {
      const reply = await work();
      await this.#store.complete(tx, reservation, this.#hidden(reply));
      return reply;
    });
  }

  amend(reservation: Reservation, reply: StoredReply): Promise<void> {
    return this.transactions.run((tx) => this.#store.amend(tx, reservation, this.#hidden(reply)));
  }

  /**
   * Gives a key back. While the database is away it cannot: then it does so as soon as it can, because callers repeat their
   * request and would be told until the key's lease is over that it is in work. It is safe at any time: a key whose work was
   * committed all the same is completed.
   */
  async release(reservation: Reservation): Promise<void> {
    try {
      await this.transactions.run((tx) => this.#store.release(tx, reservation));
    } catch (error) {
      if (error instanceof OutageError) this.#releaseLater(reservation);
      throw error;
    }
  }

  #releaseLater(reservation: Reservation): void {
    this.#unreleased.add(reservation);
    this.#cancel ??= this.clock.after(RELEASE_AGAIN_MS, () => void this.#releaseAgain());
  }

  async #releaseAgain(): Promise<void> {
    this.#cancel = null;
    const left = [...this.#unreleased];
    this.#unreleased.clear();
    try {
      await this.transactions.run(async (tx) => {
        for (const one of left) await this.#store.release(tx, one);
      });
    } catch (error) {
      if (!(error instanceof OutageError)) return this.failed(error);
      for (const one of left) this.#releaseLater(one);
    }
  }

  override async onApplicationShutdown(): Promise<void> {
    this.#cancel?.();
    await super.onApplicationShutdown();
  }

  #hidden(reply: StoredReply): StoredReply {
    return { ...reply, body: this.#cipher.encrypt(reply.body) };
  }

  /** Forgets old keys. */
  protected turn(): Promise<unknown> {
    return this.transactions.run((tx) => this.#store.purgeExpired(tx, this.clock.now()));
  }

  protected override failed(error: unknown): void {
    this.logger.warn({ message: 'idempotency keys could not be removed', err: error });
  }
}
