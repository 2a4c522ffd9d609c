import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import {
  type Anchor,
  Database,
  type IdRange,
  runSql,
  type SealedCell,
  SealStore,
  type SealVerdict,
  SealWriter,
  TransactionRunner,
  verifySeals,
} from '#libs/database';
import { PeriodicService } from '#libs/jobs';
import { Clock } from '#libs/kernel';

/** A transaction as the database hands it over. */
interface RawTransaction extends Readonly<Record<string, string | number | null>> {
  readonly id: number;
}

interface RawEntry {
  readonly transaction_id: number;
  readonly owner_id: number;
  readonly kind: string;
  readonly currency: string;
  readonly amount_micros: string | number;
}

interface PostedTransaction {
  readonly id: number;
  readonly row: RawTransaction;
  readonly entries: readonly RawEntry[];
}

/** Columns in the order in which they are hashed. */
const COLUMNS = [
  'id',
  'transaction_type',
  'user_id',
  'prediction_id',
  'revision',
  'amount_micros',
  'currency',
  'description',
  'payment_reference',
  'created_by',
  'credit_limit_micros',
  'created_at',
] as const;
const INTEGERS: ReadonlySet<string> = new Set(['amount_micros', 'credit_limit_micros']);

/** The chain over the transactions of the ledger, and the transactions that it is made of. */
@Injectable()
export class LedgerSealRepository {
  readonly store: SealStore;

  constructor(private readonly database: Database) {
    this.store = new SealStore(database, { chain: 'ledger', rows: 'transactions', seals: 'ledger_seals' });
  }

  /** Transactions behind `after` or inside one of the gaps, by id. */
  toSeal(after: number, gaps: readonly IdRange[], limit: number): Promise<PostedTransaction[]> {
    const inGaps = gaps.map(() => ' OR id BETWEEN ? AND ?').join('');
    return this.#posted(`id > ?${inGaps} ORDER BY id LIMIT ?`, [after, ...gaps.flat(), limit]);
  }

  /** Transactions of a range, by id. */
  between([from, to]: IdRange): Promise<PostedTransaction[]> {
    return this.#posted('id BETWEEN ? AND ? ORDER BY id', [from, to]);
  }

  async #posted(where: string, parameters: readonly number[]): Promise<PostedTransaction[]> {
    const rows = await runSql<RawTransaction>(
      this.database.read,
      `SELECT ${COLUMNS.join(', ')} FROM transactions WHERE ${where}`,
      parameters,
    );
    const [first, last] = [rows[0], rows.at(-1)];
    if (first === undefined || last === undefined) return [];
    const entries = await runSql<RawEntry>(
      this.database.read,
      `SELECT * FROM transaction_entries WHERE transaction_id BETWEEN ? AND ?
       ORDER BY transaction_id, owner_id, kind`,
      [first.id, last.id],
    );
    const byTransaction = new Map<number, RawEntry[]>();
    for (const entry of entries) {
      const known = byTransaction.get(entry.transaction_id);
      if (known === undefined) byTransaction.set(entry.transaction_id, [entry]);
      else known.push(entry);
    }
    return rows.map((row) => ({ id: row.id, row, entries: byTransaction.get(row.id) ?? [] }));
  }
}

/** Numbers the transactions of the ledger without a gap and chains their hashes, as often as the audit log's rows. */
@Injectable()
export class SealLedger extends PeriodicService {
  readonly #writer: SealWriter<PostedTransaction>;

  constructor(seals: LedgerSealRepository, transactions: TransactionRunner, config: AppConfig, clock: Clock) {
    super(clock, { everyMs: config.audit_seal_seconds * 1000 });
    const rows = { read: seals.toSeal.bind(seals), textOf: sealedText };
    this.#writer = new SealWriter(seals.store, rows, transactions, clock);
  }

  /** Seals everything there is, or what it can until the signal aborts; returns the number of transactions. */
  seal(signal?: AbortSignal): Promise<number> {
    return this.#writer.seal(signal);
  }

  protected turn(signal: AbortSignal): Promise<number> {
    return this.seal(signal);
  }
}

/** A transaction as it is hashed: a JSON array of its columns, and one of its entries. */
const sealedText = ({ row, entries }: PostedTransaction): string =>
  JSON.stringify([
    ...COLUMNS.map((name) => cell(name, row[name] ?? null)),
    entries.map((entry) => [entry.owner_id, entry.kind, entry.currency, Number(entry.amount_micros)]),
  ]);

const cell = (name: string, value: string | number | null): string | number | null =>
  INTEGERS.has(name) && value !== null ? Number(value) : value;

/** Checks the chain over the ledger inside of the reader's snapshot: no transaction was changed, removed or put in. */
export const verifyLedgerSeals = (
  seals: LedgerSealRepository,
  anchors: readonly Anchor[],
): Promise<SealVerdict> =>
  verifySeals(seals.store, async (range) => (await seals.between(range)).map(cellsOf), anchors);

/** The same as {@link sealedText} says, in the order of the statement's columns. */
function cellsOf({ row, entries }: PostedTransaction): SealedCell[] {
  const own = Object.entries(row).map(([name, value]): SealedCell =>
    name.endsWith('_micros') && value !== null ? Number(value) : value,
  );
  return [
    ...own,
    entries.map(({ owner_id, kind, currency, amount_micros }) => [
      owner_id,
      kind,
      currency,
      Number(amount_micros),
    ]),
  ];
}
