import { createHash } from 'node:crypto';
import { type BeforeApplicationShutdown, Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { lockName, TransactionRunner, type Transaction } from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';
import type { AuditSealEntity, IdRange } from './audit-seal.entity.js';
import { AuditSealRepository, type RawLogRow } from './audit-seal.repository.js';

/** What the first link is hashed onto. */
export const GENESIS = '0'.repeat(64);
/** Rows in one link: about 3 ms of hashing, so that the event loop stays free. */
const MOST_ROWS = 500;
/** Links that are looked back on for ids that committed late: a transaction ends within 30 s, this is minutes of traffic. */
const LOOK_BACK = 64;
/** Ids that were rolled back stay gaps for ever; so many ranges of them are looked into again. */
const MOST_GAPS = 200;

/** Numbers the rows of the audit log without a gap and chains their hashes, every `audit_seal_seconds`. */
@Injectable()
export class SealAudit extends PeriodicService implements BeforeApplicationShutdown {
  constructor(
    private readonly seals: AuditSealRepository,
    private readonly transactions: TransactionRunner,
    config: AppConfig,
    private readonly clock: Clock,
  ) {
    super(clock, { everyMs: config.audit_seal_seconds * 1000 });
  }

  beforeApplicationShutdown(): Promise<void> {
    return this.onApplicationShutdown();
  }

  /** Seals everything there is, or what it can until the signal aborts; returns the number of rows. */
  async seal(signal?: AbortSignal): Promise<number> {
    for (let sealed = 0; ;) {
      const rows = await this.transactions.run((tx) => this.#sealSome(tx));
      sealed += rows;
      if (rows < MOST_ROWS || signal?.aborted) return sealed;
    }
  }

  protected turn(signal: AbortSignal): Promise<number> {
    return this.seal(signal);
  }

  async #sealSome(tx: Transaction): Promise<number> {
    await lockName(tx, 'audit:seal'); // only one process seals at a time
    const recent = await this.seals.newest(LOOK_BACK);
    const { after, gaps } = openIds(recent);
    const rows = await this.seals.rowsToSeal(after, gaps, MOST_ROWS);
    if (rows.length === 0) return 0;
    const last = recent[0];
    const firstSequence = (last?.lastSequence ?? 0) + 1;
    await this.seals.append(tx, {
      firstSequence,
      lastSequence: firstSequence + rows.length - 1,
      idRanges: rangesOf(rows.map(({ id }) => id)),
      hash: rows.reduce((hash, row, i) => linkHash(hash, firstSequence + i, row), last?.hash ?? GENESIS),
      sealedAt: new Date(this.clock.now()),
    });
    return rows.length;
  }
}

const linkHash = (previous: string, sequence: number, row: RawLogRow): string =>
  createHash('sha256')
    .update(`${previous}\n${sequence}\n${sealedText(row)}`)
    .digest('hex');

/**
 * A row as it is hashed: a JSON array of its columns in the order of the table, the payload as its stored text. A row
 * without a route has one element less, as all rows had before there were routes.
 */
const sealedText = (row: RawLogRow): string =>
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

/** Where rows without a seal can be: behind the highest sealed id, or in the gaps that recent links left. */
export function openIds(recent: readonly AuditSealEntity[]): {
  readonly after: number;
  readonly gaps: readonly IdRange[];
} {
  const covered = recent.flatMap(({ idRanges }) => idRanges).toSorted(([a], [b]) => a - b);
  const gaps: IdRange[] = [];
  let end = covered[0]?.[1] ?? 0;
  for (const [from, to] of covered) {
    if (from > end + 1) gaps.push([end + 1, from - 1]);
    end = Math.max(end, to);
  }
  return { after: end, gaps: gaps.slice(-MOST_GAPS) };
}

/** Rising ids as ranges: 1 2 3 7 → [1,3] [7,7]. */
export function rangesOf(ids: readonly number[]): IdRange[] {
  const ranges: [number, number][] = [];
  for (const id of ids) {
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === id - 1) last[1] = id;
    else ranges.push([id, id]);
  }
  return ranges;
}
