import { asUnavailable, Database, openSidePool, runSql, TransactionRunner } from '#libs/database';
import { AppError, OutageError } from '#libs/kernel';
import { eventually, gate } from '#libs/testing';
import Sqlite from 'better-sqlite3';
import { describe, expect, it, jest } from '@jest/globals';
import { renameSync } from 'node:fs';
import { Client } from 'pg';
import { SCRATCH, words, write } from './scratch.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';

describe('trouble with SQLite', () => {
  it('that another program locked is told as unavailable, and over when the lock is', async () => {
    const test = await TestDatabase.open('sqlite', SCRATCH);
    await test.database.writer.query('PRAGMA busy_timeout = 1');
    const path = test.location.kind === 'sqlite' ? test.location.path : '';
    const other = new Sqlite(path);
    other.exec('BEGIN IMMEDIATE');
    const refused = test.run((tx) => write(tx, 'x'));
    await expect(refused).rejects.toMatchObject({ kind: 'unavailable', code: 'database_busy' });
    expect(await words(test.database.read)).toEqual([]);
    other.exec('ROLLBACK');
    other.close();
    await test.run((tx) => write(tx, 'y'));
    expect(await words(test.database.read)).toEqual(['y']);
    await test.close();
  });

  it.each(['', '-wal', '-shm'])(
    'whose file%s is moved during a write does not confirm it',
    async (suffix) => {
      const test = await TestDatabase.open('sqlite', SCRATCH);
      const path = test.location.kind === 'sqlite' ? test.location.path + suffix : '';
      const lost = test.run(async (tx) => {
        await write(tx, 'lost');
        renameSync(path, `${path}.away`);
      });
      await expect(lost).rejects.toMatchObject({ kind: 'unavailable', code: 'database_file_lost' });
      renameSync(`${path}.away`, path);
      await test.run((tx) => write(tx, 'kept'));
      await test.close();
    },
  );

  it('whose disk is full loses nothing that was confirmed', async () => {
    const test = await TestDatabase.open('sqlite', SCRATCH);
    await test.run((tx) => write(tx, 'before'));
    const [page] = (await test.database.writer.query('PRAGMA page_count')) as { page_count: number }[];
    await test.database.writer.query(`PRAGMA max_page_count = ${page?.page_count}`);
    const big = Array.from({ length: 2_000 }, (_, index) => `x${index}`.padEnd(60, 'x'));
    const small = test.run((tx) => write(tx, 'in the same group'));
    const outcomes = await Promise.allSettled([small, test.run((tx) => write(tx, ...big))]);
    const codes = outcomes.map((one) => (one.status === 'rejected' ? (one.reason as AppError).code : 'kept'));
    // SQLite gives up the statement or all that shares its commit, as it likes
    expect(codes[0]).toMatch(/^(kept|storage_full)$/);
    expect(codes[1]).toBe('storage_full');
    await test.database.writer.query('PRAGMA max_page_count = 1000000');
    await test.run((tx) => write(tx, 'after'));
    expect(await words(test.database.read)).toEqual([
      'after',
      'before',
      ...(codes[0] === 'kept' ? ['in the same group'] : []),
    ]);
    await test.close();
  });
});

