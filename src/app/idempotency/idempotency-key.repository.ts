import {
  DATABASE_TIMEOUTS,
  hiddenColumn,
  jsonColumn,
  runSql,
  type Transaction,
  type TransactionRunner,
  updateRow,
  utcColumn,
} from '#libs/database';
import type { IdempotentRequest, Reserved, StoredReply } from '#libs/http';
import { AppError, DAY_MS, newUuid } from '#libs/kernel';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** Names the keys that answers are encrypted with. */
export const IDEMPOTENT_REPLIES = 'idempotent replies';

/** A request that carried an Idempotency-Key, and its answer once there is one. */
@Entity('idempotency_keys')
@Index('ix_idempotency_keys_expires', ['expiresAt'])
export class IdempotencyKeyEntity {
  /** Whose key it is: a user, or the address of an anonymous caller. */
  @PrimaryColumn({ type: 'varchar', length: 128 }) scope!: string;
  @PrimaryColumn({ type: 'varchar', length: 255 }) key!: string;

  /** Digest of method, path and body. */
  @Column({ type: 'varchar', length: 128 }) fingerprint!: string;
  @Column({ type: 'varchar', length: 16 }) state!: 'in_progress' | 'completed';

  /** Names the request that holds the reservation. */
  @Column({ type: 'varchar', length: 36 }) holder!: string;

  /** From then on another request may take an unfinished reservation over. */
  @Column(utcColumn()) leaseExpiresAt!: Date;
  @Column({ type: 'integer', nullable: true }) status!: number | null;
  @Column(jsonColumn({ nullable: true })) headers!: Readonly<Record<string, string>> | null;
  @Column(hiddenColumn(IDEMPOTENT_REPLIES, { nullable: true })) body!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn()) expiresAt!: Date;
}

/** The right to do the work of a key. `holder` fences off a request that was too slow. */
export interface Reservation extends Pick<IdempotentRequest, 'scope' | 'key'> {
  readonly holder: string;
}

/** A reservation in the state that its row is in. */
type HeldKey = Reservation & Pick<IdempotencyKeyEntity, 'state'>;

const iso = (epochMs: number): string => new Date(epochMs).toISOString();
/**
 * After this time without an answer a request counts as crashed: it waited for a connection and then had one transaction,
 * and both have their limits. One that is slower still, on SQLite behind others, is refused in the end.
 */
export const LEASE_MS = DATABASE_TIMEOUTS.connectMs + DATABASE_TIMEOUTS.transactionMs;
const RETENTION_MS = DAY_MS;
const PURGE_BATCH = 500;
const ATTEMPTS = 3;

/**
 * Makes a repeated request answer once: reserve, do the work and {@link complete} in the work's own transaction,
 * or {@link release} when it failed.
 */
export class IdempotencyStore {
  constructor(private readonly transactions: TransactionRunner) {}

  /**
   * Takes the key, or says who has it, in a transaction of its own.
   * @param nowMs epoch ms
   * @param former fingerprints that the same request had under secret keys of before
   */
  async reserve(
    request: IdempotentRequest,
    nowMs: number,
    former: readonly string[] = [],
  ): Promise<Reserved<Reservation>> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const outcome = await this.transactions.run((tx) => this.#reserve(tx, request, nowMs, former));
      if (outcome !== null) return outcome;
    }
    // each time the row that stood in the way was gone when it was looked at
    return { state: 'in_progress' };
  }

  /**
   * Stores the answer together with the work.
   * @throws AppError `conflict` when the reservation was lost to another request: then the work must not count either
   */
  async complete(tx: Transaction, reservation: Reservation, reply: StoredReply): Promise<void> {
    keep(tx, { ...reservation, state: 'in_progress' }, reply, lost);
  }

  /** Replaces a stored answer by the one that the caller really got; nothing when it is gone or another's by now. */
  async amend(tx: Transaction, reservation: Reservation, reply: StoredReply): Promise<void> {
    keep(tx, { ...reservation, state: 'completed' }, reply, null);
  }

  /** Gives the key back after a failure, so that the caller can try again with it. */
  async release(tx: Transaction, reservation: Reservation): Promise<void> {
    await tx.manager.delete(IdempotencyKeyEntity, { ...reservation, state: 'in_progress' });
  }

  /**
   * Gives back every key whose request has no answer yet, for a process that is alone on its database: those requests
   * died with the process before it. Only the youngest rows are looked at, by the index on their end.
   */
  async releaseAll(tx: Transaction, nowMs: number): Promise<void> {
    await runSql(tx, `DELETE FROM idempotency_keys WHERE expires_at > ? AND state = 'in_progress'`, [
      iso(nowMs + RETENTION_MS - LEASE_MS),
    ]);
  }

  /** Forgets answers that are too old, a batch at a time; returns how many. */
  async purgeExpired(tx: Transaction, nowMs: number): Promise<number> {
    const gone = await runSql(
      tx,
      `DELETE FROM idempotency_keys WHERE (scope, "key") IN
         (SELECT scope, "key" FROM idempotency_keys WHERE expires_at <= ? LIMIT ?) RETURNING scope`,
      [iso(nowMs), PURGE_BATCH],
    );
    return gone.length;
  }

  /** Null when the row that stood in the way is gone again. */
  async #reserve(
    tx: Transaction,
    { scope, key, fingerprint }: IdempotentRequest,
    nowMs: number,
    former: readonly string[],
  ): Promise<Reserved<Reservation> | null> {
    const holder = newUuid();
    const now = iso(nowMs);
    const taken = await runSql(
      tx,
      `INSERT INTO idempotency_keys
         (scope, "key", fingerprint, state, holder, lease_expires_at, created_at, expires_at)
       VALUES (?, ?, ?, 'in_progress', ?, ?, ?, ?)
       ON CONFLICT (scope, "key") DO UPDATE SET fingerprint = excluded.fingerprint, state = 'in_progress',
         holder = excluded.holder, lease_expires_at = excluded.lease_expires_at, status = NULL, headers = NULL,
         body = NULL, created_at = excluded.created_at, expires_at = excluded.expires_at
       WHERE idempotency_keys.expires_at <= ?
          OR (idempotency_keys.state = 'in_progress' AND idempotency_keys.lease_expires_at <= ?)
       RETURNING holder`,
      [scope, key, fingerprint, holder, iso(nowMs + LEASE_MS), now, iso(nowMs + RETENTION_MS), now, now],
    );
    if (taken.length === 1) return { state: 'reserved', reservation: { scope, key, holder } };
    const row = await tx.manager.findOneBy(IdempotencyKeyEntity, { scope, key });
    return row === null ? null : outcomeOf(row, [fingerprint, ...former]);
  }
}

function keep(
  tx: Transaction,
  held: HeldKey,
  { status, headers, body }: StoredReply,
  refusal: (() => Error) | null,
): void {
  const kept = { state: 'completed', status, headers, body } as const;
  updateRow(tx, IdempotencyKeyEntity, held, kept, refusal);
}

const lost = () =>
  new AppError('conflict', 'The request took too long; its Idempotency-Key is in use again', {
    code: 'idempotency_lost',
  });

function outcomeOf(row: IdempotencyKeyEntity, fingerprints: readonly string[]): Reserved<Reservation> {
  const { status, headers, body } = row;
  if (!fingerprints.includes(row.fingerprint)) return { state: 'mismatch' };
  if (status === null || headers === null || body === null) return { state: 'in_progress' };
  return { state: 'completed', reply: { status, headers, body } };
}
