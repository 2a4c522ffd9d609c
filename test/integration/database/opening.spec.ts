import { Database, type DatabaseLocation, DatabaseOpenError, runSql } from '#libs/database';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCRATCH, words, write } from './scratch.js';
import { describeOnDatabases, TestDatabase } from '../../harness/databases.js';

const NOBODY = 65_534;

/** Root passes every permission check: the opening is then tried as somebody else. */
async function asOrdinaryUser<T>(work: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

const failureOf = async (location: DatabaseLocation): Promise<DatabaseOpenError> => {
  const outcome = await Database.open({ location, ...SCRATCH }).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(DatabaseOpenError);
  return outcome as DatabaseOpenError;
};

describe('a SQLite file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'prediction-provider-open-'));
    chmodSync(folder, 0o755);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string) => ({ kind: 'sqlite' as const, path: join(folder, name) });
  const open = (name: string) => Database.open({ location: at(name), ...SCRATCH });

  it('is made with its folders, for its owner only, and opens again durable', async () => {
    const first = await open('a/b/new.db');
    expect(first.migrated).toEqual(['Words1795392090001']);
    expect(statSync(join(folder, 'a/b/new.db')).mode & 0o077).toBe(0);
    await first.close();
    const second = await open('a/b/new.db');
    expect(second.migrated).toEqual([]);
    expect(await second.writer.query('PRAGMA synchronous')).toEqual([{ synchronous: 2 }]);
    expect(await second.writer.query('PRAGMA recursive_triggers')).toEqual([{ recursive_triggers: 1 }]);
    expect(await second.writer.query('PRAGMA foreign_keys')).toEqual([{ foreign_keys: 1 }]);
    expect(await second.writer.query('PRAGMA journal_mode')).toEqual([{ journal_mode: 'wal' }]);
    await second.close();
  });

  it('that is a folder is refused in plain words', async () => {
    mkdirSync(join(folder, 'data.db'));
    expect(await failureOf(at('data.db'))).toMatchObject({
      code: 'is_folder',
      message: `${join(folder, 'data.db')} is a folder; the database needs the path of a file`,
    });
  });

  it('that is no database is refused and left as it is', async () => {
    const text = 'Dear diary, today I kept my notes in a file that ends in .db. '.repeat(40);
    writeFileSync(join(folder, 'diary.db'), text);
    expect(await failureOf(at('diary.db'))).toMatchObject({ code: 'not_a_database' });
    expect(readFileSync(join(folder, 'diary.db'), 'utf8')).toBe(text);
  });

  it('in a folder that cannot be written is refused', async () => {
    await (await open('warm-up.db')).close();
    chmodSync(folder, 0o555);
    const failure = await asOrdinaryUser(() => failureOf(at('data.db')));
    expect(['folder_not_writable', 'file_not_writable']).toContain(failure.code);
    expect(failure.message).toContain(folder);
    expect(failure.message).toContain('writable');
  });

  it('that is read-only is refused', async () => {
    await (await open('data.db')).close();
    chmodSync(join(folder, 'data.db'), 0o444);
    chmodSync(folder, 0o777);
    const failure = await asOrdinaryUser(() => failureOf(at('data.db')));
    expect(failure).toMatchObject({ code: 'file_not_writable' });
    expect(failure.message).toContain(join(folder, 'data.db'));
  });

  it('below a file instead of a folder is refused', async () => {
    writeFileSync(join(folder, 'file'), '');
    expect(await failureOf(at('file/data.db'))).toMatchObject({ code: 'folder_not_writable' });
  });

  it('in memory is a private file that goes away', async () => {
    const database = await Database.open({ location: { kind: 'sqlite', path: ':memory:' }, ...SCRATCH });
    const { location } = database;
    const path = location.kind === 'sqlite' ? location.path : '';
    expect(statSync(path).isFile()).toBe(true);
    await database.close();
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('has a read side that cannot write', async () => {
    const database = await open('data.db');
    await expect(write(database.read, 'x')).rejects.toThrow(/readonly/);
    await database.close();
  });
});

describe('a PostgreSQL server', () => {
  const from = (url: string, change: (url: URL) => void): DatabaseLocation => {
    const changed = new URL(url);
    change(changed);
    return { kind: 'postgres', url: changed.href };
  };

  it('that is not there, or refuses, is named without the password', async () => {
    const test = await TestDatabase.open('postgres', SCRATCH);
    const url = test.location.kind === 'postgres' ? test.location.url : '';
    const wrong = await failureOf(from(url, (one) => (one.password = 'wrong-secret')));
    expect(wrong).toMatchObject({ code: 'login_refused' });
    expect(wrong.message).not.toContain('wrong-secret');
    const missing = await failureOf(from(url, (one) => (one.pathname = '/no_such_database')));
    expect(missing).toMatchObject({ code: 'no_such_database' });
    const closed = await failureOf(from(url, (one) => (one.port = '1')));
    expect(closed).toMatchObject({ code: 'unreachable' });
    expect(closed.message).toMatch(/^PostgreSQL 127\.0\.0\.1:1\/test_\w+ refuses connections/);
    await test.close();
  });

  it('that hangs up at once is unreachable', async () => {
    const server = createServer((socket) => socket.resetAndDestroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const failure = await failureOf({ kind: 'postgres', url: `postgres://u:secret@127.0.0.1:${port}/x` });
    expect(failure).toMatchObject({ code: 'unreachable' });
    expect(failure.message).not.toContain('secret');
    await new Promise((resolve) => server.close(resolve));
  });
});

describeOnDatabases(
  'an open database',
  (test, kind) => {
    it('knows its pool', () => {
      const { database } = test();
      if (kind === 'sqlite') expect(database.pool).toBeNull();
      else expect(database.pool).toMatchObject({ waiting: 0 });
    });

    it('that a newer version migrated is refused', async () => {
      const own = await TestDatabase.open(kind, SCRATCH);
      await own.run(async (tx) => {
        await runSql(tx, 'INSERT INTO migrations ("timestamp", name) VALUES (?, ?)', [
          1_999_999_999_999,
          'Future1999999999999',
        ]);
      });
      await own.database.close();
      const failure = await failureOf(own.location);
      expect(failure).toMatchObject({ code: 'schema_newer' });
      expect(failure.message).toContain('Future1999999999999');
      await own.close();
    });

    it('keeps nothing of a migration that fails half-way', async () => {
      const own = await TestDatabase.open(kind, SCRATCH);
      await own.database.close();
      class Broken1795392091000 {
        async up(runner: { query: (sql: string) => Promise<unknown> }): Promise<void> {
          await runner.query('CREATE TABLE half (id integer)');
          await runner.query('INSERT INTO nowhere VALUES (1)');
        }
        async down(): Promise<void> {}
      }
      const migrations = [...SCRATCH.migrations, Broken1795392091000];
      await expect(Database.open({ location: own.location, entities: [], migrations })).rejects.toThrow(
        /nowhere/,
      );
      const again = await Database.open({ location: own.location, ...SCRATCH });
      await expect(again.reader.query('SELECT * FROM half')).rejects.toThrow(/half/);
      await again.close();
      await own.close();
    });

    it('echoes statements, never their values', async () => {
      const own = await TestDatabase.open(kind, SCRATCH);
      const lines: string[] = [];
      const { write: original } = process.stdout;
      process.stdout.write = ((line: string) => lines.push(line) > 0) as typeof process.stdout.write;
      try {
        const echoing = await Database.open({ location: own.location, ...SCRATCH, echo: true });
        await runSql(echoing.read, 'SELECT word FROM words WHERE word = ?', ['pp_secret']);
        expect(await words(echoing.read)).toEqual([]);
        await echoing.close();
      } finally {
        process.stdout.write = original;
      }
      const output = lines.join('');
      expect(output).toMatch(/sql: SELECT word FROM words WHERE word = (\?|\$1) -- 1 values\n/);
      expect(output).not.toContain('pp_secret');
      await own.close();
    });
  },
  SCRATCH,
);
