import { Database } from '#libs/database';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createHash, randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { ORIGINAL_TABLES, writeOriginal } from '../harness/original-database.js';
import { runFolder, withServer } from '../harness/test-resources.js';
import * as product from '../../src/app/schema.js';
import { BuiltCommand } from './built-command.js';

const NAME = 'prediction_provider.db';
const NOBODYS_ROWS = {
  roles: [{ id: 1, name: 'client', permissions: '{}', created_at: '2024-01-02 03:04:05' }],
};

const command = new BuiltCommand(mkdtempSync(join(runFolder(), 'home-')));
afterAll(() => command.end());

/** All that a start could change of a folder. */
const looksOf = (folder: string) =>
  readdirSync(folder).map((name) => {
    const path = join(folder, name);
    const { mtimeMs, size, mode } = statSync(path);
    return {
      name,
      mtimeMs,
      size,
      mode,
      sha256: createHash('sha256').update(readFileSync(path)).digest('hex'),
    };
  });

describe.each(['delete', 'wal'] as const)("the original's database with journal mode %s", (journal) => {
  const folder = mkdtempSync(join(runFolder(), 'original-'));
  const path = join(folder, NAME);
  beforeAll(() => writeOriginal(path, NOBODYS_ROWS, journal));

  it.each([
    'serve',
    'serve --workers 2',
    'migrate',
    'users create ann --email ann@example.com',
    'audit verify',
    'billing verify',
  ])('is refused and left as it is by: %s', async (line) => {
    const args = line.split(' ');
    const before = looksOf(folder);
    const { status, stdout, stderr } = await command.run(...args, '--database_url', `sqlite:///${path}`);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toContain(
      `SQLite ${path} belongs to the original Python service; nothing in it was touched.`,
    );
    expect(stderr).toContain(`prediction-provider import ${path} --database_url NEW`);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(looksOf(folder)).toEqual(before);
  });

  it('is imported by the command, and left as it is', async () => {
    const before = looksOf(folder);
    const fresh = join(mkdtempSync(join(runFolder(), 'new-')), 'new.db');
    const args = ['import', path, '--database_url', `sqlite:///${fresh}`];
    const dry = await command.run(...args, '--dry_run');
    expect(dry).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Dry run, nothing was written:'),
    });
    expect(existsSync(fresh)).toBe(false);
    const { status, stdout } = await command.run(...args);
    expect({ status, stdout }).toMatchObject({
      status: 0,
      stdout: expect.stringContaining(`Written to SQLite ${fresh}:`),
    });
    expect(looksOf(folder)).toEqual(before);
    for (const wrong of [
      ['import'],
      ['import', path],
      ['import', fresh, '--database_url', 'sqlite:///other.db'],
    ]) {
      expect((await command.run(...wrong)).status).toBe(2);
    }
  });

  it('is refused by whoever opens it, too', async () => {
    const before = looksOf(folder);
    const opening = Database.open({ location: { kind: 'sqlite', path }, ...product });
    await expect(opening).rejects.toMatchObject({ name: 'DatabaseOpenError', code: 'original' });
    expect(looksOf(folder)).toEqual(before);
  });
});

describe("the original's tables in PostgreSQL", () => {
  const name = `original_${randomUUID().replaceAll('-', '')}`;
  const columns = 'SELECT table_name, column_name FROM information_schema.columns';
  it('are not made by a dry run of the import', async () => {
    const path = join(mkdtempSync(join(runFolder(), 'original-')), NAME);
    writeOriginal(path, NOBODYS_ROWS);
    await withServer(async (client, urlOf) => {
      await client.query(`CREATE DATABASE dry_${name}`);
      try {
        const url = urlOf(`dry_${name}`);
        const { stdout } = await command.run('import', path, '--database_url', url, '--dry_run');
        expect(stdout).toContain('Dry run, nothing was written:');
        const inside = new Client({ connectionString: url });
        await inside.connect();
        expect((await inside.query(`${columns} WHERE table_schema = 'public'`)).rows).toEqual([]);
        await inside.end();
      } finally {
        await client.query(`DROP DATABASE dry_${name} WITH (FORCE)`);
      }
    });
  }, 60_000);
  it('are refused and left as they are', async () => {
    await withServer(async (client, urlOf) => {
      await client.query(`CREATE DATABASE ${name}`);
      try {
        await expectRefusal(urlOf(name));
      } finally {
        await client.query(`DROP DATABASE ${name} WITH (FORCE)`);
      }
    });
  }, 60_000);
  const expectRefusal = async (url: string): Promise<void> => {
    const inside = new Client({ connectionString: url });
    await inside.connect();
    try {
      await inside.query(ORIGINAL_TABLES);
      const list = `${columns} WHERE table_schema = 'public' ORDER BY 1, 2`;
      const before = (await inside.query(list)).rows;
      const { status, stderr } = await command.run('migrate', '--database_url', url);
      expect(status).toBe(2);
      expect(stderr).toContain('belongs to the original Python service');
      expect((await inside.query(list)).rows).toEqual(before);
    } finally {
      await inside.end();
    }
  };
});
