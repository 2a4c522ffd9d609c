import { existsSync } from 'node:fs';
import { describeDatabase } from '#libs/config';
import { type DataSource, MigrationExecutor, type QueryRunner } from 'typeorm';
import type { DatabaseLocation } from './data-source-options.js';
import { DatabaseOpenError } from './open-error.js';
import { DATABASE_TIMEOUTS, LONGER_IDLE } from './timeouts.js';

/** PostgreSQL's advisory locks are numbers that a database's users agree on. */
const ADVISORY_LOCK = 4_919_227_306;

/**
 * Brings the schema up to date: all pending migrations in one transaction, under a lock, so that of several processes
 * that start together one migrates and the others wait for it. Returns the names of those that ran.
 * @throws DatabaseOpenError when the schema is newer than this program
 */
export async function migrate(dataSource: DataSource): Promise<readonly string[]> {
  const queryRunner = dataSource.createQueryRunner();
  const sqlite = dataSource.options.type !== 'postgres';
  try {
    if (sqlite) await queryRunner.query(`PRAGMA busy_timeout = ${DATABASE_TIMEOUTS.migrationMs}`);
    // turns SQLite's foreign keys off, which works only outside of a transaction: rebuilding a table must not cascade
    await queryRunner.beforeMigration();
    await queryRunner.startTransaction();
    return await migrateLocked(dataSource, queryRunner, sqlite);
  } finally {
    if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction();
    await queryRunner.afterMigration();
    if (sqlite) await queryRunner.query(`PRAGMA busy_timeout = ${DATABASE_TIMEOUTS.busyMs}`);
    await queryRunner.release();
  }
}

async function migrateLocked(
  dataSource: DataSource,
  queryRunner: QueryRunner,
  sqlite: boolean,
): Promise<readonly string[]> {
  await takeLock(queryRunner, sqlite);
  const executor = new MigrationExecutor(dataSource, queryRunner);
  executor.transaction = 'all';
  const known = new Set(
    dataSource.migrations.map((migration) => migration.name ?? migration.constructor.name),
  );
  const foreign = (await executor.getExecutedMigrations()).filter(({ name }) => !known.has(name));
  if (foreign.length > 0) throw newerSchema(foreign.map(({ name }) => name));
  const done = await executor.executePendingMigrations();
  if (sqlite) await assertReferences(queryRunner);
  await queryRunner.commitTransaction();
  return done.map(({ name }) => name);
}

/** Both locks end with the transaction. */
async function takeLock(queryRunner: QueryRunner, sqlite: boolean): Promise<void> {
  if (!sqlite) {
    await queryRunner.query('SET LOCAL statement_timeout = 0'); // building an index on a large table takes its time
    await queryRunner.query(LONGER_IDLE); // rows may be worked on between two statements
    await queryRunner.query(`SET LOCAL lock_timeout = ${DATABASE_TIMEOUTS.migrationMs}`);
    await queryRunner.query('SELECT pg_advisory_xact_lock($1)', [ADVISORY_LOCK]);
    return;
  }
  // any write takes SQLite's write lock; this one needs no table, and a new file has none
  await queryRunner.query('PRAGMA user_version = 1');
}

/** Foreign keys were off while tables were rebuilt. */
async function assertReferences(queryRunner: QueryRunner): Promise<void> {
  const broken = (await queryRunner.query('PRAGMA foreign_key_check')) as { table: string }[];
  const tables = [...new Set(broken.map(({ table }) => table))];
  if (tables.length > 0) throw new Error(`a migration left broken references in ${tables.join(', ')}`);
}

const newerSchema = (names: readonly string[]): DatabaseOpenError =>
  new DatabaseOpenError(
    'schema_newer',
    `The database was migrated by a newer version of this program (${names.join(', ')}); start that version, or restore a backup from before the upgrade`,
  );

const missing = (location: DatabaseLocation): DatabaseOpenError =>
  new DatabaseOpenError(
    'missing',
    `${describeDatabase(location)} has no database of this service, and none was made; name the one that the service uses with --database_url, or start the service first`,
  );

/** @throws DatabaseOpenError when there is no such file */
export function requireFile(path: string): void {
  if (!existsSync(path)) throw missing({ kind: 'sqlite', path });
}

/** @throws DatabaseOpenError when no migration ever ran here */
export async function requireTables(dataSource: DataSource, location: DatabaseLocation): Promise<void> {
  const queryRunner = dataSource.createQueryRunner();
  try {
    if (!(await queryRunner.hasTable('migrations'))) throw missing(location);
  } finally {
    await queryRunner.release();
  }
}
