import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { SealWriter, TransactionRunner } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import { AuditSealRepository, type RawLogRow } from './audit-seal.repository.js';

/** Numbers the rows of the audit log without a gap and chains their hashes, every `audit_seal_seconds`. */
@Injectable()
export class SealAudit extends PeriodicService implements BeforeApplicationShutdown {
  readonly #writer: SealWriter<RawLogRow>;

  constructor(seals: AuditSealRepository, transactions: TransactionRunner, config: AppConfig, clock: Clock) {
    super(clock, { everyMs: config.audit_seal_seconds * 1000 });
    const rows = { read: seals.rowsToSeal.bind(seals), textOf: sealedText };
    this.#writer = new SealWriter(seals.store, rows, transactions, clock);
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.onApplicationShutdown();
  }

  /** Seals everything there is, or what it can until the signal aborts; returns the number of rows. */
  seal(signal?: AbortSignal): Promise<number> {
    return this.#writer.seal(signal);
  }

  protected turn(signal: AbortSignal): Promise<number> {
    return this.seal(signal);
  }
}

/**
 * A row as it is hashed: a JSON array of its columns in the order of the table, the payload as its stored text. A row
 * without a route has one element less, as all rows had before there were routes.
 */
export const sealedText = (row: RawLogRow): string =>
  JSON.stringify([
    row.id,
    row.request_id,
    row.correlation_id,
    row.user_id,
    row.ip_address,
    row.user_agent,
    row.endpoint,
    row.method,
    row.query_string,
    row.request_payload,
    row.request_timestamp,
    row.response_status_code,
    row.response_time_ms,
    row.response_size_bytes === null ? null : Number(row.response_size_bytes),
    ...(row.route === null ? [] : [row.route]),
  ]);
