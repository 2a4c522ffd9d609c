import { runSql, type DatabaseScope, type Transaction } from '#libs/database';
import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';
import type { Schema } from '../../harness/databases.js';

/** One table of words, for specs about transactions themselves. */
class Words1795392090001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.createTable(
      new Table({ name: 'words', columns: [{ name: 'word', type: 'varchar', length: '64' }] }),
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.dropTable('words');
  }
}

export const SCRATCH: Schema = { entities: [], migrations: [Words1795392090001] };

export const write = async (scope: DatabaseScope, ...words: string[]): Promise<void> => {
  for (const word of words) await runSql(scope, 'INSERT INTO words (word) VALUES (?)', [word]);
};

/** Every word, sorted. */
export const words = async (scope: DatabaseScope): Promise<string[]> => {
  const rows = await runSql<{ word: string }>(scope, 'SELECT word FROM words');
  return rows.map(({ word }) => word).sort();
};

/** One turn of the event loop: other transactions get their chance to interfere. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Reads the largest number and adds the next: two that overlap would add the same one. */
export const countUp = async (tx: Transaction): Promise<void> => {
  const [row] = await runSql<{ count: number | string }>(tx, 'SELECT count(*) AS count FROM words');
  await write(tx, String(Number(row?.count ?? 0) + 1).padStart(6, '0'));
};
