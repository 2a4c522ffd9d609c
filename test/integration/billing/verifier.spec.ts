import { runSql } from '#libs/database';
import { newUuid } from '#libs/kernel';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BillingBench, USD } from './billing-bench.js';
import { unguard } from './unguard.js';
import type { BillingViolation } from '../../../src/billing/billing.port.js';
import { BILLING_RULES } from '../../../src/billing/billing-rules.js';
import { LedgerSealRepository } from '../../../src/billing/seal-ledger.service.js';
import { BillingChecks, VerifyBilling } from '../../../src/billing/verify-billing.service.js';
import { IssueInvoices } from '../../../src/billing/issue-invoices.service.js';
import { InvoiceRepository } from '../../../src/billing/invoice.repository.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';

const DAY = 86_400_000;

/** What somebody with all rights could do to the tables, and what the verifier says then. */
const TAMPERINGS: readonly (readonly [string, string, string])[] = [
  [
    'an entry that was raised',
    'unbalanced_transaction',
    "UPDATE transaction_entries SET amount_micros = amount_micros + 1 WHERE kind = 'earned'",
  ],
  ['an entry that is gone', 'unbalanced_transaction', `DELETE FROM transaction_entries WHERE kind = 'fees'`],
  [
    'a transaction without entries',
    'wrong_amount',
    `DELETE FROM transaction_entries WHERE transaction_id = (SELECT MIN(id) FROM transactions WHERE transaction_type = 'credit')`,
  ],
  [
    'money that went to somebody else',
    'wrong_share',
    `UPDATE transaction_entries SET owner_id = 666 WHERE kind = 'earned' AND owner_id = 9`,
  ],
  [
    'a hold beyond the limit',
    'overdrawn',
    `UPDATE transactions SET credit_limit_micros = 0 WHERE transaction_type = 'hold'`,
  ],
  [
    'an account below zero',
    'negative_account',
    `UPDATE transaction_entries SET amount_micros = -amount_micros WHERE kind IN ('earned', 'fees')`,
  ],
  [
    'a wrong kept sum',
    'wrong_snapshot',
    `INSERT INTO balance_snapshots VALUES (1, 'USD', 'available', (SELECT MAX(transaction_id) FROM transaction_entries WHERE owner_id = 1 AND kind = 'available'), 7)`,
  ],
  [
    'a hold that vanished',
    'wrong_hold',
    `DELETE FROM transaction_entries WHERE transaction_id = (SELECT MAX(id) FROM transactions WHERE transaction_type = 'hold')`,
  ],
  [
    'a quote that was changed',
    'wrong_billing_record',
    `UPDATE quotes SET evaluator_micros = evaluator_micros + 1`,
  ],
  ['a quote that is gone', 'transaction_without_quote', 'DELETE FROM quotes'],
  ['a bill item that is gone', 'capture_without_record', 'DELETE FROM billing_records'],
  [
    'a bonus from nowhere',
    'wrong_billing_record',
    'UPDATE billing_records SET bonus_micros = evaluator_micros, provider_micros = 0',
  ],
  ['credits that are not on record', 'wrong_credit', 'UPDATE credits SET amount_micros = 1'],
  [
    'credits used beyond their amount',
    'wrong_credit_use',
    'UPDATE credit_uses SET amount_micros = 99000000, used_after_micros = 99000000',
  ],
  [
    'an invoice that was changed',
    'wrong_invoice',
    'UPDATE invoices SET total_micros = total_micros + 1, subtotal_micros = subtotal_micros + 1',
  ],
  ['a month that was billed differently', 'wrong_invoice', 'UPDATE invoice_lines SET quantity = 2'],
  [
    'a second settlement',
    'settled_twice',
    `INSERT INTO transactions (transaction_type, user_id, prediction_id, revision, amount_micros, currency, created_at) SELECT 'void', user_id, prediction_id, revision, 0, currency, created_at FROM transactions WHERE transaction_type = 'capture'`,
  ],
  [
    'a held part that was made smaller',
    'wrong_score_hold',
    "UPDATE score_holds SET held_micros = held_micros - 1 WHERE state = 'held'",
  ],
  ['a held part that nobody knows of', 'wrong_score_hold', "DELETE FROM score_holds WHERE state = 'held'"],
  ['a share that was raised afterwards', 'wrong_score_terms', 'UPDATE score_holds SET score_share = 500000'],
  ['terms of another client', 'wrong_score_terms', 'UPDATE score_holds SET client_id = 2'],
  [
    'a score that was paid from nothing',
    'wrong_score_payment',
    "UPDATE score_holds SET settled_at = held_at, state = 'scored', fraction = 1, earned_micros = held_micros, returned_micros = 0 WHERE state = 'held'",
  ],
  [
    'a score that was raised afterwards',
    'wrong_score_payment',
    "UPDATE score_holds SET fraction = 0.9 WHERE state = 'scored'",
  ],
  [
    'a pay that went to somebody else',
    'wrong_score_payment',
    `UPDATE transaction_entries SET owner_id = 666 WHERE kind = 'earned' AND owner_id = 4
       AND transaction_id IN (SELECT id FROM transactions WHERE transaction_type = 'score')`,
  ],
  [
    'two active prices',
    'several_active_prices',
    `INSERT INTO provider_pricing (provider_id, model_name, price_micros, currency, is_active, created_at, updated_at) SELECT provider_id, model_name, 1, currency, is_active, created_at, updated_at FROM provider_pricing`,
  ],
];

