import { type Transaction, TransactionRunner } from '#libs/database';
import { runInContext, currentContext } from '#libs/kernel';
import { eventually, FakeClock, gate } from '#libs/testing';
import { afterEach, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { SCRATCH, turn, words, write } from './scratch.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';

describeOnDatabases(
  'transactions',
  (test, kind) => {
    afterEach(() =>
      test().run(async (tx) => {
        await tx.manager.query('DELETE FROM words');
      }),
    );
    const all = () => words(test().database.read);

    it('keep what committed and nothing of what failed', async () => {
      await test().run((tx) => write(tx, 'kept'));
      const failed = test().run(async (tx) => {
        await write(tx, 'lost');
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(await all()).toEqual(['kept']);
    });

    it('that overlap do not commit or roll back each other', async () => {
      const proceed = gate();
      const open = test().run(async (tx) => {
        await write(tx, 'a1');
        await proceed.opened;
        throw new Error('rolled back');
      });
      const others = ['b', 'c'].map((word) => test().run((tx) => write(tx, word)));
      await turn();
      proceed.open();
      await expect(open).rejects.toThrow('rolled back');
      await Promise.all(others);
      expect(await all()).toEqual(['b', 'c']);
    });

    it('inside of a transaction join it: one commit, one rollback', async () => {
      const outer = test().run(async (tx) => {
        await write(tx, 'outer');
        await test().run((inner) => {
          expect(inner).toBe(tx);
          return write(inner, 'inner');
        });
        expect(await words({ manager: test().database.reader.manager })).toEqual([]);
      });
      await outer;
      expect(await all()).toEqual(['inner', 'outer']);
    });

    it('are rolled back whole when a joined part fails, even if the caller goes on', async () => {
      const swallowing = test().run(async (tx) => {
        await write(tx, 'outer');
        await test()
          .run(async (inner) => {
            await write(inner, 'inner');
            throw new Error('part failed');
          })
          .catch(() => undefined);
      });
      await expect(swallowing).rejects.toThrow('part failed');
      expect(await all()).toEqual([]);
    });

    it('that a finished one leaves behind start anew', async () => {
      let straggler: Promise<void> = Promise.resolve();
      const over = gate();
      await test().run(async (tx) => {
        await write(tx, 'first');
        straggler = over.opened.then(() => test().run((later) => write(later, 'second')));
      });
      over.open();
      await straggler;
      expect(await all()).toEqual(['first', 'second']);
    });

    it('call back after the commit, in order, and never after a rollback', async () => {
      const calls: string[] = [];
      await test().run(async (tx) => {
        tx.afterCommit(() => calls.push('one'));
        tx.afterCommit(() => calls.push('two'));
        await write(tx, 'x');
        expect(calls).toEqual([]);
      });
      const failed = test().run(async (tx) => {
        tx.afterCommit(() => calls.push('never'));
        throw new Error('no');
      });
      await expect(failed).rejects.toThrow('no');
      expect(calls).toEqual(['one', 'two']);
    });

    it('are durable before anybody is told so', async () => {
      let seen: string[] = [];
      await test().run(async (tx) => {
        tx.afterCommit(() => void all().then((found) => (seen = found)));
        await write(tx, 'x');
      });
      await eventually('the callback has read', () => seen.length > 0);
      expect(seen).toEqual(['x']);
    });

    it('run in the context of their caller', async () => {
      const seen = await Promise.all(
        ['r1', 'r2', 'r3'].map((requestId) =>
          runInContext({ requestId }, () =>
            test().run(async (tx) => {
              await write(tx, requestId);
              await turn();
              return currentContext()?.requestId;
            }),
          ),
        ),
      );
      expect(seen).toEqual(['r1', 'r2', 'r3']);
    });

    it('that stay open too long are rolled back, and what they still do counts for nothing', async () => {
      const clock = new FakeClock();
      const runner = new TransactionRunner(test().database, { clock, limitMs: 30_000 });
      const waiting = gate();
      const late = gate();
      let lateWrite: Promise<void> = Promise.resolve();
      const stuck = runner.run(async (tx) => {
        await write(tx, 'stuck');
        waiting.open();
        await late.opened;
        lateWrite = write(tx, 'too late');
        await lateWrite;
      });
      const outcome = stuck.catch((error: unknown) => error);
      await waiting.opened;
      await clock.advance(29_999);
      expect(runner.figures.pending).toBe(1);
      await clock.advance(1);
      expect(await outcome).toMatchObject({ kind: 'unavailable', code: 'transaction_timeout' });
      const next = runner.run(async (tx) => {
        late.open();
        await turn();
        await write(tx, 'next');
      });
      await next;
      await expect(lateWrite).rejects.toThrow(/released/);
      expect(await all()).toEqual(['next']);
      expect(clock.pending).toBe(0);
    });

    it('lose and invent nothing, however they overlap', async () => {
      const write1 = fc.record({
        writes: fc.integer({ min: 1, max: 3 }),
        turns: fc.integer({ min: 0, max: 2 }),
        end: fc.constantFrom('commit', 'commit', 'fail', 'fail in part', 'fail in statement'),
        joined: fc.boolean(),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(write1, { minLength: 1, maxLength: 12 }), async (plan) => {
          await test().run(async (tx) => {
            await tx.manager.query('DELETE FROM words');
          });
          const told = new Set<number>();
          const outcomes = await Promise.allSettled(
            plan.map((one, index) =>
              test().run(async (tx) => {
                tx.afterCommit(() => told.add(index));
                for (let turns = 0; turns < one.turns; turns += 1) await turn();
                for (let count = 0; count < one.writes; count += 1) {
                  await (one.joined
                    ? test().run((inner) => write(inner, `${index}:${count}`))
                    : write(tx, `${index}:${count}`));
                  if (one.turns > 0) await turn();
                }
                if (one.end === 'fail') throw new Error('planned');
                if (one.end === 'fail in statement') await tx.manager.query('INSERT INTO nowhere VALUES (1)');
                if (one.end === 'fail in part') {
                  const part = test().run(async () => Promise.reject(new Error('planned')));
                  await part.catch(() => undefined);
                }
              }),
            ),
          );
          const expected = plan.flatMap((one, index) =>
            one.end === 'commit' ? Array.from({ length: one.writes }, (_, count) => `${index}:${count}`) : [],
          );
          expect(await all()).toEqual(expected.sort());
          expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
            plan.map(({ end }) => end === 'commit'),
          );
          expect([...told].sort((a, b) => a - b)).toEqual(
            plan.flatMap(({ end }, index) => (end === 'commit' ? [index] : [])),
          );
        }),
        { numRuns: kind === 'sqlite' ? 60 : 25 },
      );
    });

    it('are waited for by close, and refused afterwards', async () => {
      const own = await TestDatabase.open(kind, SCRATCH);
      const proceed = gate();
      const begun = gate();
      const open = own.run(async (tx) => {
        begun.open();
        await proceed.opened;
        await write(tx, 'in time');
        return words(tx);
      });
      await begun.opened;
      const closed = own.database.close();
      await expect(own.run((tx) => write(tx, 'x'))).rejects.toMatchObject({ kind: 'unavailable' });
      proceed.open();
      expect(await open).toEqual(['in time']);
      await closed;
      await own.close();
    });

    it('are counted', async () => {
      const runner = new TransactionRunner(test().database);
      await runner.run((tx) => write(tx, 'x'));
      await runner.run(() => Promise.reject(new Error('no'))).catch(() => undefined);
      expect(runner.figures).toEqual({ pending: 0, committed: 1, rolledBack: 1 });
    });
  },
  SCRATCH,
);

const orderOf = async (
  run: (work: (tx: Transaction) => Promise<void>) => Promise<void>,
): Promise<number[]> => {
  const order: number[] = [];
  await Promise.all(
    [0, 1, 2, 3].map((index) =>
      run(async () => {
        order.push(index);
        await turn();
        order.push(index);
      }),
    ),
  );
  return order;
};

/** What SQLite does by itself on a full disk: it rolls the whole transaction back. */
const BOOM = `CREATE TRIGGER boom BEFORE INSERT ON words WHEN NEW.word = 'boom'
  BEGIN SELECT RAISE(ROLLBACK, 'disk full'); END`;

describeOnDatabases(
  'the writer of one file',
  (test, kind) => {
    if (kind === 'postgres') {
      it('is no bottleneck: transactions overlap', async () => {
        let open = 0;
        let letGo = (): void => undefined;
        const bothOpen = new Promise<void>((resolve) => (letGo = resolve));
        const waitForTheOther = async (): Promise<void> => {
          open += 1;
          if (open === 2) letGo();
          await bothOpen;
        };
        await Promise.all([test().run(waitForTheOther), test().run(waitForTheOther)]);
        expect(open).toBe(2);
      });
      return;
    }

    it('serves first come first served, one at a time', async () => {
      expect(await orderOf((work) => test().run(work))).toEqual([0, 0, 1, 1, 2, 2, 3, 3]);
    });

    it('tells nobody of a group that was lost, and goes on with the next', async () => {
      const { writer } = test().database;
      await writer.query(BOOM);
      const before = test().run((tx) => write(tx, 'before'));
      const stubborn = test().run(async (tx) => {
        await write(tx, 'boom').catch(() => undefined);
        await write(tx, 'would commit by itself');
      });
      const outcomes = await Promise.allSettled([before, stubborn, test().run((tx) => write(tx, 'after'))]);
      await writer.query('DROP TRIGGER boom');
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
      expect(outcomes[0]).toMatchObject({ reason: { kind: 'unavailable', code: 'write_lost' } });
      expect(await words(test().database.read)).toEqual(['after']);
    });

    it('tells the first of a group, too', async () => {
      await test().database.writer.query(BOOM);
      const stubborn = test().run((tx) => write(tx, 'boom').catch(() => undefined));
      const outcomes = await Promise.allSettled([stubborn, test().run((tx) => write(tx, 'next'))]);
      await test().database.writer.query('DROP TRIGGER boom');
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    });
  },
  SCRATCH,
);
