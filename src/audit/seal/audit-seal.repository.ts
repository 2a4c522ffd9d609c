import { Injectable } from '@nestjs/common';
import { Database, runSql, type Transaction } from '#libs/database';
import { MoreThan, type EntityManager } from 'typeorm';
import { ApiLogEntity } from '../api-log.entity.js';
import { AuditSealEntity, type IdRange } from './audit-seal.entity.js';

/** A row of `api_logs` as the database hands it over; PostgreSQL's 64-bit integers come as text. */
export interface RawLogRow {
  readonly id: number;
  readonly request_id: string;
  readonly correlation_id: string;
  readonly user_id: number | null;
  readonly ip_address: string;
  readonly user_agent: string | null;
  readonly endpoint: string;
  readonly method: string;
  readonly query_string: string | null;
  readonly request_payload: string | null;
  readonly request_timestamp: string;
  readonly response_status_code: number;
  readonly response_time_ms: number;
  readonly response_size_bytes: number | string | null;
  readonly route: string | null;
}

export type NewSeal = Omit<AuditSealEntity, 'id'>;

/** The chain over the audit log: added to and read, nothing else. */
@Injectable()
export class AuditSealRepository {
  constructor(private readonly database: Database) {}

  /** The last links, newest first. */
  newest(count: number): Promise<AuditSealEntity[]> {
    return this.database.read.manager.find(AuditSealEntity, { order: { id: 'DESC' }, take: count });
  }

  async append(tx: Transaction, seal: NewSeal): Promise<void> {
    await tx.manager.insert(AuditSealEntity, seal);
  }

  /** Log rows behind `after` or inside one of the gaps, by id. */
  rowsToSeal(after: number, gaps: readonly IdRange[], limit: number): Promise<RawLogRow[]> {
    const inGaps = gaps.map(() => ' OR id BETWEEN ? AND ?').join('');
    return runSql<RawLogRow>(
      this.database.read,
      `SELECT * FROM api_logs WHERE id > ?${inGaps} ORDER BY id LIMIT ?`,
      [after, ...gaps.flat(), limit],
    );
  }

  /** Links in their order, from after this id. */
  linksAfter(id: number, limit: number): Promise<AuditSealEntity[]> {
    return this.#reader.find(AuditSealEntity, {
      where: { id: MoreThan(id) },
      order: { id: 'ASC' },
      take: limit,
    });
  }

  /** Log rows of a range, by id. */
  rowsBetween([from, to]: IdRange): Promise<RawLogRow[]> {
    return runSql<RawLogRow>(
      this.database.read,
      'SELECT * FROM api_logs WHERE id BETWEEN ? AND ? ORDER BY id',
      [from, to],
    );
  }

  /** How many rows the log has up to this id, and altogether. */
  async countRows(upToId: number): Promise<{ readonly upTo: number; readonly all: number }> {
    const all = await this.#reader.count(ApiLogEntity);
    const later = await this.#reader.count(ApiLogEntity, { where: { id: MoreThan(upToId) } });
    return { upTo: all - later, all };
  }

  get #reader(): EntityManager {
    return this.database.read.manager;
  }
}
