import { ConfigError } from '#libs/config';
import { nameOfSecret, type SecretKeys } from '#libs/kernel';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { utcColumn } from '../column-types.js';
import type { Database } from '../database.js';
import { lockName, placeholders, runSql } from '../statements.js';
import type { DatabaseScope, Transaction } from '../transaction.js';
import type { TransactionRunner } from '../transaction-runner.js';
import { readsNothing } from './hidden-texts.js';

/** A secret key that was in use on this database: its name, and nothing of the key. */
@Entity('secret_keys')
export class SecretKeyEntity {
  @PrimaryColumn({ type: 'varchar', length: 16 }) name!: string;

  /** Counts upwards; texts are brought under the key with the highest. */
  @Column({ type: 'integer' }) generation!: number;
  @Column(utcColumn()) firstUsedAt!: Date;

  /** When nothing was under it any more, or it was given up; null as long as it is needed to read what is stored. */
  @Column(utcColumn({ nullable: true })) retiredAt!: Date | null;
}

/** How it is said that a start needs a key that it was not given. */
const HOW_TO_GO_ON =
  'set SECRET_KEY (or the file beside a SQLite database) to that key, or name it in PREVIOUS_SECRET_KEYS; if it is lost: prediction-provider secrets forget (docs/runbook.md)';

const rowsOf = ({ manager }: DatabaseScope): Promise<SecretKeyEntity[]> =>
  manager.find(SecretKeyEntity, { order: { generation: 'DESC' } });

const unknownTo = (names: readonly string[], rows: readonly SecretKeyEntity[]): string[] =>
  rows.filter(({ name, retiredAt }) => retiredAt === null && !names.includes(name)).map(({ name }) => name);

/**
 * Notes the present key as one of this database's. The first one there is only has to read what is stored.
 * @throws ConfigError when something may be stored that none of the keys reads
 */
export async function admitSecretKeys(
  transactions: TransactionRunner,
  keys: SecretKeys,
  now: Date,
): Promise<void> {
  const names = keys.map(nameOfSecret);
  await transactions.run(async (tx) => {
    await lockName(tx, 'secret_keys');
    const rows = await rowsOf(tx);
    const unknown = unknownTo(names, rows);
    if (unknown.length > 0)
      throw new ConfigError([
        `secret_key: what is stored in this database is encrypted with the key named ${unknown.join(', ')}, which is not given; the one that is given is named ${names[0]}; ${HOW_TO_GO_ON}`,
      ]);
    if (rows.length === 0 && (await readsNothing(tx, keys)))
      throw new ConfigError([
        `secret_key: nothing that is stored encrypted in this database can be read with the key that is given, named ${names[0]}; ${HOW_TO_GO_ON}`,
      ]);
    const own = rows.find(({ name }) => name === names[0]);
    if (own === undefined || own.retiredAt !== null) await promote(tx, names[0], rows, now);
  });
}

/** From now on texts are brought under this key. */
async function promote(
  tx: Transaction,
  name: string | undefined,
  rows: readonly SecretKeyEntity[],
  now: Date,
): Promise<void> {
  const generation = (rows[0]?.generation ?? 0) + 1;
  await runSql(
    tx,
    `INSERT INTO secret_keys (name, generation, first_used_at) VALUES (?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, retired_at = NULL`,
    [name ?? '', generation, now.toISOString()],
  );
}

/** As {@link admitSecretKeys}, and brings texts under the first key even when another was chosen after it. */
export async function chooseSecretKey(
  transactions: TransactionRunner,
  keys: SecretKeys,
  now: Date,
): Promise<void> {
  await admitSecretKeys(transactions, keys, now);
  const name = nameOfSecret(keys[0]);
  await transactions.run(async (tx) => {
    await lockName(tx, 'secret_keys');
    const rows = await rowsOf(tx);
    if (rows[0]?.name !== name) await promote(tx, name, rows, now);
  });
}

/** Whether texts are to be brought under this key: no other one came into use after it. */
export async function isNewestKey({ read }: Database, [current]: SecretKeys): Promise<boolean> {
  const [newest] = await rowsOf(read);
  return newest?.name === nameOfSecret(current);
}

/** Notes that nothing is under the keys of before any more; returns the names of those that were needed until now. */
export function retireFormerKeys(
  transactions: TransactionRunner,
  [, ...former]: SecretKeys,
  now: Date,
): Promise<readonly string[]> {
  return transactions.run((tx) => retire(tx, former.map(nameOfSecret), now));
}

/** Gives up the keys that are not given; what they encrypted stays unreadable. Returns their names. */
export function forgetLostKeys(
  transactions: TransactionRunner,
  keys: SecretKeys,
  now: Date,
): Promise<readonly string[]> {
  return transactions.run(async (tx) => {
    await lockName(tx, 'secret_keys');
    const rows = await rowsOf(tx);
    const lost = await retire(tx, unknownTo(keys.map(nameOfSecret), rows), now);
    await promote(tx, nameOfSecret(keys[0]), rows, now);
    return lost;
  });
}

async function retire(tx: Transaction, names: readonly string[], now: Date): Promise<readonly string[]> {
  if (names.length === 0) return [];
  const rows = await runSql<{ name: string }>(
    tx,
    `UPDATE secret_keys SET retired_at = ? WHERE retired_at IS NULL AND name IN (${placeholders(names.length)}) RETURNING name`,
    [now.toISOString(), ...names],
  );
  return rows.map(({ name }) => name);
}
