import { Injectable } from '@nestjs/common';
import { Database, type IdRange, runSql, SealStore } from '#libs/database';

/** A row of `api_logs` as the database hands it over. */
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

/** The chain over the audit log, and the rows that it is made of. */
@Injectable()
export class AuditSealRepository {
  readonly store: SealStore;

  constructor(private readonly database: Database) {
    this.store = new SealStore(database, { chain: 'audit', rows: 'api_logs', seals: 'audit_seals' });
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

  /** Log rows of a range, by id. */
  rowsBetween([from, to]: IdRange): Promise<RawLogRow[]> {
    return runSql<RawLogRow>(
      this.database.readApart,
      'SELECT * FROM api_logs WHERE id BETWEEN ? AND ? ORDER BY id',
      [from, to],
    );
  }
}
