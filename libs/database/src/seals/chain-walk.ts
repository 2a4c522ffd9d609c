import { createHash } from 'node:crypto';
import { GENESIS, type SealLink } from './seal-store.js';

/** What somebody wrote down of a chain, elsewhere, at some moment. */
export interface Anchor {
  readonly chain: string;
  /** Rows that were sealed. */
  readonly rows: number;
  /** Of the chain up to that row. */
  readonly hash: string;
  /** ISO 8601. */
  readonly at: string;
}

/** A column as it is hashed. */
export type SealedCell = string | number | null | readonly SealedCell[];

export interface SealVerdict {
  /** What is wrong, one sentence each; empty when the table is as it was written. */
  readonly faults: readonly string[];
  /** What may be harmless and cannot be told from the tables alone. */
  readonly notes: readonly string[];
  /** Rows whose seal was checked, and rows too new to have one. */
  readonly sealedRows: number;
  readonly unsealedRows: number;
  /** Of the last link; null for an empty chain. */
  readonly hash: string | null;
}

type WalkedLink = Pick<SealLink, 'firstSequence' | 'lastSequence' | 'idRanges' | 'hash'>;

/** Walks along a chain and hashes with code of its own, so that a mistake of the sealer would be found here. */
export class ChainWalk {
  readonly faults: string[] = [];
  /** Rows that were hashed. */
  rows = 0;
  links = 0;
  highestId = 0;
  hash: string | null = null;
  lastSequence = 0;
  #sequence = 0;
  #running: string = GENESIS;
  /** By their number of rows. */
  readonly #anchors = new Map<number, Anchor[]>();

  /** @param start what the first link is hashed onto, for a chain whose beginning is elsewhere */
  constructor(anchors: readonly Anchor[], start?: { readonly lastSequence: number; readonly hash: string }) {
    for (const anchor of anchors.filter(({ rows }) => rows > 0))
      this.#anchors.set(anchor.rows, [...(this.#anchors.get(anchor.rows) ?? []), anchor]);
    if (start === undefined) return;
    this.lastSequence = start.lastSequence;
    this.hash = start.hash;
  }

  begin({ firstSequence, lastSequence, idRanges }: WalkedLink, name: string): void {
    if (firstSequence !== this.lastSequence + 1)
      this.faults.push(`${name}: does not begin with row ${this.lastSequence + 1}`);
    const named = idRanges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    if (named !== lastSequence - firstSequence + 1) this.faults.push(`${name}: names ${named} rows`);
    for (const [, to] of idRanges) this.highestId = Math.max(this.highestId, to);
    this.#sequence = firstSequence - 1;
    this.#running = this.hash ?? GENESIS;
  }

  row(columns: readonly SealedCell[]): void {
    this.rows += 1;
    this.#sequence += 1;
    const hash = createHash('sha256');
    hash.update(`${this.#running}\n${this.#sequence}\n${JSON.stringify(columns)}`);
    this.#running = hash.digest('hex');
  }

  /** Takes a link's word for its rows, which are not at hand. */
  trust({ hash }: WalkedLink): void {
    this.#running = hash;
  }

  end({ hash, lastSequence }: WalkedLink, name: string): void {
    if (this.#running !== hash) this.faults.push(`${name}: its rows are not what was sealed`);
    for (const anchor of this.#anchors.get(lastSequence) ?? [])
      if (anchor.hash !== hash)
        this.faults.push(
          `${name}: the anchor of ${anchor.at} has another hash; the chain was made anew after it`,
        );
    this.#anchors.delete(lastSequence);
    this.links += 1;
    this.lastSequence = lastSequence;
    this.hash = hash;
  }

  /**
   * What is left of the anchors ends no link: the chain was cut before them, or its links were made anew. A part of a chain
   * says nothing about those behind it.
   */
  checkAnchors({ isWhole } = { isWhole: true }): void {
    for (const [rows, anchors] of this.#anchors) {
      if (rows > this.lastSequence && !isWhole) continue;
      this.faults.push(
        rows > this.lastSequence
          ? `the anchor of ${anchors[0]?.at} knows ${rows} rows; the chain ends with row ${this.lastSequence}`
          : `the anchor of ${anchors[0]?.at} is for row ${rows}, with which no link ends`,
      );
    }
  }
}
