import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { isPostgres, runSql } from '#libs/database';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS, type DatabaseKind } from '../../harness/databases.js';

/** Ids that need 34 bits. */
const BEYOND = 10_000_000_000;
const NUMBERED = [
  'api_logs',
  'audit_seals',
  'events',
  'predictions',
  'figure_changes',
  'prediction_claims',
  'transactions',
  'ledger_seals',
  'quotes',
  'credits',
  'billing_records',
];

/** Lets the database give ids beyond 32 bits from now on. */
const goBeyond = (app: TestApp): Promise<void> =>
  app.database.run(async (tx) => {
    for (const table of NUMBERED) {
      if (isPostgres(tx)) {
        await runSql(tx, `SELECT setval('${table}_id_seq', ?)`, [BEYOND]);
        continue;
      }
      await runSql(tx, 'DELETE FROM sqlite_sequence WHERE name = ?', [table]);
      await runSql(tx, 'INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)', [table, BEYOND]);
    }
  });

describe.each(DATABASE_KINDS)('ids beyond 32 bits [%s]', (database: DatabaseKind) => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ database, seed: goBeyond });
  }, 30_000);
  afterAll(() => app.close());

  it('are numbers of predictions, of their steps and of audited requests', async () => {
    const { body: made } = await app.post('/api/v1/predict', { symbol: 'AAPL' });
    expect(made.id).toBeGreaterThan(BEYOND);
    const path = `/api/v1/predictions/${made.id}`;
    await expect(app.get(path)).resolves.toMatchObject({ status: 200, body: { id: made.id } });
    await expect(app.get(`/status/${made.id}`)).resolves.toMatchObject({ status: 200 });
    const steps = await (await app.fetch('GET', `${path}/events`)).text();
    const [first, ...later] = [...steps.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(first).toBeGreaterThan(BEYOND);
    const resumed = await app.fetch('GET', `${path}/events`, { headers: { 'Last-Event-ID': String(first) } });
    const left = [...(await resumed.text()).matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id));
    expect(left).toEqual(later);
    const { body: log } = await app.get('/api/v1/admin/logs', { apiKey: ADMIN_KEY });
    expect(log.logs[0].id).toBeGreaterThan(BEYOND);
    await expect(app.request('DELETE', path)).resolves.toMatchObject({ status: 200 });
  });

  it('are numbers of money that moves', async () => {
    const given = { user_id: 1, amount: 7 };
    const { status, body } = await app.post('/api/v1/admin/credits', given, { apiKey: ADMIN_KEY });
    expect({ status, id: body.id > BEYOND }).toEqual({ status: 201, id: true });
    const { body: own } = await app.get('/api/v1/billing/credits', { apiKey: ADMIN_KEY });
    expect(JSON.stringify(own)).toContain(String(body.id));
  });

  it.each(['9007199254740991', '9007199254740992', '9223372036854775807', '9223372036854775808'])(
    'are nothing’s when no row has them: %s',
    async (id) => {
      const statuses = await Promise.all(
        [`/api/v1/predictions/${id}`, `/api/v1/predictions/${id}/events`, `/status/${id}`].map(
          async (path) => (await app.get(path)).status,
        ),
      );
      expect(statuses).toEqual([404, 404, 404]);
    },
  );
});
