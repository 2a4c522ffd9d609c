import { assertPresent, type SecretKeys, TextCipher } from '#libs/kernel';
import type { DataSource } from 'typeorm';
import { HiddenText } from '../column-types.js';
import type { Database } from '../database.js';
import { placeholders, runSql } from '../statements.js';
import type { DatabaseScope } from '../transaction.js';
import type { TransactionRunner } from '../transaction-runner.js';

/** Rows of a transaction; on SQLite others wait for as long as 200 texts take, a few milliseconds. */
const BATCH = 200;
/** Texts of a column that are tried to tell a right key from a wrong one. */
const SAMPLE = 20;

/** A column of encrypted texts. */
export interface HiddenColumn {
  readonly table: string;
  readonly column: string;
  readonly purpose: string;
  /** The columns of the primary key. */
  readonly key: readonly string[];
}

/** What a walk over a column found. */
export interface RenewedColumn {
  readonly column: HiddenColumn;
  /** Texts that were under a key of before. */
  readonly renewed: number;
  /** Texts under none of the keys; they stay as they are. */
  readonly unreadable: number;
}

/** Every column that an entity declares with `hiddenColumn`. */
export const hiddenColumnsOf = ({ entityMetadatas }: Pick<DataSource, 'entityMetadatas'>): HiddenColumn[] =>
  entityMetadatas.flatMap((entity) =>
    entity.columns.flatMap((column) => {
      const { transformer } = column;
      if (!(transformer instanceof HiddenText)) return [];
      const key = entity.primaryColumns.map(({ databaseName }) => databaseName);
      const { tableName: table } = entity;
      return [{ table, column: column.databaseName, purpose: transformer.purpose, key }];
    }),
  );

type Cell = string | number;
type HiddenRow = Readonly<Record<string, Cell>>;

const quoted = (name: string): string => `"${name}"`;
const namesOf = (columns: readonly string[]): string => columns.map(quoted).join(', ');

/** The texts of a column by their key, after one of them. */
function textsOf(
  scope: DatabaseScope,
  { table, column, key }: HiddenColumn,
  after: readonly Cell[] | null,
  limit: number,
): Promise<HiddenRow[]> {
  const later = after === null ? '' : `AND (${namesOf(key)}) > (${placeholders(key.length)})`;
  return runSql(
    scope,
    `SELECT ${namesOf([...key, column])} FROM ${quoted(table)} WHERE ${quoted(column)} IS NOT NULL ${later}
     ORDER BY ${namesOf(key)} LIMIT ?`,
    [...(after ?? []), limit],
  );
}

const textOf = (row: HiddenRow, { column }: HiddenColumn): string => String(row[column]);

/** Whether there are encrypted texts, and the keys read none of those that are looked at: then they are wrong. */
export async function readsNothing(scope: DatabaseScope, keys: SecretKeys): Promise<boolean> {
  let looked = 0;
  for (const column of hiddenColumnsOf(scope.manager.dataSource)) {
    const cipher = new TextCipher(keys, column.purpose);
    const rows = await textsOf(scope, column, null, SAMPLE);
    if (rows.some((row) => cipher.decrypt(textOf(row, column)) !== null)) return false;
    looked += rows.length;
  }
  return looked > 0;
}

/**
 * Brings every encrypted text under the first of the keys, a batch a transaction. It may be cut off and begun anew, and run in
 * several processes: a text that was written meanwhile is left to its writer.
 */
export async function renewHiddenTexts(
  database: Database,
  transactions: TransactionRunner,
  keys: SecretKeys,
  signal?: AbortSignal,
): Promise<RenewedColumn[]> {
  const found: RenewedColumn[] = [];
  for (const column of hiddenColumnsOf(database.writer)) {
    const cipher = new TextCipher(keys, column.purpose);
    let [renewed, unreadable] = [0, 0];
    for (let after: readonly Cell[] | null = null; ;) {
      signal?.throwIfAborted();
      const rows: HiddenRow[] = await textsOf(database.read, column, after, BATCH);
      const outcomes = rows.map((row) => ({ row, ...cipher.renew(textOf(row, column)) }));
      const changed = outcomes.flatMap((one) => (one.state === 'renewed' ? [one] : []));
      if (changed.length > 0) await transactions.run((tx) => replaceTexts(tx, column, changed));
      renewed += changed.length;
      unreadable += outcomes.filter(({ state }) => state === 'unreadable').length;
      if (rows.length < BATCH) break;
      const last: HiddenRow = assertPresent(rows.at(-1), 'a full batch has a last row');
      after = column.key.map((name) => assertPresent(last[name], 'a row has its key'));
    }
    found.push({ column, renewed, unreadable });
  }
  return found;
}

async function replaceTexts(
  scope: DatabaseScope,
  hidden: HiddenColumn,
  changed: readonly { readonly row: HiddenRow; readonly text: string }[],
): Promise<void> {
  const { table, column, key } = hidden;
  const condition = [...key, column].map((name) => `${quoted(name)} = ?`).join(' AND ');
  for (const { row, text } of changed) {
    const values = key.map((name) => assertPresent(row[name], 'a row has its key'));
    await runSql(scope, `UPDATE ${quoted(table)} SET ${quoted(column)} = ? WHERE ${condition}`, [
      text,
      ...values,
      textOf(row, hidden),
    ]);
  }
}
