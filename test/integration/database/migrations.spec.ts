import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { entities, migrations } from '../../../src/app/schema.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';

/** What TypeORM and SQLite keep for themselves. */
const OWN_TABLES = /^(migrations|typeorm_metadata|sqlite_\w+)$/;

const drift = async (writer: DataSource): Promise<string[]> => {
  const { upQueries } = await writer.driver.createSchemaBuilder().log();
  return upQueries.map(({ query }) => query);
};

describe('migrations', () => {
  it('can each be taken back', () => {
    for (const migration of migrations) {
      const body = new migration().down.toString();
      expect(`${migration.name} ${body.replace(/\s+/g, '').length > 'asyncdown(queryRunner){}'.length}`).toBe(
        `${migration.name} true`,
      );
    }
  });

  it('stand in the order of their timestamps', () => {
    const stamps = migrations.map(({ name }) => Number(/\d{13}$/.exec(name)?.[0]));
    expect(stamps).toEqual([...new Set(stamps)].sort((a, b) => a - b));
  });
});

describeOnDatabases('the migrated schema', (shared, kind) => {
  it('is what the entities declare', async () => {
    expect(shared().database.writer.entityMetadatas).toHaveLength(entities.length);
    await expect(drift(shared().database.writer)).resolves.toEqual([]);
  });

  it('goes all the way down and up again', async () => {
    const database = await TestDatabase.open(kind);
    const { writer } = database.database;
    for (let undone = 0; undone < migrations.length; undone += 1) await writer.undoLastMigration();
    const left = await database.query<{ name: string }>(
      kind === 'sqlite'
        ? `SELECT name FROM sqlite_master WHERE type = 'table'`
        : `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public'`,
    );
    expect(left.filter(({ name }) => !OWN_TABLES.test(name))).toEqual([]);
    await writer.runMigrations({ transaction: 'each' });
    await expect(drift(writer)).resolves.toEqual([]);
    await database.close();
  });
});
