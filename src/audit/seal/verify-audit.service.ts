import { Injectable } from '@nestjs/common';
import { type Anchor, type SealVerdict, verifySeals } from '#libs/database';
import { AuditArchiveRepository } from '../archive/audit-archive.repository.js';
import { archivedRows } from '../archive/archived-rows.js';
import { AuditSealRepository, type RawLogRow } from './audit-seal.repository.js';

/**
 * Checks the chain over the audit log from the tables alone. It shares no code with the sealer: it names the columns and
 * builds the hashed text by itself.
 */
@Injectable()
export class VerifyAudit {
  constructor(private readonly seals: AuditSealRepository) {}

  /**
   * Run it in a snapshot of a database that is in use.
   * @param archiveFolder where to read rows that are not in the table any more; null: their links are believed
   * @param passed told of how many rows were looked at, again and again
   */
  async verify(
    anchors: readonly Anchor[] = [],
    archiveFolder: string | null = null,
    passed: (rows: number) => void = () => undefined,
  ): Promise<SealVerdict> {
    return verifySeals(
      this.seals.store,
      async (range) => {
        const rows = await this.seals.rowsBetween(range);
        passed(rows.length);
        return rows.map(cellsOf);
      },
      anchors,
      await archivedRows(new AuditArchiveRepository(this.seals.store.database), archiveFolder),
    );
  }
}

/** Rows from before routes were kept, and those that matched none, were sealed without one. */
const cellsOf = (row: RawLogRow): (string | number | null)[] => [
  ...COLUMNS.map((column) => plain(column, row[column])),
  ...(row.route === null ? [] : [row.route]),
];

/** The order in which columns are hashed. */
const COLUMNS = [
  'id',
  'request_id',
  'correlation_id',
  'user_id',
  'ip_address',
  'user_agent',
  'endpoint',
  'method',
  'query_string',
  'request_payload',
  'request_timestamp',
  'response_status_code',
  'response_time_ms',
  'response_size_bytes',
] as const satisfies readonly (keyof RawLogRow)[];

const plain = (column: keyof RawLogRow, value: string | number | null): string | number | null =>
  column === 'response_size_bytes' && typeof value === 'string' ? Number(value) : value;
