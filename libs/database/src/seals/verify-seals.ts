import { createHash } from 'node:crypto';
import type { IdRange, SealLink, SealStore } from './seal-store.js';
import { LOOK_BACK, openIds } from './seal-writer.js';

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

/** A column as it is hashed. */
export type SealedCell = string | number | null | readonly SealedCell[];

const LINKS_A_PAGE = 100;
const MOST_FAULTS = 20;
const START = Buffer.alloc(64, '0').toString('latin1');

/**
 * Checks the chain over a table from the tables alone, and against anchors. It hashes with code of its own, so that a mistake
 * of the sealer would be found here. Run it in a snapshot while others write.
 * @param read the rows of a range by id, each as its id and the columns that are hashed
 */
export async function verifySeals(
  store: SealStore,
  read: (range: IdRange) => Promise<readonly (readonly SealedCell[])[]>,
  anchors: readonly Anchor[] = [],
): Promise<SealVerdict> {
  const walk = new ChainWalk(anchors.filter(({ chain }) => chain === store.table.chain));
  let recent: SealLink[] = [];
  for (let after = 0; ;) {
    const links = await store.linksAfter(after, LINKS_A_PAGE);
    for (const link of links) {
      await checkLink(walk, link, read);
      after = link.id;
    }
    recent = [...recent, ...links].slice(-LOOK_BACK);
    if (links.length < LINKS_A_PAGE || walk.faults.length >= MOST_FAULTS) break;
  }
  const notes: string[] = [];
  if (walk.faults.length < MOST_FAULTS) await checkEnds(walk, store);
  walk.checkAnchors();
  const { upTo, inRanges, all, highestId } = await store.countRows(walk.highestId, openIds(recent).gaps);
  if (walk.faults.length === 0) {
    // Rows below the highest sealed id that no link names were put in between, unless they have only just committed.
    const strangers = upTo - walk.rows - inRanges;
    if (strangers > 0)
      walk.faults.push(`${strangers} rows with ids up to ${walk.highestId} are in no link of the chain`);
    await checkIds(walk, notes, store, { all, highestId });
  }
  return {
    faults: walk.faults,
    notes,
    sealedRows: walk.rows,
    unsealedRows: all - walk.rows,
    hash: walk.hash,
  };
}

async function checkLink(
  walk: ChainWalk,
  link: SealLink,
  read: (range: IdRange) => Promise<readonly (readonly SealedCell[])[]>,
): Promise<void> {
  const name = `link ${link.id} (rows ${link.firstSequence} to ${link.lastSequence})`;
  walk.begin(link, name);
  for (const range of link.idRanges) {
    const rows = await read(range);
    const expected = range[1] - range[0] + 1;
    if (rows.length !== expected)
      walk.faults.push(
        `${name}: ${expected - rows.length} of the rows with ids ${range[0]} to ${range[1]} are missing`,
      );
    for (const row of rows) walk.row(row);
    walk.highestId = Math.max(walk.highestId, range[1]);
  }
  walk.end(link, name);
}

/** The head was moved with every link: it must be where the last one is. */
async function checkEnds(walk: ChainWalk, store: SealStore): Promise<void> {
  const head = await store.head();
  if (head?.links === walk.links && head.rowCount === walk.lastSequence && head.hash === (walk.hash ?? START))
    return;
  walk.faults.push(
    head === null
      ? `seal_heads does not know the chain "${store.table.chain}"`
      : `the chain ends with link ${walk.links} and row ${walk.lastSequence}; it was sealed up to link ${head.links} and row ${head.rowCount}`,
  );
}

/**
 * Ids against the database's own counter. On SQLite a rollback takes it back as well, so every id has its row. On
 * PostgreSQL ids of rolled-back writes are lost: ids without rows behind the last row prove nothing there.
 */
async function checkIds(
  walk: ChainWalk,
  notes: string[],
  store: SealStore,
  { all, highestId }: { readonly all: number; readonly highestId: number },
): Promise<void> {
  const given = await store.lastGivenId();
  if (given === null) return;
  if (given < highestId)
    walk.faults.push(`the last row has the id ${highestId}; the database gave none above ${given}`);
  else if (store.database.kind === 'sqlite' && all < given)
    walk.faults.push(`${given - all} of the ${given} rows that the database numbered are not there`);
  else if (given > highestId)
    notes.push(
      `the database gave ids up to ${given}, the last row has ${highestId}: those between were rolled back, or removed within ` +
        'seconds after they were written; only an anchor can tell',
    );
}

class ChainWalk {
  readonly faults: string[] = [];
  rows = 0;
  links = 0;
  highestId = 0;
  hash: string | null = null;
  lastSequence = 0;
  #sequence = 0;
  #running = START;
  /** By their number of rows. */
  readonly #anchors = new Map<number, Anchor[]>();

  constructor(anchors: readonly Anchor[]) {
    for (const anchor of anchors.filter(({ rows }) => rows > 0))
      this.#anchors.set(anchor.rows, [...(this.#anchors.get(anchor.rows) ?? []), anchor]);
  }

  begin({ firstSequence, lastSequence, idRanges }: SealLink, name: string): void {
    if (firstSequence !== this.lastSequence + 1)
      this.faults.push(`${name}: does not begin with row ${this.lastSequence + 1}`);
    const named = idRanges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    if (named !== lastSequence - firstSequence + 1) this.faults.push(`${name}: names ${named} rows`);
    this.#sequence = firstSequence - 1;
    this.#running = this.hash ?? START;
  }

  row(columns: readonly SealedCell[]): void {
    this.rows += 1;
    this.#sequence += 1;
    const hash = createHash('sha256');
    hash.update(`${this.#running}\n${this.#sequence}\n${JSON.stringify(columns)}`);
    this.#running = hash.digest('hex');
  }

  end({ hash, lastSequence }: SealLink, name: string): void {
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

  /** What is left of the anchors ends no link: the chain was cut before them, or its links were made anew. */
  checkAnchors(): void {
    for (const [rows, anchors] of this.#anchors)
      this.faults.push(
        rows > this.lastSequence
          ? `the anchor of ${anchors[0]?.at} knows ${rows} rows; the chain ends with row ${this.lastSequence}`
          : `the anchor of ${anchors[0]?.at} is for row ${rows}, with which no link ends`,
      );
  }
}
