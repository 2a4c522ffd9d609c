import { FakeClock } from '#libs/testing';
import { type Transaction, TransactionRunner } from '#libs/database';
import { expect, it } from '@jest/globals';
import { describeOnDatabases } from '../../harness/databases.js';
import { SCRATCH, turn, write } from './scratch.js';

const LIMIT_MS = 30_000;

describeOnDatabases(
  'a transaction that its limit cuts off',
  (test, kind) => {
    it.each([
      ['statements of its own', write],
      [
        'statements of TypeORM',
        (tx: Transaction, word: string) => tx.manager.query(`INSERT INTO words (word) VALUES ('${word}')`),
      ],
    ])('leaves nothing, though its work writes on and on with %s', async (_, add) => {
      await test().run((tx) => tx.manager.query('DELETE FROM words'));
      const clock = new FakeClock();
      const runner = new TransactionRunner(test().database, { clock, limitMs: LIMIT_MS });
      let failure: unknown = null;
      let written = 0;
      const writing = runner.run(async (tx) => {
        try {
          for (; ; written += 1) {
            // so that the end comes while a statement is under way
            if (written === 20) void clock.advance(LIMIT_MS);
            await add(tx, `row ${written}`);
            // SQLite answers at once, and nothing else would ever have its turn
            if (kind === 'sqlite') await turn();
          }
        } catch (error) {
          failure = error;
          throw error;
        }
      });
      await expect(writing).rejects.toMatchObject({ code: 'transaction_timeout' });
      expect(written).toBeGreaterThanOrEqual(20);
      await runner.run((tx) => write(tx, 'the next one'));
      expect(await test().query('SELECT word FROM words')).toEqual([{ word: 'the next one' }]);
      expect(String(failure)).toMatch(/released/);
    });

    if (kind === 'sqlite') return;
    it('gives its locks back 15 s after its machine was cut off; a snapshot, which has none, after 60', async () => {
      const { database } = test();
      const idle = (): Promise<unknown> =>
        database.read.manager.query('SHOW idle_in_transaction_session_timeout');
      expect(await test().run(idle)).toEqual([{ idle_in_transaction_session_timeout: '15s' }]);
      expect(await database.inSnapshot(idle)).toEqual([{ idle_in_transaction_session_timeout: '1min' }]);
    });
  },
  SCRATCH,
);
