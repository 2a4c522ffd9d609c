import { beforeAll, expect, it } from '@jest/globals';
import { BillingBench, USD } from './billing-bench.js';
import { describeOnDatabases } from '../../harness/databases.js';

const TABLES = [
  'quotes',
  'transactions',
  'transaction_entries',
  'balance_snapshots',
  'credits',
  'credit_uses',
  'billing_records',
  'invoices',
  'invoice_lines',
  'provider_pricing',
  'score_holds',
];

describeOnDatabases('money on record', (database, kind) => {
  let bench: BillingBench;
  const sql = (text: string) => database().database.writer.query(text);

  beforeAll(async () => {
    bench = new BillingBench(database());
    await bench.prices.switchTo({
      providerId: 3,
      modelName: 'm',
      priceMicros: USD,
      scoreShare: 500_000,
      currency: 'USD',
    });
    await bench.grant(1, 9 * USD, { type: 'bonus', expiresAt: new Date(bench.clock.now() + 1e9) });
    await bench.complete(await bench.submit(1, { modelName: 'm' }));
    await sql(`INSERT INTO balance_snapshots VALUES (99, 'USD', 'available', 1, 0)`);
    await sql(`INSERT INTO invoices (user_id, invoice_number, billing_period_start, billing_period_end, currency,
      subtotal_micros, tax_micros, total_micros, recipient, payment_due_date, created_at)
      VALUES (1, 'X', '2020', '2020', 'USD', 0, 0, 0, '{}', '2020', '2020')`);
    await sql(`INSERT INTO invoice_lines SELECT id, 1, 'x', 1, 0, 0 FROM invoices`);
  });

  it.each(TABLES)('stays in %s: no row can be changed, deleted or replaced', async (table) => {
    expect(await bench.count(table)).toBeGreaterThan(0);
    const before = await database().query(`SELECT * FROM ${table}`);
    const column = Object.keys(before[0] as object).find((name) => /micros|description|quantity/.test(name));
    await expect(sql(`UPDATE ${table} SET ${column} = NULL`)).rejects.toThrow(`${table} is append-only`);
    await expect(sql(`DELETE FROM ${table}`)).rejects.toThrow(`${table} is append-only`);
    if (kind === 'sqlite') {
      await sql('PRAGMA recursive_triggers = OFF');
      await expect(sql(`INSERT OR REPLACE INTO ${table} SELECT * FROM ${table}`)).rejects.toThrow(
        `${table} is append-only`,
      );
      await sql('PRAGMA recursive_triggers = ON');
    } else {
      await expect(sql(`TRUNCATE ${table} CASCADE`)).rejects.toThrow('is append-only');
      await expect(
        sql(
          `SET session_replication_role = replica; DELETE FROM ${table}; SET session_replication_role = origin`,
        ),
      ).rejects.toThrow('is append-only');
      await sql('SET session_replication_role = origin');
    }
    await expect(database().query(`SELECT * FROM ${table}`)).resolves.toEqual(before);
  });

  it('lets a price only cease to be active', async () => {
    await expect(sql(`UPDATE provider_pricing SET is_active = true, updated_at = 'x'`)).rejects.toThrow(
      /append-only|unique/,
    );
    await sql(`UPDATE provider_pricing SET is_active = false, updated_at = '2026'`);
    await expect(sql('UPDATE provider_pricing SET is_active = true')).rejects.toThrow('append-only');
  });

  it('lets a credit only be closed', async () => {
    await sql(`UPDATE credits SET closed_at = '2026'`);
    await expect(sql('UPDATE credits SET closed_at = NULL')).rejects.toThrow('append-only');
    await expect(sql(`UPDATE credits SET expires_at = '2027'`)).rejects.toThrow('append-only');
  });

  it('keeps one settlement per order and one hold, whatever the code does', async () => {
    const copy = (type: string) =>
      sql(`INSERT INTO transactions (transaction_type, user_id, prediction_id, revision, amount_micros, currency, created_at)
        SELECT '${type}', user_id, prediction_id, revision, amount_micros, currency, created_at
        FROM transactions WHERE transaction_type = 'capture'`);
    await expect(copy('capture')).rejects.toThrow(/append-only|unique/);
    await expect(copy('void')).rejects.toThrow(/append-only|unique/);
    await expect(copy('hold')).rejects.toThrow(/append-only|unique/);
  });
});
