import {
  addUpFigures,
  countsOf,
  KeptFigures,
  lockName,
  runSql,
  type Transaction,
  TransactionRunner,
  type Figures,
} from '#libs/database';
import { FakeClock } from '#libs/testing';
import { expect, it, jest } from '@jest/globals';
import * as fc from 'fast-check';
import { FigureUpkeep } from '../../../src/app/persistence/figure-upkeep.service.js';
import { describeOnDatabases, type TestDatabase } from '../../harness/databases.js';

const STATUSES = ['pending', 'processing', 'completed', 'failed'] as const;
const TYPES = ['short_term', 'long_term'] as const;
const FROM = Date.UTC(2026, 0, 5);
const HOUR = 3_600_000;

/** What happens to the rows of a table: added, given another status, deleted, or the changes are added up. */
type Step =
  | {
      readonly do: 'add';
      readonly user: number | null;
      readonly type: (typeof TYPES)[number];
      readonly hour: number;
    }
  | {
      readonly do: 'move';
      readonly row: number;
      readonly to: (typeof STATUSES)[number];
      readonly hour: number;
    }
  | { readonly do: 'delete'; readonly row: number }
  | { readonly do: 'add up' };

const hour = fc.integer({ min: 0, max: 30 });
const row = fc.nat({ max: 11 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      user: fc.constantFrom(null, 7, 8),
      type: fc.constantFrom(...TYPES),
      hour,
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('move' as const), row, to: fc.constantFrom(...STATUSES), hour }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('delete' as const), row }) },
  { weight: 1, arbitrary: fc.constant({ do: 'add up' as const }) },
);

const at = (hours: number): string => new Date(FROM + hours * HOUR + 1_800_000).toISOString();

/** Runs the steps with one statement each, as any program that can reach the database might. */
async function take(test: TestDatabase, steps: readonly Step[], label: string): Promise<void> {
  const ids: (string | null)[] = [];
  for (const [index, one] of steps.entries()) {
    if (one.do === 'add up') {
      await addUpFigures(test.database, test.transactions);
      continue;
    }
    await test.run(async (tx) => {
      if (one.do === 'add') {
        const id = `${label}-${index}`;
        ids.push(id);
        await runSql(
          tx,
          `INSERT INTO predictions (task_id, user_id, "timestamp", created_at, started_at, status, symbol, ticker, "interval",
             predictor_plugin, feeder_plugin, pipeline_plugin, prediction_type, result)
           VALUES (?, ?, ?, ?, ?, 'pending', 'X', 'X', '1h', 'p', 'f', 'q', ?, '{}')`,
          [id, one.user, at(one.hour), at(one.hour), at(one.hour), one.type],
        );
        return;
      }
      const id = ids[one.row] ?? '';
      if (one.do === 'delete') await runSql(tx, 'DELETE FROM predictions WHERE task_id = ?', [id]);
      else {
        const ended = one.to === 'completed' || one.to === 'failed';
        // what has ended stays so, as everywhere in the product
        await runSql(
          tx,
          `UPDATE predictions SET status = ?, completed_at = ? WHERE task_id = ? AND completed_at IS NULL`,
          [one.to, ended ? at(one.hour + 1) : null, id],
        );
      }
    });
  }
}

/** The same by counting the rows. */
async function counted(test: TestDatabase, column: string, owner: string): Promise<Record<string, number>> {
  const rows = await test.query<{ name: string; total: number | string }>(
    `SELECT ${column} AS name, COUNT(*) AS total FROM predictions WHERE ${owner} GROUP BY ${column}`,
  );
  return Object.fromEntries(rows.map(({ name, total }) => [name, Number(total)]));
}

/** The upkeep, whose turns the spec takes. */
class Upkeep extends FigureUpkeep {
  take(): Promise<void> {
    return this.turn(new AbortController().signal);
  }
}

const events = (figures: Figures, name: string): number => figures.get(name)?.events ?? 0;