/** A small history in which everything occurs. */
async function live(bench: BillingBench): Promise<void> {
  await bench.prices.switchTo({ providerId: 3, modelName: 'm', priceMicros: 4 * USD, currency: 'USD' });
  await bench.grant(1, 2 * USD, { type: 'bonus', expiresAt: new Date(bench.clock.now() + 90 * DAY) });
  await bench.complete(await bench.submit(1, { modelName: 'm' }), 9, 0);
  await bench.cancel(await bench.submit(1));
  const byScore = { providerId: 4, modelName: 'n', priceMicros: 4 * USD, scoreShare: 400_000 };
  await bench.prices.switchTo({ ...byScore, currency: 'USD' });
  const scored = await bench.submit(1, { modelName: 'n' });
  await bench.complete(scored, 9);
  await bench.score(scored, 0.3);
  await bench.complete(await bench.submit(1, { modelName: 'n' }), 9);
  const { database, transactions } = bench.test;
  bench.clock.jump(40 * DAY);
  const issuing = new IssueInvoices(
    new InvoiceRepository(database),
    transactions,
    bench.parties,
    bench.clock,
  );
  await issuing.issue({ start: new Date('2026-01-01'), end: new Date('2026-02-01') });
  await bench.submit(1, { modelName: 'm' });
}

describeOnDatabases('the verifier', (shared, kind) => {
  describe('finds', () => {
    let test: TestDatabase;
    beforeAll(async () => {
      test = await TestDatabase.open(kind);
      const bench = new BillingBench(test);
      await live(bench);
      await expect(bench.verify()).resolves.toEqual([]);
      await unguard(test);
    }, 60_000);
    afterAll(() => test.close());

    it.each(TAMPERINGS)('%s: %s', async (_what, rule, tampering) => {
      const checks = new BillingChecks(test.database);
      const rolledBack = new Error('the next one finds the tables as they were');
      let found: readonly BillingViolation[] = [];
      await expect(
        test.run(async (tx) => {
          await runSql(tx, tampering);
          found = await checks.violations(100);
          throw rolledBack;
        }),
      ).rejects.toBe(rolledBack);
      expect(found.map((one) => one.rule)).toContain(rule);
      for (const { detail } of found) expect(detail).not.toMatch(/undefined|null/);
    });
  });

  it('compares the money with the work, one order after another', async () => {
    const bench = new BillingBench(shared());
    const [open, done, ended, stray] = [
      await bench.submit(1),
      await bench.submit(1),
      await bench.submit(1),
      await bench.submit(1),
    ];
    await bench.complete(done);
    await bench.cancel(ended);
    bench.states.set(open, 'completed');
    bench.states.set(done, 'ended');
    bench.states.set(ended, 'open');
    bench.states.delete(stray);
    const unpaid = newUuid();
    bench.states.set(unpaid, 'open');
    const found = await bench.verify();
    expect(new Set(found.map(({ detail }) => detail))).toEqual(
      new Set([
        `order ${open} is completed; its money is held instead of captured`,
        `order ${done} is ended; its money is captured instead of voided`,
        `order ${ended} is open; its money is voided instead of held`,
        `order ${unpaid} is open; its money is not there instead of held`,
        `money moved for order ${stray}, which does not exist`,
      ]),
    );
  });

  it('compares with the orders of the marketplace by itself, and without one looks at the books alone', async () => {
    const test = await TestDatabase.open(kind);
    const bench = new BillingBench(test);
    const open = await bench.submit(1);
    bench.states.set(open, 'ended');
    const checks = new BillingChecks(test.database);
    const seals = new LedgerSealRepository(test.database);
    await expect(new VerifyBilling(test.database, checks, seals, bench).verify()).resolves.toMatchObject({
      work: 'compared',
      violations: [{ rule: 'money_differs_from_work' }],
    });
    await expect(new VerifyBilling(test.database, checks, seals).verify()).resolves.toEqual({
      transactions: 1,
      sealed: 0,
      notes: [],
      orders: 1,
      work: 'unknown',
      violations: [],
    });
    await test.close();
  });

  if (kind === 'sqlite')
    it('looks for the quote of an order by the order, however many its client has', async () => {
      const test = await TestDatabase.open(kind);
      const sql = BILLING_RULES.find(({ rule }) => rule === 'transaction_without_quote')?.sql;
      const plan = await runSql<{ detail: string }>(test.database.read, `EXPLAIN QUERY PLAN ${sql}`);
      expect(plan.map(({ detail }) => detail).join('\n')).toContain('(prediction_id=?)');
      await test.close();
    });

  it('reads one moment, whatever is written meanwhile', async () => {
    const test = await TestDatabase.open(kind);
    const bench = new BillingBench(test);
    await bench.submit(1);
    const orders = { list: async () => [...bench.states].map(([orderId, state]) => ({ orderId, state })) };
    const before = await orders.list();
    const verdict = await bench.verifier.verify({
      list: async () => {
        await bench.submit(1);
        return before;
      },
    });
    expect(verdict).toMatchObject({ transactions: 1, orders: 1, work: 'compared', violations: [] });
    await test.close();
  });
});
