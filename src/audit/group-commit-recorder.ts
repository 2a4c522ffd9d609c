import { AsyncResource } from 'node:async_hooks';
import { Logger } from '@nestjs/common';
import { RawBytes, RawText, redactPath, redactQuery, redactText, RedactedCopy } from '#libs/http';
import { AppError } from '#libs/kernel';
import type { TransactionRunner } from '#libs/database';
import type { ApiLogRepository, NewApiLog } from './api-log.repository.js';
import { AuditRecorder, type AuditEntry } from './audit.port.js';

export interface RecorderOptions {
  /** Most rows of one commit. */
  readonly batchRows: number;
  /** Longest kept body, in bytes of JSON. */
  readonly payloadBytes: number;
  /** Rows that may wait; from three quarters of it on no further request should begin. Default 20,000. */
  readonly maxWaiting?: number;
}

interface Waiting {
  readonly row: NewApiLog;
  readonly settled: (error: unknown) => void;
}

/**
 * Writes audit rows durably, many in one commit: while one transaction commits, the rows of all requests that finish
 * meanwhile gather for the next one. A lone request pays one commit, 32 concurrent ones share it.
 */
export class GroupCommitRecorder extends AuditRecorder {
  readonly #logger = new Logger('prediction_provider.audit');
  readonly #maxWaiting: number;
  #queue: Waiting[] = [];
  #flushing: Promise<void> | null = null;
  #closed = false;

  constructor(
    private readonly transactions: TransactionRunner,
    private readonly logs: ApiLogRepository,
    private readonly options: RecorderOptions,
  ) {
    super();
    this.#maxWaiting = options.maxWaiting ?? 20_000;
  }

  get overloaded(): boolean {
    return this.#closed || this.#queue.length >= this.#maxWaiting * 0.75;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  add(entry: AuditEntry, settled: (error: unknown) => void): void {
    if (this.#closed || this.#queue.length >= this.#maxWaiting) {
      queueMicrotask(() => settled(closed()));
      return;
    }
    this.#queue.push({ row: rowOf(entry, this.options.payloadBytes), settled });
    this.#flushing ??= this.#flush();
  }

  async addWithin(entry: AuditEntry): Promise<void> {
    const tx = this.transactions.openTransaction;
    if (tx === null) throw new Error('invariant broken: a row is added within an open transaction');
    if (this.#closed) throw closed();
    await this.logs.append(tx, [rowOf(entry, this.options.payloadBytes)]);
  }

  async close(): Promise<void> {
    this.#closed = true;
    while (this.#flushing !== null) await this.#flushing;
  }

  // Bound to the recorder's own context: begun inside of a request's transaction, a commit would join that one.
  readonly #flush = AsyncResource.bind(async (): Promise<void> => {
    while (this.#queue.length > 0) await this.#commitOne();
    this.#flushing = null;
  });

  async #commitOne(): Promise<void> {
    const batch: Waiting[] = [];
    try {
      await this.transactions.run(async (tx) => {
        // Taken when the writer's turn has come, so that it holds everything that gathered until then; kept when the
        // database asks to run the transaction again.
        if (batch.length === 0) batch.push(...this.#queue.splice(0, this.options.batchRows));
        await this.logs.append(
          tx,
          batch.map(({ row }) => row),
        );
      });
      for (const { settled } of batch) settled(null);
    } catch (error) {
      this.#logger.error({ message: 'audit rows could not be written', err: error });
      // Without a turn at the writer nothing was taken: what waits would only wait longer.
      for (const { settled } of batch.length > 0 ? batch : this.#queue.splice(0)) settled(error);
    }
  }
}

const closed = (): AppError => new AppError('unavailable', 'The audit log accepts no more rows');

function rowOf(entry: AuditEntry, payloadBytes: number): NewApiLog {
  const payload = auditPayload(entry.payload, payloadBytes);
  return [
    entry.id,
    entry.requestId,
    entry.userId,
    entry.address.slice(0, 64),
    entry.userAgent === null ? null : redactText(entry.userAgent).slice(0, 512),
    redactPath(entry.endpoint).slice(0, 1024),
    entry.method.slice(0, 32),
    entry.query.length > 1 ? redactQuery(entry.query).slice(0, 2048) : null,
    payload === null ? null : JSON.stringify(payload),
    new Date(entry.receivedAt).toISOString(),
    entry.status,
    Math.round(entry.durationMs * 1000) / 1000,
    entry.bytes,
    entry.route,
  ];
}

/**
 * A copy of a body that may be kept: secrets replaced at any depth, and no longer than about `limit` characters of JSON.
 * What comes after the limit is marked; a body of 100,000 members is not walked to its end.
 * Text of other content types is described, not kept: nobody knows where its secrets stand.
 */
export function auditPayload(body: unknown, limit: number): unknown {
  if (body === undefined) return null;
  if (body instanceof RawText) {
    return { content_type: body.contentType.slice(0, 100), bytes: Buffer.byteLength(body.text) };
  }
  if (body instanceof RawBytes)
    return { content_type: body.contentType.slice(0, 100), bytes: body.bytes.length };
  return new RedactedCopy(limit).of(body);
}
