import { copyFileSync } from 'node:fs';
import { Client } from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FakeClock, gate, tinyPlugins } from '#libs/testing';
import { LEASE_MS } from '../../../src/app/idempotency/idempotency-key.repository.js';
import { AuditModule } from '../../../src/audit/audit.module.js';
import { ProbeController, ProbeModule } from './probe.js';
import { ADMIN_KEY, startTestApp, type AdapterName, type TestApp } from '../../harness/app.js';
import type { DatabaseKind } from '../../harness/databases.js';

/** Each database once and each HTTP library once. */
const PAIRS: readonly (readonly [DatabaseKind, AdapterName])[] = [
  ['sqlite', 'fastify'],
  ['postgres', 'express'],
];

describe.each(PAIRS)('a POST with an Idempotency-Key [%s, %s]', (database, adapter) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({
      adapter,
      database,
      plugins: tinyPlugins,
      domains: [ProbeModule, AuditModule],
    });
  }, 60_000);
  afterAll(() => app?.close());
  beforeEach(() => {
    ProbeController.made.length = 0;
    ProbeController.held = gate();
    ProbeController.entered = gate();
  });

  const order = (key: string, body: unknown = { symbol: 'AAPL' }, path = '/api/probe/orders') =>
    app.post(path, body, { headers: { 'Idempotency-Key': key } });

  it('gives the first answer again, byte for byte', async () => {
    const [first, again] = [await order('k1'), await order('k1')];
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(first.headers.get('idempotency-replayed')).toBeNull();
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(ProbeController.made).toEqual(['AAPL']);
  });

  it('keeps the answer as it was sent, not as the handler gave it', async () => {
    const path = '/api/probe/lines';
    const first = await order('k-line', { symbol: 'A', horizon: 3 }, path);
    expect(first).toMatchObject({ status: 201, body: { line_number: 3, total: 1.25 } });
    const again = await order('k-line', { symbol: 'A', horizon: 3 }, path);
    expect(again.text).toBe(first.text);
    expect([first, again].map(({ headers }) => headers.get('location'))).toEqual([
      '/api/probe/lines/3',
      '/api/probe/lines/3',
    ]);
    expect(ProbeController.made).toEqual(['line']);
  });

  it('stores answers unreadable', async () => {
    await order('k-secret', { symbol: 'HIDDEN' });
    const rows = await app.database.query<{ body: string; fingerprint: string }>(
      'SELECT * FROM idempotency_keys',
    );
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain('HIDDEN');
  });

  it('refuses another request under the same key', async () => {
    await order('k2');
    const other = await order('k2', { symbol: 'MSFT' });
    expect(other).toMatchObject({ status: 422, body: { detail: [{ type: 'idempotency_key_reused' }] } });
    expect((await order('k'.repeat(256))).status).toBe(400);
  });

  it('keeps callers apart', async () => {
    await order('k3');
    const other = await app.post(
      '/api/probe/orders',
      { symbol: 'MSFT' },
      { apiKey: ADMIN_KEY, headers: { 'Idempotency-Key': 'k3' } },
    );
    expect(other.status).toBe(201);
  });

  it('gives the key back after a failure', async () => {
    expect((await order('k4', { symbol: 'REFUSE' })).status).toBe(422);
    expect((await order('k4', { symbol: 'AAPL' })).status).toBe(201);
  });

  it('refuses a repeat while the first waits, then gives what the first was given', async () => {
    const first = order('k5', { symbol: 'WAIT' }, '/api/probe/waits');
    await ProbeController.entered.opened;
    const during = await order('k5', { symbol: 'WAIT' }, '/api/probe/waits');
    expect(during).toMatchObject({ status: 409 });
    expect(during.headers.get('retry-after')).toBe('1');
    // The writer is free during the wait: another order gets through.
    expect((await order('k6')).status).toBe(201);
    ProbeController.held.open();
    expect((await first).body).toEqual({ symbol: 'WAIT', status: 'completed' });
    expect((await order('k5', { symbol: 'WAIT' }, '/api/probe/waits')).text).toBe((await first).text);
  });

  it('is free again when the process was killed while it was at work: at the next start, or when its time is over', async () => {
    const held = order('killed', { symbol: 'HELD' });
    await ProbeController.entered.opened;
    const clock = new FakeClock(Date.now());
    const restarted = await startTestApp({
      adapter,
      clock,
      plugins: tinyPlugins,
      domains: [ProbeModule, AuditModule],
      config: { database_url: leftByKilled(app) },
    });
    try {
      ProbeController.entered = gate();
      const again = () =>
        restarted.post('/api/probe/orders', { symbol: 'HELD' }, { headers: { 'Idempotency-Key': 'killed' } });
      if (database === 'postgres') {
        expect(await again()).toMatchObject({
          status: 409,
          body: { type: expect.stringContaining('idempotency-in-progress') },
        });
        await clock.advance(LEASE_MS);
      }
      const repeat = again();
      await ProbeController.entered.opened;
      ProbeController.held.open();
      expect((await repeat).status).toBe(201);
      // Of two that were at work only one can count; a copy of the file has only one.
      expect((await held).status).toBe(database === 'postgres' ? 409 : 201);
    } finally {
      await restarted.close();
    }
  });

  it('does it once when 10 arrive together', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => order('k7')));
    expect(ProbeController.made).toEqual(['AAPL']);
    expect(answers.every(({ status }) => status === 201 || status === 409)).toBe(true);
  });

  // with SQLite a request's own transaction keeps every other program out
  if (database === 'sqlite') return;
  it('is free again soon after an outage in which it could not be given back', async () => {
    const held = order('away', { symbol: 'HELD' });
    await ProbeController.entered.opened;
    const back = await takenAway(app);
    ProbeController.held.open();
    expect((await held).status).toBe(503);
    await back();
    await eventually(
      'a repeat is made',
      async () => (await order('away', { symbol: 'HELD' })).status === 201,
      LEASE_MS / 2,
    );
    expect(ProbeController.made).toEqual(['HELD', 'HELD']);
  });
});

/** Cuts every connection, open transactions with them, and lets nobody in until the function that it returns is called. */
async function takenAway({ database: { location } }: TestApp): Promise<() => Promise<void>> {
  if (location.kind === 'sqlite') throw new Error('only a server can be taken away');
  const server = new URL(location.url);
  const name = server.pathname.slice(1);
  server.pathname = '/postgres';
  const client = new Client({ connectionString: server.href });
  await client.connect();
  // who connects between the two statements is in the way of the second one
  await eventually('nobody is connected', async () => {
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [name]);
    return client.query(`ALTER DATABASE ${name} RENAME TO ${name}_away`).then(
      () => true,
      (error: { code?: string }) => {
        if (error.code !== '55006') throw error;
        return false;
      },
    );
  });
  return async () => {
    await client.query(`ALTER DATABASE ${name}_away RENAME TO ${name}`);
    await client.end();
  };
}

/** The database as a process leaves it that is killed at this moment: on SQLite a copy of its files. */
function leftByKilled({ database: { location } }: TestApp): string {
  if (location.kind === 'postgres') return location.url;
  const copy = `${location.path}.copy`;
  for (const suffix of ['', '-wal']) copyFileSync(`${location.path}${suffix}`, `${copy}${suffix}`);
  return `sqlite:///${copy}`;
}
