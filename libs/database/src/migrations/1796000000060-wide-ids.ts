import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * 64 bits for what the database numbers as fast as requests come, on PostgreSQL; SQLite's ids have them. Each table is
 * written anew under a lock, once, in the transaction of all migrations: 83 s for an audit log of 5,000,000 rows (2.4 GB with its
 * indexes) on two busy cores, and as much free space as the largest table takes. A second column that triggers fill while
 * others write would do without the lock, on tables that refuse every change and for rows that the seals' hashes fix.
 */
export class WideIds1796000000060 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await retype(queryRunner, 'bigint');
  }

  /** @throws when an id no longer fits */
  async down(queryRunner: QueryRunner): Promise<void> {
    await retype(queryRunner, 'integer');
  }
}

const COLUMNS: readonly (readonly [table: string, ...columns: string[]])[] = [
  ['api_logs', 'id'],
  ['audit_seals', 'id'],
  ['events', 'id'],
  ['predictions', 'id'],
  ['figure_changes', 'id'],
  ['prediction_claims', 'id'],
  ['prediction_files', 'id'],
  ['transactions', 'id'],
  ['ledger_seals', 'id'],
  ['transaction_entries', 'transaction_id'],
  ['balance_snapshots', 'through_id'],
  ['billing_records', 'id', 'transaction_id'],
  ['quotes', 'id'],
  ['credits', 'id', 'source_transaction_id'],
  ['credit_uses', 'credit_id', 'transaction_id'],
];

async function retype(queryRunner: QueryRunner, type: 'bigint' | 'integer'): Promise<void> {
  if (queryRunner.dataSource.options.type !== 'postgres') return;
  for (const [table, ...columns] of COLUMNS) {
    const guards = await takeGuards(queryRunner, table);
    const changes = columns.map((column) => `ALTER COLUMN ${column} TYPE ${type}`);
    await queryRunner.query(`ALTER TABLE ${table} ${changes.join(', ')}`);
    if (columns.includes('id')) await queryRunner.query(`ALTER SEQUENCE ${table}_id_seq AS ${type}`);
    for (const guard of guards) await queryRunner.query(guard);
  }
}

/** Takes the table's triggers away, whose conditions may name the columns; returns how to make them again. */
async function takeGuards(queryRunner: QueryRunner, table: string): Promise<string[]> {
  const triggers = (await queryRunner.query(
    `SELECT tgname AS name, pg_get_triggerdef(oid) AS definition, tgenabled = 'A' AS always
     FROM pg_trigger WHERE tgrelid = $1::regclass AND NOT tgisinternal ORDER BY tgname`,
    [table],
  )) as { name: string; definition: string; always: boolean }[];
  for (const { name } of triggers) await queryRunner.query(`DROP TRIGGER ${name} ON ${table}`);
  return triggers.flatMap(({ name, definition, always }) => [
    definition,
    ...(always ? [`ALTER TABLE ${table} ENABLE ALWAYS TRIGGER ${name}`] : []),
  ]);
}