describe('trouble with PostgreSQL', () => {
  it('that cuts connections is told as unavailable; the next transaction gets a new connection', async () => {
    const test = await TestDatabase.open('postgres', SCRATCH);
    await test.run((tx) => write(tx, 'before'));
    const url = test.location.kind === 'postgres' ? test.location.url : '';
    const admin = new Client({ connectionString: url });
    await admin.connect();
    const cut = test.run(async (tx) => {
      await write(tx, 'lost');
      await admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
      );
      await write(tx, 'lost too');
    });
    await expect(cut).rejects.toMatchObject({ kind: 'unavailable', code: 'database_unavailable' });
    await admin.end();
    await test.run((tx) => write(tx, 'after'));
    expect(await words(test.database.read)).toEqual(['after', 'before']);
    await test.close();
  });

  it('has connections beyond the pool only while there is need', async () => {
    const test = await TestDatabase.open('postgres', SCRATCH);
    const sizes = { poolSize: 1, poolOverflow: 2, poolIdleMs: 20 };
    const database = await Database.open({ location: test.location, ...SCRATCH, ...sizes });
    const transactions = new TransactionRunner(database);
    const release = gate();
    const held = Array.from({ length: 3 }, () => transactions.run(() => release.opened));
    await eventually('all three have a connection', () => database.pool?.total === 3);
    release.open();
    await Promise.all(held);
    await eventually('one is kept', () => database.pool?.total === 1 && database.pool.idle === 1);
    await database.close();
    await test.close();
  });

  it('is asked for one statement of a connection after another, though several come at once', async () => {
    const [atWork, met] = [new WeakMap<object, number>(), new Set<string>()];
    const { prototype } = Client as unknown as { prototype: { query: (...all: unknown[]) => unknown } };
    const { query } = prototype;
    const spy = jest.spyOn(prototype, 'query').mockImplementation(function (this: object, ...all) {
      const others = atWork.get(this) ?? 0;
      if (others > 0) met.add(String(all[0]));
      atWork.set(this, others + 1);
      const answer = Reflect.apply(query, this, all) as Promise<unknown>;
      const answered = () => atWork.set(this, (atWork.get(this) ?? 0) - 1);
      answer.then(answered, answered);
      return answer;
    });
    const test = await TestDatabase.open('postgres', SCRATCH);
    const three = (ask: (sql: string) => Promise<unknown>) =>
      Promise.all([1, 2, 3].map((nth) => ask(`SELECT ${nth} AS nth`)));
    const answers = [{ nth: 1 }, { nth: 2 }, { nth: 3 }].map((row) => [row]);
    expect(await test.run((tx) => three((sql) => runSql(tx, sql)))).toEqual(answers);
    expect(await test.run((tx) => three((sql) => tx.manager.query(sql)))).toEqual(answers);
    const read = () => three((sql) => runSql(test.database.read, sql));
    expect(await test.database.inSnapshot(read)).toEqual(answers);
    const pool = await openSidePool(test.database, 1);
    const client = await pool.connect();
    const faulty = await Promise.allSettled(
      ['SELECT 1', 'SELECT 1 / 0', 'SELECT 3'].map((sql) => client.query(sql)),
    );
    expect(faulty.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    client.release();
    await pool.end();
    await test.close();
    spy.mockRestore();
    expect([...met]).toEqual([]);
  });

  it('that is a deadlock leads to another attempt at the whole', async () => {
    const test = await TestDatabase.open('postgres', SCRATCH);
    await test.run((tx) => write(tx, 'a', 'b'));
    let attempts = 0;
    const bothHoldOne = gate();
    const lockInOrder = (first: string, second: string) =>
      test.run(async (tx) => {
        const lock = (word: string) =>
          tx.manager.query('UPDATE words SET word = word WHERE word = $1', [word]);
        await lock(first);
        if ((attempts += 1) === 2) bothHoldOne.open();
        await bothHoldOne.opened;
        await lock(second);
      });
    await Promise.all([lockInOrder('a', 'b'), lockInOrder('b', 'a')]);
    expect(attempts).toBeGreaterThan(2);
    await test.close();
  });
});

describe('an error that speaks of', () => {
  const told = (error: object) => {
    const { code, kind, headers } = asUnavailable(error) as AppError;
    return [kind, code, headers?.['Retry-After'], asUnavailable(error) instanceof OutageError];
  };
  const failed = (code: string) => ({ message: 'a statement failed', driverError: { code } });

  const GONE =
    '57P01 57P02 57P03 57P05 08006 08001 25P03 25006 ECONNREFUSED ECONNRESET EPIPE ETIMEDOUT EAI_AGAIN ENOTFOUND 28P01 3D000';
  it.each(GONE.split(' '))('a server that cannot be reached is an outage (%s)', (code) => {
    const outage = ['unavailable', 'database_unavailable', '5', true];
    expect(told(failed(code))).toEqual(outage);
    expect(told(Object.assign(new Error('of the connection'), { code }))).toEqual(outage);
    expect(told(new AggregateError([Object.assign(new Error('::1'), { code })]))).toEqual(outage);
  });

  it.each(['Connection terminated unexpectedly', 'timeout expired'])(
    'one cut off is an outage (%s)',
    (text) => expect(told(new Error(text))).toEqual(['unavailable', 'database_unavailable', '5', true]),
  );

  it.each([
    ['database_busy', failed('53300')],
    ['database_busy', failed('SQLITE_BUSY')],
    ['database_busy', new Error('timeout exceeded when trying to connect')],
    ['storage_full', failed('53100')],
    ['storage_full', failed('SQLITE_FULL')],
    ['storage_failed', failed('SQLITE_IOERR_WRITE')],
    ['storage_failed', failed('58030')],
  ])('a database that takes nothing more is an outage: %s, case %#', (code, error) =>
    expect(told(error)).toEqual(['unavailable', code, '5', true]),
  );

  it.each(['40001', '40P01', '55P03', '57014'])('others at the same rows is not, but may pass (%s)', (code) =>
    expect(told(failed(code))).toEqual(['unavailable', 'database_busy', '5', false]),
  );

  it.each(['23505', '22003', '42P01', 'SQLITE_CONSTRAINT', 'SQLITE_READONLY', 'SQLITE_ERROR'])(
    'the statement itself stays as it is (%s)',
    (code) => {
      const error = failed(code);
      expect(asUnavailable(error)).toBe(error);
    },
  );
});

describeOnDatabases(
  'an error of a statement',
  (test) => {
    it('reaches the caller unchanged', async () => {
      const broken = test().run((tx) => tx.manager.query('INSERT INTO nowhere VALUES (1)'));
      await expect(broken).rejects.toThrow(/nowhere/);
      await expect(broken).rejects.not.toBeInstanceOf(AppError);
      const plain = new Error('mine');
      expect(asUnavailable(plain)).toBe(plain);
      expect(asUnavailable('text')).toBe('text');
    });
  },
  SCRATCH,
);
