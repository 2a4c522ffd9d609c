import { createHash, type Hash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { AuditSealEntity, IdRange } from './audit-seal.entity.js';
import { AuditSealRepository, type RawLogRow } from './audit-seal.repository.js';

export interface AuditVerdict {
  /** What is wrong, one sentence each; empty when the log is as it was written. */
  readonly faults: readonly string[];
  /** Rows whose seal was checked, and rows too new to have one. */
  readonly sealedRows: number;
  readonly unsealedRows: number;
  /** Of the last link; keep it elsewhere to notice a log that was cut at its end. Null for an empty chain. */
  readonly hash: string | null;
}

const LINKS_A_PAGE = 100;
const MOST_FAULTS = 20;
const START = Buffer.alloc(64, '0').toString('latin1');

/**
 * Checks the chain over the audit log from the tables alone. It shares no code with the sealer, so that a mistake there
 * would be found here: it names the columns and builds the hashed text by itself.
 */
@Injectable()
export class VerifyAudit {
  constructor(private readonly seals: AuditSealRepository) {}

  async verify(): Promise<AuditVerdict> {
    const walk = new ChainWalk();
    for (let after = 0; ;) {
      const links = await this.seals.linksAfter(after, LINKS_A_PAGE);
      for (const link of links) {
        await this.#checkLink(walk, link);
        after = link.id;
      }
      if (links.length < LINKS_A_PAGE || walk.faults.length >= MOST_FAULTS) break;
    }
    const { upTo, all } = await this.seals.countRows(walk.highestId);
    // Rows below the highest sealed id that no link names were put in between, unless they have only just committed.
    const strangers = upTo - walk.rows;
    if (strangers > 0 && walk.faults.length === 0) {
      walk.faults.push(`${strangers} rows with ids up to ${walk.highestId} are in no link of the chain`);
    }
    return { faults: walk.faults, sealedRows: walk.rows, unsealedRows: all - upTo, hash: walk.hash };
  }

  async #checkLink(walk: ChainWalk, link: AuditSealEntity): Promise<void> {
    const name = `link ${link.id} (rows ${link.firstSequence} to ${link.lastSequence})`;
    walk.begin(link, name);
    for (const range of link.idRanges) await this.#readRange(walk, range, name);
    walk.end(link, name);
  }

  async #readRange(walk: ChainWalk, range: IdRange, name: string): Promise<void> {
    const rows = await this.seals.rowsBetween(range);
    const expected = range[1] - range[0] + 1;
    if (rows.length !== expected) {
      walk.faults.push(
        `${name}: ${expected - rows.length} of the rows with ids ${range[0]} to ${range[1]} are missing`,
      );
    }
    for (const row of rows) {
      const columns = COLUMNS.map((column) => plain(column, row[column]));
      // rows from before routes were kept, and those that matched none, were sealed without one
      walk.row(row.route === null ? columns : [...columns, row.route]);
    }
    walk.highestId = Math.max(walk.highestId, range[1]);
  }
}

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

class ChainWalk {
  readonly faults: string[] = [];
  rows = 0;
  highestId = 0;
  hash: string | null = null;
  #sequence = 0;
  #running = START;

  begin({ firstSequence, lastSequence, idRanges }: AuditSealEntity, name: string): void {
    if (firstSequence !== this.#sequence + 1)
      this.faults.push(`${name}: does not begin with row ${this.#sequence + 1}`);
    const named = idRanges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    if (named !== lastSequence - firstSequence + 1) this.faults.push(`${name}: names ${named} rows`);
    this.#sequence = firstSequence - 1;
    this.#running = this.hash ?? START;
  }

  row(columns: readonly (string | number | null)[]): void {
    this.rows += 1;
    this.#sequence += 1;
    const hash: Hash = createHash('sha256');
    hash.update(this.#running);
    hash.update(`\n${this.#sequence}\n[`);
    hash.update(columns.map((value) => (value === null ? 'null' : JSON.stringify(value))).join(','));
    hash.update(']');
    this.#running = hash.digest().toString('hex');
  }

  end({ hash, lastSequence }: AuditSealEntity, name: string): void {
    if (this.#running !== hash) this.faults.push(`${name}: its rows are not what was sealed`);
    this.#sequence = lastSequence;
    this.hash = hash;
  }
}
