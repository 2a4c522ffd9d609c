import { AppError, DAY_MS, MINUTE_MS, newUuid } from '#libs/kernel';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { runSql } from './statements.js';
import type { Transaction } from './transaction.js';
import type { TransactionRunner } from './transaction-runner.js';
import { jsonColumn, utcColumn } from './column-types.js';

/** A request that may be repeated: whose it is, and under which key. */
export interface ScopedKey {
  /** A user or an anonymous address, at most 128 characters. */
  readonly scope: string;
  /** The caller's key, at most 255 characters. */
  readonly key: string;
}

/** An answer to give again, byte for byte. */
export interface KeptReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The right to do the work of a key. `holder` fences off a request that was too slow. */
export interface Reservation extends ScopedKey {
  readonly holder: string;
}

export type ReserveOutcome =
  | { readonly state: 'reserved'; readonly reservation: Reservation }
  /** Another request with this key is at work. */
  | { readonly state: 'in_progress' }
  /** The key was used for another request. */
  | { readonly state: 'mismatch' }
  | { readonly state: 'completed'; readonly reply: KeptReply };

export interface IdempotencyOptions {
  /** After this time without an answer the request counts as crashed; longer than any request may take. Default 60 s. */
  readonly leaseMs?: number;
  /** How long an answer is kept. Default 24 h. */
  readonly retentionMs?: number;
}

interface KeyRow {
  readonly fingerprint: string;
  readonly status: number | null;
  readonly headers: string | null;
  readonly body: string | null;
}

const iso = (epochMs: number): string => new Date(epochMs).toISOString();
const PURGE_BATCH = 500;
const ATTEMPTS = 3;

/**
 * Makes a repeated request answer once: reserve, do the work and {@link complete} in the work's own transaction,
 * or {@link release} when it failed.
 */
export class IdempotencyStore {
  readonly #leaseMs: number;
  readonly #retentionMs: number;

  constructor(
    private readonly transactions: TransactionRunner,
    options: IdempotencyOptions = {},
  ) {
    this.#leaseMs = options.leaseMs ?? MINUTE_MS;
    this.#retentionMs = options.retentionMs ?? DAY_MS;
  }

  /** Takes the key, or says who has it, in a transaction of its own. @param nowMs epoch ms */
  async reserve(scope: string, key: string, fingerprint: string, nowMs: number): Promise<ReserveOutcome> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const outcome = await this.transactions.run((tx) =>
        this.#reserve(tx, { scope, key }, fingerprint, nowMs),
      );
      if (outcome !== null) return outcome;
    }
    // each time the row that stood in the way was gone when it was looked at
    return { state: 'in_progress' };
  }

  /**
   * Stores the answer together with the work.
   * @throws AppError `conflict` when the reservation was lost to another request: then the work must not count either
   */
  async complete(tx: Transaction, reservation: Reservation, reply: KeptReply): Promise<void> {
    const rows = await runSql(
      tx,
      `UPDATE idempotency_keys SET state = 'completed', status = ?, headers = ?, body = ?
       WHERE scope = ? AND "key" = ? AND holder = ? AND state = 'in_progress' RETURNING holder`,
      [
        reply.status,
        JSON.stringify(reply.headers),
        reply.body,
        reservation.scope,
        reservation.key,
        reservation.holder,
      ],
    );
    if (rows.length === 0) {
      throw new AppError('conflict', 'The request took too long; its Idempotency-Key is in use again', {
        code: 'idempotency_lost',
      });
    }
  }

  /** Replaces a stored answer by the one that the caller really got; nothing when it is gone or another's by now. */
  async amend(tx: Transaction, reservation: Reservation, reply: KeptReply): Promise<void> {
    await runSql(
      tx,
      `UPDATE idempotency_keys SET status = ?, headers = ?, body = ?
       WHERE scope = ? AND "key" = ? AND holder = ? AND state = 'completed'`,
      [
        reply.status,
        JSON.stringify(reply.headers),
        reply.body,
        reservation.scope,
        reservation.key,
        reservation.holder,
      ],
    );
  }

  /** Gives the key back after a failure, so that the caller can try again with it. */
  async release(tx: Transaction, reservation: Reservation): Promise<void> {
    await runSql(
      tx,
      `DELETE FROM idempotency_keys WHERE scope = ? AND "key" = ? AND holder = ? AND state = 'in_progress'`,
      [reservation.scope, reservation.key, reservation.holder],
    );
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
    { scope, key }: ScopedKey,
    fingerprint: string,
    nowMs: number,
  ): Promise<ReserveOutcome | null> {
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
      [
        scope,
        key,
        fingerprint,
        holder,
        iso(nowMs + this.#leaseMs),
        now,
        iso(nowMs + this.#retentionMs),
        now,
        now,
      ],
    );
    if (taken.length === 1) return { state: 'reserved', reservation: { scope, key, holder } };
    const [row] = await runSql<KeyRow>(
      tx,
      'SELECT fingerprint, status, headers, body FROM idempotency_keys WHERE scope = ? AND "key" = ?',
      [scope, key],
    );
    return row === undefined ? null : outcomeOf(row, fingerprint);
  }
}

function outcomeOf(row: KeyRow, fingerprint: string): ReserveOutcome {
  if (row.fingerprint !== fingerprint) return { state: 'mismatch' };
  if (row.status === null || row.headers === null || row.body === null) return { state: 'in_progress' };
  const headers = JSON.parse(row.headers) as Record<string, string>;
  return { state: 'completed', reply: { status: row.status, headers, body: row.body } };
}

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
  @Column({ type: 'text', nullable: true }) body!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn()) expiresAt!: Date;
}
