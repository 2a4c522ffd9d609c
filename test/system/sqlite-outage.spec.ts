import { execFileSync } from 'node:child_process';
import { closeSync, cpSync, mkdtempSync, openSync, renameSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Database, DATABASE_TIMEOUTS } from '#libs/database';
import { eventually } from '#libs/testing';
import Sqlite from 'better-sqlite3';
import { ADMIN_KEY, type LogLine, startTestApp, type TestApp } from '../harness/app.js';
import { entities, migrations } from '../../src/app/schema.js';

jest.setTimeout(60_000);

/** A disk of its own where this user may mount one: then it can be filled. */
const DISK_MB = 16;
function mountDisk(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'spec', folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false; // an ordinary user may not
  }
}

const folder = mkdtempSync(join(tmpdir(), 'sqlite-outage-'));
const isMounted = mountDisk(folder);
const path = join(folder, 'service.db');

describe('a service on SQLite', () => {
  let app: TestApp;
  let before = 0;
  beforeAll(async () => {
    app = await startTestApp({ config: { database_url: `sqlite:///${path}` } });
  });
  afterAll(async () => {
    await app.close();
    if (isMounted) execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  const setting = (value: number) =>
    app.post('/api/v1/admin/config', { max_concurrent_predictions: value }, { apiKey: ADMIN_KEY });
  const stored = async (): Promise<number> => {
    const { body } = await app.get('/api/v1/admin/config', { apiKey: ADMIN_KEY });
    return body.settings.max_concurrent_predictions;
  };
  const ready = async (): Promise<number> => (await app.get('/health/ready')).status;
  const isReady = () => eventually('it is ready again', async () => (await ready()) === 200, 20_000);
  const isNot = () => eventually('it is not ready', async () => (await ready()) === 503, 20_000);
  const begin = (): void => void (before = app.logLines.length);
  const said = (): readonly LogLine[] => app.logLines.slice(before).filter(({ level }) => level !== 'INFO');
  const expectOutage = (code: string): void =>
    expect(said()).toEqual([
      expect.objectContaining({ level: 'ERROR', code }),
      expect.objectContaining({ level: 'WARNING', msg: expect.stringContaining('serves again') }),
    ]);

  it('refuses a write while another program holds the lock, and answers everything else meanwhile', async () => {
    begin();
    const other = new Sqlite(path);
    other.exec('BEGIN IMMEDIATE');
    const started = performance.now();
    const wait = { isOver: false };
    const refused = setting(7).finally(() => (wait.isOver = true));
    let slowest = 0;
    while (!wait.isOver) {
      const asked = performance.now();
      expect((await app.get('/health')).status).toBe(200);
      slowest = Math.max(slowest, performance.now() - asked);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { status, headers, body } = await refused;
    expect([status, headers.get('retry-after'), body.type]).toEqual([
      503,
      '5',
      'urn:prediction-provider:problem:database-busy',
    ]);
    expect(performance.now() - started).toBeLessThan(DATABASE_TIMEOUTS.writeLockMs + 4_000);
    expect(slowest).toBeLessThan(1_000);
    expect(await ready()).toBe(503);
    other.exec('ROLLBACK');
    other.close();
    await isReady();
    expect((await setting(8)).status).toBe(200);
    expectOutage('database_busy');
  });

  it('waits for a lock that is held for a moment', async () => {
    const other = new Sqlite(path);
    other.exec('BEGIN IMMEDIATE');
    const waiting = setting(9);
    setTimeout(() => other.exec('ROLLBACK').close(), 100);
    expect((await waiting).status).toBe(200);
    expect(await stored()).toBe(9);
  });

  it.each(['', '-wal'])(
    'confirms no write once its file%s was moved, and goes on when it is back',
    async (suffix) => {
      begin();
      expect((await setting(10)).status).toBe(200);
      renameSync(path + suffix, `${path}${suffix}.away`);
      const { status, body } = await setting(11);
      expect([status, body.detail]).toEqual([503, 'The file of the database was moved, replaced or deleted']);
      expect(await ready()).toBe(503);
      renameSync(`${path}${suffix}.away`, path + suffix);
      await isReady();
      expect((await setting(12)).status).toBe(200);
      expect(await stored()).toBe(12);
      expectOutage('database_file_lost');
    },
  );

  it('confirms no write into a file that was replaced, and notices without a request', async () => {
    begin();
    renameSync(path, `${path}.away`);
    cpSync(`${path}.away`, path);
    await eventually('the log says so', () => said().length > 0);
    expect((await setting(13)).status).toBe(503);
    renameSync(`${path}.away`, path);
    await isReady();
    expectOutage('database_file_lost');
  });

  it('is the only one on its file; commands may work beside it', async () => {
    const location = { kind: 'sqlite' as const, path };
    await expect(Database.open({ location, entities, migrations, serves: true })).rejects.toMatchObject({
      code: 'in_use',
      message: expect.stringContaining('is used by another running service'),
    });
    const command = await Database.open({ location, entities, migrations });
    expect(command.migrated).toEqual([]);
    await command.close();
    expect((await setting(14)).status).toBe(200);
  });

  (isMounted ? it : it.skip)(
    'is not ready while the disk is full, names that, and recovers by itself',
    async () => {
      begin();
      const filler = join(folder, 'filler');
      fill(filler);
      let answer = await setting(20);
      for (let value = 21; answer.status === 200; value += 1) answer = await setting(value);
      expect([answer.status, answer.body.detail]).toEqual([503, 'The disk of the database is full']);
      await isNot();
      expect((await app.get('/health')).status).toBe(200);
      rmSync(filler);
      await isReady();
      expect((await setting(99)).status).toBe(200);
      expect(await stored()).toBe(99);
      expectOutage('storage_full');
    },
  );
});

/** Writes until nothing more fits. */
function fill(file: string): void {
  const descriptor = openSync(file, 'w');
  try {
    const block = Buffer.alloc(4_096);
    while (statfsSync(folder).bavail > 0) writeSync(descriptor, block);
  } finally {
    closeSync(descriptor);
  }
}