describeOnDatabases('kept figures', (test) => {
  it('are those of a count, whatever happens to the rows and whenever they are added up', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        run += 1;
        await take(test(), steps, `run-${run}`);
        const kept = new KeptFigures(test().database);
        for (const [owner, where] of [
          [undefined, 'TRUE'],
          [7, 'user_id = 7'],
          [0, 'user_id IS NULL'],
        ] as const) {
          const standing = await kept.standing('predictions', owner);
          expect(countsOf(standing, 'status:')).toEqual(await counted(test(), 'status', where));
          expect(countsOf(standing, 'type:')).toEqual(await counted(test(), 'prediction_type', where));
        }
      }),
      { numRuns: 25 },
    );
  });

  it('keep what happened by the hour, when the rows are gone too', async () => {
    const kept = new KeptFigures(test().database);
    const before = await kept.since('predictions', new Date(FROM), 9);
    expect(before.size).toBe(0);
    await test().run(async (tx) => {
      for (const [task, created, started, completed, status] of [
        [
          'h1',
          '2026-02-01T10:59:00.000Z',
          '2026-02-01T10:59:02.000Z',
          '2026-02-01T11:00:06.000Z',
          'completed',
        ],
        ['h2', '2026-02-01T11:00:00.000Z', '2026-02-01T11:00:04.000Z', '2026-02-01T11:00:05.500Z', 'failed'],
      ] as const)
        await runSql(
          tx,
          `INSERT INTO predictions (task_id, user_id, "timestamp", created_at, started_at, completed_at, status, symbol, ticker,
             "interval", predictor_plugin, feeder_plugin, pipeline_plugin, prediction_type, result)
           VALUES (?, 9, ?, ?, ?, ?, ?, 'X', 'X', '1h', 'p', 'f', 'q', 'short_term', '{}')`,
          [task, created, created, started, completed, status],
        );
    });
    await test().run((tx) => runSql(tx, `DELETE FROM predictions WHERE user_id = 9`));
    const check = async (): Promise<void> => {
      const all = await kept.since('predictions', new Date('2026-02-01T10:30:00Z'), 9);
      expect([events(all, 'created'), events(all, 'completed'), events(all, 'failed')]).toEqual([2, 1, 1]);
      expect(all.get('completed')?.amount).toBe(64_000_000);
      expect(all.get('waited')).toEqual({ events: 1, amount: 2_000_000 });
      expect(all.get('fulfilled')).toEqual({ events: 1, amount: 64_000_000 });
      const later = await kept.since('predictions', new Date('2026-02-01T11:30:00Z'), 9);
      expect([events(later, 'created'), events(later, 'completed'), events(later, 'fulfilled')]).toEqual([
        1, 1, 0,
      ]);
      expect(countsOf(await kept.standing('predictions', 9), 'status:')).toEqual({});
    };
    await check();
    while (await addUpFigures(test().database, test().transactions));
    await check();
  });

  it('are added up a quarter of a second after a write of this process, and seldom looked for without one', async () => {
    const { database, transactions } = test();
    const elsewhere = new TransactionRunner(database);
    const clock = new FakeClock();
    const upkeep = new Upkeep(database, transactions, clock);
    const looks = jest.spyOn(database, 'read', 'get');
    const turns = async (count: number): Promise<{ looks: number; waiting: number }> => {
      looks.mockClear();
      for (let nth = 0; nth < count; nth += 1) {
        clock.jump(250);
        await upkeep.take();
      }
      const waiting = await test().query('SELECT id FROM figure_changes');
      return { looks: looks.mock.calls.length, waiting: waiting.length };
    };
    const change = (tx: Transaction) =>
      runSql(
        tx,
        `INSERT INTO figure_changes (source, owner_id, period, name, events, amount) VALUES ('upkeep', 1, '', 'x', 1, 0)`,
      );
    await upkeep.take();
    await turns(1); // after its own commit
    expect(await turns(8)).toEqual({ looks: 1, waiting: 0 });
    await test().run(change);
    expect(await turns(1)).toEqual({ looks: 1, waiting: 0 });
    expect(await turns(1)).toEqual({ looks: 1, waiting: 0 }); // its own commit again
    await elsewhere.run(change);
    expect(await turns(7)).toEqual({ looks: 0, waiting: 1 });
    expect(await turns(1)).toEqual({ looks: 1, waiting: 0 });
    looks.mockRestore();
  });

  it('do not end when the numbers of changes do', async () => {
    while (await addUpFigures(test().database, test().transactions));
    if (test().kind === 'postgres')
      await test().run((tx) => runSql(tx, `SELECT setval('figure_changes_id_seq', 2147483645)`));
    const kept = new KeptFigures(test().database);
    const before = events(await kept.standing('predictions'), 'status:pending');
    const steps = Array.from(
      { length: 4 },
      () => ({ do: 'add', user: 5, type: 'short_term', hour: 1 }) as const,
    );
    await take(test(), steps, 'many');
    expect(events(await kept.standing('predictions'), 'status:pending')).toBe(before + 4);
    while (await addUpFigures(test().database, test().transactions));
    expect(events(await kept.standing('predictions'), 'status:pending')).toBe(before + 4);
  });

  it('are added up by one at a time, and nobody waits for it', async () => {
    const { database, transactions, kind } = test();
    if (kind === 'sqlite') return; // has one writer
    const change = (tx: Transaction) =>
      runSql(
        tx,
        `INSERT INTO figure_changes (source, owner_id, period, name, events, amount) VALUES ('turns', 1, '', 'x', 1, 0)`,
      );
    await test().run(change);
    let isBusy: () => void = () => undefined;
    let end: () => void = () => undefined;
    const [busy, ended] = [
      new Promise<void>((resolve) => (isBusy = resolve)),
      new Promise<void>((resolve) => (end = resolve)),
    ];
    const other = test().run(async (tx) => {
      await lockName(tx, 'figures');
      isBusy();
      await ended;
    });
    await busy;
    const waiting = () => test().query('SELECT id FROM figure_changes');
    const turns = Array.from({ length: 16 }, () => addUpFigures(database, transactions));
    expect(await Promise.all(turns)).not.toContain(true);
    expect(await waiting()).toHaveLength(1);
    end();
    await other;
    await addUpFigures(database, transactions);
    expect(await waiting()).toEqual([]);
  });

  it('are added up once by two at the same time', async () => {
    const kept = new KeptFigures(test().database);
    const before = await kept.standing('predictions');
    await Promise.all(Array.from({ length: 4 }, () => addUpFigures(test().database, test().transactions)));
    expect(await kept.standing('predictions')).toEqual(before);
    expect(await test().query('SELECT id FROM figure_changes')).toEqual([]);
  });
});
