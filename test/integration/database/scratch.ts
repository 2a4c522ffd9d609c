import { runSql, type DatabaseScope } from '#libs/database';
import type { Schema } from '#libs/testing';
import { type MigrationInterface, type QueryRunner, Table } from 'typeorm';

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
