import type { TestDatabase } from '../../harness/databases.js';

/** Takes away what makes the tables append-only and their keys unique. */
export async function unguard({ database, kind }: TestDatabase): Promise<void> {
  const names = async (text: string): Promise<{ name: string; table: string }[]> =>
    database.writer.query(text);
  if (kind === 'sqlite') {
    for (const { name } of await names(
      `SELECT name, tbl_name AS "table" FROM sqlite_master WHERE type = 'trigger'`,
    ))
      await database.writer.query(`DROP TRIGGER ${name}`);
    await database.writer.query('PRAGMA foreign_keys = OFF');
  } else {
    for (const { name, table } of await names(
      'SELECT tgname AS name, tgrelid::regclass::text AS "table" FROM pg_trigger WHERE NOT tgisinternal',
    ))
      await database.writer.query(`DROP TRIGGER ${name} ON ${table}`);
  }
  for (const index of ['uq_transactions_settlement', 'uq_provider_pricing_active'])
    await database.writer.query(`DROP INDEX ${index}`);
}
