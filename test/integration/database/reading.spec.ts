import { Database, TransactionRunner } from '#libs/database';
import { gate } from '#libs/testing';
import { expect, it } from '@jest/globals';
import { SCRATCH, words, write } from './scratch.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';

/** Far more than there are connections. */
const AT_ONCE = 16;

describeOnDatabases(
  'reading without a handle',
  (test, kind) => {
    const all = () => words(test().database.read);

    it('is part of the transaction that it happens in, however deep', async () => {
      const seen: string[][] = [];
      const outside = gate();
      const proceed = gate();
      const failed = test().run(async (tx) => {
        await write(tx, 'own');
        seen.push(await all(), await test().run(all));
        outside.open();
        await proceed.opened;
        throw new Error('rolled back');
      });
      await outside.opened;
      expect(await all()).toEqual([]);
      proceed.open();
      await expect(failed).rejects.toThrow('rolled back');
      expect(seen).toEqual([['own'], ['own']]);
      expect(await all()).toEqual([]);
    });

    it('is no part of a transaction that is over', async () => {
      const over = gate();
      let late: Promise<string[]> = Promise.resolve([]);
      await test().run(async (tx) => {
        await write(tx, 'kept');
        late = over.opened.then(all);
      });
      over.open();
      expect(await late).toEqual(['kept']);
    });

    it('sees one moment in a snapshot, whatever is written meanwhile, and has the snapshot to itself', async () => {
      const { database } = test();
      const before = await all();
      const seen = await database.inSnapshot(async () => {
        const first = await all();
        await test().run((tx) => write(tx, 'meanwhile'));
        return [first, await all(), await test().run(all)];
      });
      expect(seen).toEqual([before, before, [...before, 'meanwhile']]);
      expect(await all()).toEqual([...before, 'meanwhile']);
      const inside = test().run(() => database.inSnapshot(all));
      await expect(inside).rejects.toThrow('inside of a transaction');
    });

    if (kind === 'sqlite') return;

    it('needs no second connection while a transaction holds one', async () => {
      const own = await TestDatabase.open('postgres', SCRATCH);
      const database = await Database.open({ location: own.location, ...SCRATCH, poolSize: 1 });
      const runner = new TransactionRunner(database);
      const found = await Promise.all(
        Array.from({ length: AT_ONCE }, () => runner.run(() => words(database.read))),
      );
      expect(found).toHaveLength(AT_ONCE);
      await database.close();
      await own.close();
    }, 30_000);
  },
  SCRATCH,
);
