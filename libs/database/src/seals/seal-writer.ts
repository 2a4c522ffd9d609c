import { createHash } from 'node:crypto';
import type { Clock } from '#libs/kernel';
import { lockName } from '../statements.js';
import type { Transaction } from '../transaction.js';
import type { TransactionRunner } from '../transaction-runner.js';
import { GENESIS, type IdRange, type SealLink, type SealStore } from './seal-store.js';

/** Rows that are read and hashed at a time: about a millisecond, then others have their turn of the event loop. */
const ROWS_A_TURN = 100;
/** Rows in one link. */
const MOST_ROWS = 5 * ROWS_A_TURN;
/** Links that are looked back on for ids that committed late: a transaction ends within 30 s, this is minutes of traffic. */
export const LOOK_BACK = 64;
/** Ids that were rolled back stay gaps for ever; so many ranges of them are looked into again. */
const MOST_GAPS = 200;

/** Reads and writes down the rows of a sealed table. */
export interface SealableRows<Row extends { readonly id: number }> {
  /** Rows behind `after` or inside one of the gaps, by id. */
  readonly read: (after: number, gaps: readonly IdRange[], limit: number) => Promise<readonly Row[]>;
  /** A row as it is hashed. */
  readonly textOf: (row: Row) => string;
}

/** A link that is not added yet, and the hash of the chain before it. */
type NextLink = Omit<SealLink, 'id' | 'sealedAt'> & { readonly before: string };

/** Numbers the rows of a table without a gap and chains their hashes. */
export class SealWriter<Row extends { readonly id: number }> {
  #last: Pick<SealLink, 'id' | 'hash'> | null = null;

  constructor(
    private readonly store: SealStore,
    private readonly rows: SealableRows<Row>,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
  ) {}

  /**
   * Seals everything there is, or what it can until the signal aborts; returns the number of rows.
   * @throws Error when the chain is not what was sealed before: nothing more is sealed then, so that nothing covers it up
   */
  async seal(signal?: AbortSignal): Promise<number> {
    for (let sealed = 0; ;) {
      const link = await this.#nextLink();
      if (link === null) return sealed;
      const isAdded = await this.transactions.run((tx) => this.#append(tx, link));
      if (!isAdded) continue; // another process was faster: look again
      const rows = link.lastSequence - link.firstSequence + 1;
      sealed += rows;
      if (rows < MOST_ROWS || signal?.aborted) return sealed;
    }
  }

  /** The link that would come next; null when there is nothing to seal. Rows never change, so no transaction is held for it. */
  async #nextLink(): Promise<NextLink | null> {
    const recent = await this.store.newest(LOOK_BACK);
    const last = recent[0];
    const firstSequence = (last?.lastSequence ?? 0) + 1;
    let { after, gaps } = openIds(recent);
    let hash = last?.hash ?? GENESIS;
    const ids: number[] = [];
    while (ids.length < MOST_ROWS) {
      const rows = await this.rows.read(after, gaps, ROWS_A_TURN);
      for (const row of rows) {
        hash = rowHash(hash, firstSequence + ids.length, this.rows.textOf(row));
        ids.push(row.id);
      }
      if (rows.length < ROWS_A_TURN) break;
      ({ after, gaps } = openBehind(rows.at(-1)?.id ?? after, { after, gaps }));
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (ids.length === 0) return null;
    const lastSequence = firstSequence + ids.length - 1;
    return { firstSequence, lastSequence, idRanges: rangesOf(ids), hash, before: last?.hash ?? GENESIS };
  }

  /** Adds the link; false when it does not follow on the last one any more. */
  async #append(tx: Transaction, { before, ...link }: NextLink): Promise<boolean> {
    await lockName(tx, `${this.store.table.chain}:seal`); // only one process seals at a time
    const recent = await this.store.newest(LOOK_BACK);
    await this.#assertUnaltered(recent);
    if ((recent[0]?.hash ?? GENESIS) !== before) return false;
    const id = await this.store.append(tx, { ...link, sealedAt: new Date(this.clock.now()).toISOString() });
    tx.afterCommit(() => (this.#last = { id, hash: link.hash }));
    return true;
  }

  async #assertUnaltered(recent: readonly SealLink[]): Promise<void> {
    const head = await this.store.head();
    const [last, own] = [recent[0], this.#last];
    const isWhole = head?.rowCount === (last?.lastSequence ?? 0) && head.hash === (last?.hash ?? GENESIS);
    const isThere =
      own === null ||
      recent.some(({ id, hash }) => id === own.id && hash === own.hash) ||
      own.id < (recent.at(-1)?.id ?? 0);
    if (isWhole && isThere) return;
    const { chain, seals } = this.store.table;
    throw new Error(
      `the last links of ${seals} are not those that were sealed; run "${chain === 'audit' ? 'audit' : 'billing'} verify"`,
    );
  }
}

const rowHash = (previous: string, sequence: number, text: string): string =>
  createHash('sha256').update(`${previous}\n${sequence}\n${text}`).digest('hex');

interface OpenIds {
  readonly after: number;
  readonly gaps: readonly IdRange[];
}

/**
 * Where rows without a seal can be: behind the highest sealed id, or in the gaps that recent links left. An id below the
 * oldest of them that committed late says nothing of those between: older links have them.
 * @param recent newest first, {@link LOOK_BACK} of them or the whole chain
 */
export function openIds(recent: readonly Pick<SealLink, 'idRanges'>[]): OpenIds {
  const [oldest, ...newer] = recent.toReversed();
  const isWholeChain = recent.length < LOOK_BACK;
  let end = isWholeChain ? 0 : Math.max(0, ...(oldest?.idRanges ?? []).map(([, to]) => to));
  let gaps: IdRange[] = [];
  for (const { idRanges } of isWholeChain && oldest !== undefined ? [oldest, ...newer] : newer)
    for (const [from, to] of idRanges) {
      if (from > end + 1) gaps.push([end + 1, from - 1]);
      else gaps = gaps.flatMap((gap) => without(gap, [from, to]));
      end = Math.max(end, to);
    }
  return { after: end, gaps: gaps.slice(-MOST_GAPS) };
}

/** What is left of a range when another is taken out of it. */
const without = ([from, to]: IdRange, [first, last]: IdRange): readonly IdRange[] =>
  last < from || first > to
    ? [[from, to]]
    : [[from, first - 1] as const, [last + 1, to] as const].filter(([low, high]) => low <= high);

/** What is left of the open ids behind one of them. */
function openBehind(id: number, { after, gaps }: OpenIds): OpenIds {
  return { after: Math.max(after, id), gaps: gaps.flatMap((gap) => without(gap, [1, id])) };
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
