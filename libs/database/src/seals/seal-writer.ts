import { createHash } from 'node:crypto';
import type { Clock } from '#libs/kernel';
import { lockName } from '../statements.js';
import type { Transaction } from '../transaction.js';
import type { TransactionRunner } from '../transaction-runner.js';
import { GENESIS, type IdRange, type SealLink, type SealStore } from './seal-store.js';

/** Rows in one link: about 3 ms of hashing, so that the event loop stays free. */
const MOST_ROWS = 500;
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
      const rows = await this.transactions.run((tx) => this.#sealSome(tx));
      sealed += rows;
      if (rows < MOST_ROWS || signal?.aborted) return sealed;
    }
  }

  async #sealSome(tx: Transaction): Promise<number> {
    await lockName(tx, `${this.store.table.chain}:seal`); // only one process seals at a time
    const recent = await this.store.newest(LOOK_BACK);
    await this.#assertUnaltered(recent);
    const { after, gaps } = openIds(recent);
    const rows = await this.rows.read(after, gaps, MOST_ROWS);
    if (rows.length === 0) return 0;
    const last = recent[0];
    const firstSequence = (last?.lastSequence ?? 0) + 1;
    const hash = rows.reduce(
      (running, row, i) => rowHash(running, firstSequence + i, this.rows.textOf(row)),
      last?.hash ?? GENESIS,
    );
    const seal = {
      firstSequence,
      lastSequence: firstSequence + rows.length - 1,
      idRanges: rangesOf(rows.map(({ id }) => id)),
      hash,
      sealedAt: new Date(this.clock.now()).toISOString(),
    };
    const id = await this.store.append(tx, seal);
    tx.afterCommit(() => (this.#last = { id, hash }));
    return rows.length;
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

/** Where rows without a seal can be: behind the highest sealed id, or in the gaps that recent links left. */
export function openIds(recent: readonly Pick<SealLink, 'idRanges'>[]): {
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
