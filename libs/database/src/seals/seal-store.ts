import { Column, Entity, PrimaryColumn } from 'typeorm';
import { integerColumn } from '../column-types.js';
import type { Database } from '../database.js';
import { countRows, runSql } from '../statements.js';
import type { Transaction } from '../transaction.js';

/** Ids from the first to the second, both included. */
export type IdRange = readonly [from: number, to: number];

/** A table whose rows are sealed, and the table of its links. */
export interface SealedTable {
  readonly chain: 'audit' | 'ledger';
  readonly rows: 'api_logs' | 'transactions';
  readonly seals: 'audit_seals' | 'ledger_seals';
}

/** A link of a chain: some rows, in the order of their ids, numbered without a gap and hashed onto the link before. */
export interface SealLink {
  readonly id: number;
  /** Number of the link's first row in the whole table, from 1. */
  readonly firstSequence: number;
  readonly lastSequence: number;
  /** Which rows: on PostgreSQL ids may commit out of order, so a link need not be one range. */
  readonly idRanges: readonly IdRange[];
  /** SHA-256, hexadecimal, of the chain up to and including these rows. */
  readonly hash: string;
  /** ISO 8601, UTC. */
  readonly sealedAt: string;
}

/** When a row of a sealed table was written. */
const MOMENTS = { api_logs: 'request_timestamp', transactions: 'created_at' } as const;

/** What the first link is hashed onto. */
export const GENESIS = '0'.repeat(64);

/**
 * How far each chain has come. Changed in the transaction of every link, so that it always equals the last one: a chain
 * that was cut off at its end differs from it. Ids cannot tell on PostgreSQL, where those of rolled-back writes are lost.
 */
@Entity('seal_heads')
export class SealHeadEntity {
  @PrimaryColumn({ type: 'varchar', length: 16 }) chain!: SealedTable['chain'];
  @Column(integerColumn()) links!: number;
  @Column(integerColumn()) rowCount!: number;
  @Column({ type: 'varchar', length: 64 }) hash!: string;
}

export type SealHead = Readonly<Pick<SealHeadEntity, 'links' | 'rowCount' | 'hash'>>;

interface RawLink {
  readonly id: number;
  readonly first_sequence: number | string;
  readonly last_sequence: number | string;
  readonly id_ranges: string;
  readonly hash: string;
  readonly sealed_at: string;
}

const linkOf = (row: RawLink): SealLink => ({
  id: row.id,
  firstSequence: Number(row.first_sequence),
  lastSequence: Number(row.last_sequence),
  idRanges: JSON.parse(row.id_ranges) as IdRange[],
  hash: row.hash,
  sealedAt: row.sealed_at,
});

/** The links over a sealed table: added to and read, nothing else. */
export class SealStore {
  constructor(
    readonly database: Database,
    readonly table: SealedTable,
  ) {}

  /** The last links, newest first. */
  async newest(count: number): Promise<SealLink[]> {
    return this.#links('ORDER BY id DESC LIMIT ?', [count]);
  }

  /** Links in their order, from after this id. */
  linksAfter(id: number, limit: number): Promise<SealLink[]> {
    return this.#links('WHERE id > ? ORDER BY id LIMIT ?', [id, limit]);
  }

  /** Links in their order, from that with this row as its first. */
  linksFrom(firstSequence: number, limit: number): Promise<SealLink[]> {
    return this.#links('WHERE first_sequence >= ? ORDER BY first_sequence LIMIT ?', [firstSequence, limit]);
  }

  async head(): Promise<SealHead | null> {
    const [row] = await runSql<{ links: number | string; row_count: number | string; hash: string }>(
      this.database.read,
      'SELECT links, row_count, hash FROM seal_heads WHERE chain = ?',
      [this.table.chain],
    );
    return row === undefined
      ? null
      : { links: Number(row.links), rowCount: Number(row.row_count), hash: row.hash };
  }

  /** When the oldest row behind the last link was written; null when there is none. Two look-ups by id. */
  async oldestUnsealed(): Promise<Date | null> {
    const [last] = await this.newest(1);
    const { rows } = this.table;
    const [row] = await runSql<{ at: string }>(
      this.database.read,
      `SELECT ${MOMENTS[rows]} AS at FROM ${rows} WHERE id > ? ORDER BY id LIMIT 1`,
      [last?.idRanges.at(-1)?.[1] ?? 0],
    );
    return row === undefined ? null : new Date(row.at);
  }

  /** Adds a link and moves the head to it. */
  async append(tx: Transaction, seal: Omit<SealLink, 'id'>): Promise<number> {
    const { firstSequence, lastSequence, idRanges, hash, sealedAt } = seal;
    const [row] = await runSql<{ id: number }>(
      tx,
      `INSERT INTO ${this.table.seals} (first_sequence, last_sequence, id_ranges, hash, sealed_at)
       VALUES (?, ?, ?, ?, ?) RETURNING id`,
      [firstSequence, lastSequence, JSON.stringify(idRanges), hash, sealedAt],
    );
    await runSql(tx, 'UPDATE seal_heads SET links = links + 1, row_count = ?, hash = ? WHERE chain = ?', [
      lastSequence,
      hash,
      this.table.chain,
    ]);
    return row?.id ?? 0;
  }

  /** How many rows the table has up to this id, in these ranges, and altogether; and its highest id, 0 without rows. */
  async countRows(
    upToId: number,
    ranges: readonly IdRange[],
  ): Promise<{
    readonly upTo: number;
    readonly inRanges: number;
    readonly all: number;
    readonly highestId: number;
  }> {
    const { rows } = this.table;
    const all = await countRows(this.database.read, rows);
    const later = await countRows(this.database.read, `${rows} WHERE id > ?`, [upToId]);
    let inRanges = 0;
    for (const [from, to] of ranges)
      inRanges += await countRows(this.database.read, `${rows} WHERE id BETWEEN ? AND ?`, [from, to]);
    const [highest] = await runSql<{ id: number | null }>(
      this.database.read,
      `SELECT MAX(id) AS id FROM ${rows}`,
    );
    return { upTo: all - later, inRanges, all, highestId: highest?.id ?? 0 };
  }

  /** The highest id that the database gave to a row, kept or not; null when it does not tell. */
  async lastGivenId(): Promise<number | null> {
    const { rows } = this.table;
    const isSqlite = this.database.kind === 'sqlite';
    const [row] = await runSql<{ given: number | string | null }>(
      this.database.read,
      isSqlite
        ? 'SELECT COALESCE(MAX(seq), 0) AS given FROM sqlite_sequence WHERE name = ?'
        : `SELECT pg_sequence_last_value(pg_get_serial_sequence(?, 'id')) AS given`,
      [rows],
    );
    return row?.given === null || row === undefined ? null : Number(row.given);
  }

  async #links(rest: string, parameters: readonly number[]): Promise<SealLink[]> {
    const rows = await runSql<RawLink>(
      this.database.read,
      `SELECT id, first_sequence, last_sequence, id_ranges, hash, sealed_at FROM ${this.table.seals} ${rest}`,
      parameters,
    );
    return rows.map(linkOf);
  }
}
