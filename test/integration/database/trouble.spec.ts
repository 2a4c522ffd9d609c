import { asUnavailable } from '#libs/database';
import { AppError } from '#libs/kernel';
import { gate } from '#libs/testing';
import Sqlite from 'better-sqlite3';
import { describe, expect, it } from '@jest/globals';
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
