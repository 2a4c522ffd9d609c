import { Database, isPostgres, runSql, TransactionRunner } from '#libs/database';
import { ChildScript, eventually } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readdirSync, readFileSync, renameSync } from 'node:fs';
import { SCRATCH, words, write } from './scratch.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';

/** Counts in the database; no index helps. */
const counting = (numbers: number): string =>
  `WITH RECURSIVE counted(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < ${numbers}) SELECT COUNT(*) AS total FROM counted`;
/** Some hundred milliseconds. */
const LONG = counting(1_000_000);
const ENDLESS = counting(1e15);

describeOnDatabases(
  'reading apart',
  (test) => {
    let database: Database;
    let transactions: TransactionRunner;
    beforeAll(async () => {
      database = await Database.open({ location: test().location, ...SCRATCH, readTimeoutMs: 30_000 });
      transactions = new TransactionRunner(database);
    });
    afterAll(() => database.close());

    it('sees what was committed before, and inside of a transaction and a snapshot what they see', async () => {
      await transactions.run(async (tx) => {
        await write(tx, 'own');
        expect(await words(database.readApart)).toEqual(['own']);
        expect(database.readApart).toBe(tx);
      });
      expect(await words(database.readApart)).toEqual(['own']);
      await database.inSnapshot(async () => {
        await words(database.readApart);
        await transactions.run((tx) => write(tx, 'more'));
        expect(await words(database.readApart)).toEqual(['own']);
      });
      expect(await words(database.readApart)).toEqual(['more', 'own']);
    });

    it('binds and answers values as reading does', async () => {
      const values = ['é', 7.5, null, 9_007_199_254_740_991];
      const sql = isPostgres(database.read)
        ? 'SELECT ?::text AS a, ?::float8 AS b, ?::text AS c, ?::bigint AS d'
        : 'SELECT ? AS a, ? AS b, ? AS c, ? AS d';
      expect(await runSql(database.readApart, sql, values)).toEqual(await runSql(database.read, sql, values));
      const manager = (scope: typeof database.read) =>
        scope.manager
          .createQueryBuilder()
          .select('w.word', 'word')
          .from('words', 'w')
          .where('w.word IN (:...some)', { some: ['own', 'none'] })
          .limit(3)
          .getRawMany();
      expect(await manager(database.readApart)).toEqual([{ word: 'own' }]);
      expect(await manager(database.readApart)).toEqual(await manager(database.read));
    });

    it('answers no value as another one', async () => {
      if (isPostgres(database.read)) return; // no process between
      for (const value of [`x'00ff'`, '9e999'])
        await expect(runSql(database.readApart, `SELECT ${value} AS a`)).rejects.toThrow(
          'a column holds bytes or a number that is not finite',
        );
      expect(await runSql(database.readApart, 'SELECT 1 AS a, 2 AS b WHERE 1 = 0')).toEqual([]);
    });

    it('fails as reading does', async () => {
      const told = (scope: typeof database.read) =>
        runSql(scope, 'SELECT nothing FROM words').catch((error: unknown) => error);
      const [apart, here] = [await told(database.readApart), await told(database.read)];
      expect((apart as Error).name).toBe('QueryFailedError');
      expect((apart as Error).message).toBe((here as Error).message);
    });

    it('lets the event loop go on', async () => {
      let turns = 0;
      let isOver = false;
      const count = (): void => {
        turns += 1;
        if (!isOver) setTimeout(count, 1);
      };
      count();
      const [row] = await runSql<{ total: number | string }>(database.readApart, LONG);
      isOver = true;
      expect(Number(row?.total)).toBe(1_000_000);
      expect(turns).toBeGreaterThan(10);
    }, 30_000);
  },
  SCRATCH,
);

describe('processes that read', () => {
  let own: TestDatabase;
  beforeAll(async () => {
    own = await TestDatabase.open('sqlite', SCRATCH);
    await own.run((tx) => write(tx, 'kept'));
  });
  afterAll(() => own.close());
  const opened = (readTimeoutMs: number): Promise<Database> =>
    Database.open({ location: own.location, ...SCRATCH, readTimeoutMs });

  it('start with the first read and end with the database', async () => {
    const database = await opened(30_000);
    await words(database.read);
    expect([database.readingProcesses, children()]).toEqual([0, []]);
    await words(database.readApart);
    expect([database.readingProcesses, children().length]).toEqual([1, 1]);
    await database.close();
    expect([database.readingProcesses, children()]).toEqual([0, []]);
  });

  it('let a program that has nothing else to do close the database to its end', async () => {
    const other = new ChildScript(
      'test/integration/database/other-process.ts',
      JSON.stringify(own.location),
      '0',
      'apart',
    );
    expect([await other.exited, other.lines.at(-1)]).toEqual([0, 'closed']);
  }, 60_000);

  it('end a read at its deadline, name the setting, and serve others meanwhile and afterwards', async () => {
    const database = await opened(1_500);
    const stuck = runSql(database.readApart, ENDLESS).catch((error: unknown) => error);
    const other = words(database.readApart);
    expect(await Promise.race([stuck, other])).toEqual(['kept']);
    expect(await stuck).toMatchObject({
      kind: 'unavailable',
      code: 'read_timeout',
      message: expect.stringContaining('database_read_timeout'),
    });
    await eventually('the stuck process is gone', () => children().length <= 1);
    expect(await words(database.readApart)).toEqual(['kept']);
    expect(database.availability.figures.outages).toBe(0);
    await database.close();
  });

  it('that were killed fail one read, and others go on in another', async () => {
    const database = await opened(30_000);
    const stuck = runSql(database.readApart, ENDLESS).catch((error: unknown) => error);
    await eventually('it runs', () => children().length === 1);
    const next = words(database.readApart);
    process.kill(children()[0] ?? 0, 'SIGKILL');
    expect(await stuck).toMatchObject({ kind: 'unavailable', code: 'read_lost' });
    expect(await next).toEqual(['kept']);
    await database.close();
  });

  it('are not started on a file that was moved: that is an outage', async () => {
    const database = await opened(30_000);
    const { path } = own.location as { path: string };
    renameSync(path, `${path}.away`);
    const refused = words(database.readApart);
    await expect(refused).rejects.toMatchObject({ code: 'database_file_lost' });
    expect(database.availability.figures.outages).toBe(1);
    renameSync(`${path}.away`, path);
    expect(await words(database.readApart)).toEqual(['kept']);
    await database.close();
  });
});

/** Processes that this one started and that are not over. */
function children(): number[] {
  const tasks = readdirSync('/proc/self/task');
  const ids = tasks.flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return ids.filter((id) => commandOf(id).includes('reading-process'));
}

function commandOf(id: number): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8');
  } catch {
    return ''; // it has just ended
  }
}
