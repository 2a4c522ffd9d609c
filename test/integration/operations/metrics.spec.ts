import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SERIES, type SeriesDeclaration } from '#libs/telemetry';
import { eventually } from '#libs/testing';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { monitoringQueries, seriesOf } from '../../harness/monitoring.js';
import { type Account, Accounts } from '../../security/accounts.js';

const DATA = resolve('examples/data/synthetic_fx_1h_2023.csv');
const LAST_BAR = Date.parse('2023-12-31T23:00:00Z') / 1000;

/** Files of brokers and spreadsheets by their symbols: the last bar, its close, and codes that are noted. */
const ODD: Readonly<Record<string, { text: string; bar: string; close: number; notes: readonly string[] }>> =
  {
    EXCEL: {
      text: '\ufeffsep=;\r\nDatum;Schluss;Volumen\r\n30.01.2024;1.235,50;1.200\r\n31.01.2024;1.240,25;\r\n',
      bar: '2024-01-31T00:00:00Z',
      close: 1240.25,
      notes: ['format'],
    },
    NEWEST: {
      text: 'Date,Time,Close\n01/31/2024,3:00 PM,2.5\n01/31/2024,2:00 PM,1.5\n01/31/2024,1:00 PM,1.4\n',
      bar: '2024-01-31T15:00:00Z',
      close: 2.5,
      notes: ['format'],
    },
    TOTALS: {
      text: 'Date,Close,Who\n2024-01-30,"1,000.5",A\n2024-01-31,"1,002.5",A\nTotal,,\n',
      bar: '2024-01-31T00:00:00Z',
      close: 1002.5,
      notes: ['bad_rows', 'ignored_columns'],
    },
    UNITS: {
      text: 'time,close\n1706572800,1.4\n1706576400000,1.5\n1706580000,1.6\n',
      bar: '2024-01-30T02:00:00Z',
      close: 1.6,
      notes: ['format'],
    },
    NEWYORK: {
      text: 'Timezone: America/New_York\nDate,Close\n2024-01-30 09:30,1.5\n2024-01-30 09:31,2.5\n',
      bar: '2024-01-30T14:31:00Z',
      close: 2.5,
      notes: ['time_zone'],
    },
  };

describe.each(DATABASE_KINDS)('what /metrics tells [%s]', (database) => {
  let app: TestApp;
  let client: Account;
  const odd = mkdtempSync(join(tmpdir(), 'odd-'));
  beforeAll(async () => {
    for (const [symbol, { text }] of Object.entries(ODD)) writeFileSync(join(odd, `${symbol}.csv`), text);
    app = await startTestApp({
      database,
      config: {
        data_source: 'file',
        data_file_path: DATA,
        data_files: Object.fromEntries(
          Object.keys(ODD).map((symbol) => [symbol, join(odd, `${symbol}.csv`)]),
        ),
        predictor_plugin: 'random_walk_predictor',
        database_pool_size: 3,
        database_max_overflow: 2,
        audit_seal_seconds: 0.1,
        job_sweep_seconds: 60,
      },
    });
    client = await new Accounts(app).make('client');
  });
  afterAll(async () => {
    await app.close();
    rmSync(odd, { recursive: true, force: true });
  });

  const ask = (body: object): Promise<{ readonly status: number }> =>
    app.post('/api/v1/predictions', body, { apiKey: client.apiKey, headers: { Prefer: 'wait=20' } });

  /** Values by series with labels. */
  async function values(): Promise<ReadonlyMap<string, number>> {
    const lines = (await app.get('/metrics')).text.split('\n').filter((line) => /^[a-z]/.test(line));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]),
    );
  }

  it('counts predictions by predictor and result, their stages, jobs, and the age of the data', async () => {
    expect((await ask({ symbol: 'SYNTHFX', interval: '1h' })).status).toBe(201);
    expect(
      (await ask({ symbol: 'SYNTHFX', interval: '1h', baseline_datetime: '1999-01-01T00:00:00Z' })).status,
    ).toBe(201);
    const told = await values();
    expect(told.get('predictions_total{plugin="random_walk_predictor",result="completed"}')).toBe(1);
    expect(told.get('predictions_total{plugin="random_walk_predictor",result="no_data"}')).toBe(1);
    expect(told.get('predictions{status="completed"}')).toBe(1);
    expect(told.get('predictions{status="failed"}')).toBe(1);
    for (const stage of ['queued', 'fetch', 'predict', 'total'])
      expect([stage, told.get(`prediction_stage_seconds_count{stage="${stage}"}`)]).toEqual([stage, 1]);
    expect(told.get('job_runs_total{kind="core_prediction",outcome="failed"}')).toBe(1);
    // a quick answer to a caller who waits is no job
    const completed = told.get('job_runs_total{kind="core_prediction",outcome="completed"}') ?? 0;
    expect(told.get('job_wait_seconds_count{kind="core_prediction"}')).toBe(1 + completed);
    expect(
      told.get('data_newest_bar_timestamp_seconds{feeder="default_feeder",symbol="SYNTHFX",interval="1h"}'),
    ).toBe(LAST_BAR);
  });

  it('tells what the database holds: balances, orders, waiting jobs, expired leases', async () => {
    const credit = { user_id: client.id, amount: 12.5, currency: 'EUR' };
    expect((await app.post('/api/v1/admin/credits', credit, { apiKey: ADMIN_KEY })).status).toBe(201);
    const before = await values();
    expect(before.get('ledger_balance{account="available",currency="EUR"}')).toBe(12.5);
    expect(
      [...before]
        .filter(([name]) => name.includes('currency="EUR"'))
        .reduce((sum, [, value]) => sum + value, 0),
    ).toBe(0);
    expect(before.get('leases_expired{of="jobs"}')).toBe(0);
    const [past, future] = [new Date(Date.now() - 90_000), new Date(Date.now() + 600_000)].map((at) =>
      at.toISOString(),
    );
    await app.database.run(async ({ manager }) => {
      const job = (id: string, status: string, due: string, lease: string): string =>
        `('${id}', 'spec', '${id}', '${status}', '${due}', ${lease}, 1, 1, 3, '${past}', '${past}')`;
      await manager.query(
        `INSERT INTO jobs (id, kind, subject, status, run_at, lease_holder, lease_expires_at, lease_epoch, attempts, max_attempts, created_at, updated_at)
         VALUES ${[
           job('1', 'queued', String(past), 'NULL, NULL'),
           job('2', 'queued', String(future), 'NULL, NULL'),
           job('3', 'running', String(past), `'gone', '${past}'`),
           job('4', 'running', String(past), `'here', '${future}'`),
         ].join(', ')}`,
      );
    });
    const told = await values();
    const ofJobs = ['queued', 'planned', 'running'].map((status) =>
      told.get(`jobs{kind="spec",status="${status}"}`),
    );
    expect(ofJobs).toEqual([1, 1, 2]);
    expect(told.get('jobs_oldest_wait_seconds{kind="spec"}')).toBeGreaterThanOrEqual(90);
    expect(told.get('leases_expired{of="jobs"}')).toBe(1);
    expect(told.get('leases_expired{of="orders"}')).toBe(0);
  });

  it('tells how far the seals are, the pool, and what runs', async () => {
    await eventually('everything is sealed', async () => {
      const told = await values();
      return (
        told.get('seal_lag_seconds{chain="audit"}') === 0 && (told.get('sealed_rows{chain="audit"}') ?? 0) > 0
      );
    });
    const told = await values();
    const build = [...told].filter(([name]) => name.startsWith('prediction_provider_build_info'));
    expect(build).toEqual([[expect.stringContaining(`database="${database}"`), 1]]);
    expect(told.get('database_connections_limit')).toBe(database === 'postgres' ? 5 : undefined);
    expect((told.get('database_connections{state="idle"}') ?? 0) > 0).toBe(database === 'postgres');
  });

  it('is the declared series with their declared labels, and Node’s own', async () => {
    const { text } = await app.get('/metrics');
    const types = new Map(
      [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
    );
    for (const [name, { type, labels }] of Object.entries<SeriesDeclaration>(SERIES)) {
      expect([name, types.get(name)]).toEqual([name, type]);
      const [line] = new RegExp(`^${name}(?:_count)?\\{(.*)\\}`, 'm').exec(text)?.slice(1) ?? [];
      if (line === undefined) continue;
      expect([...line.matchAll(/(\w+)="/g)].map(([, label]) => label)).toEqual([...labels]);
    }
    const unknown = monitoringQueries().flatMap(({ from, query }) =>
      seriesOf(query)
        .filter(({ name, labels }) => !isTold(types, name, labels))
        .map(({ name, labels }) => `${from}: ${name}{${labels.join()}}`),
    );
    expect(unknown).toEqual([]);
    expect(monitoringQueries().length).toBeGreaterThan(50);
    const others = [...types.keys()].filter((name) => !(name in SERIES));
    expect(others.filter((name) => !/^(?:nodejs|process)_/.test(name))).toEqual([]);
  });

  it.each(Object.entries(ODD))(
    'counts the notes of a forecast from an odd file, which begins at its right bar: %s',
    async (symbol, { bar, close, notes }) => {
      const { status, body } = await app.post(
        '/api/v1/predictions',
        { symbol },
        { apiKey: client.apiKey, headers: { Prefer: 'wait=20' } },
      );
      expect(status).toBe(201);
      expect(body).toMatchObject({
        status: 'completed',
        result: {
          output: { predictions: expect.arrayContaining([expect.closeTo(close, 6)]) },
          explanation: { source: { baseline_bar: bar } },
        },
      });
      const told = await values();
      for (const code of [...notes, 'stale'])
        expect([code, told.get(`data_notes_total{code="${code}"}`)]).toEqual([code, expect.any(Number)]);
    },
  );
});

/** Labels that Prometheus gives to what it has scraped. */
const SCRAPED = ['instance', 'job'];

/** Whether a query finds this series with these labels. */
function isTold(types: ReadonlyMap<string, string>, asked: string, labels: readonly string[]): boolean {
  const name = types.has(asked) ? asked : asked.replace(/_(?:bucket|sum|count)$/, '');
  const type = types.get(name);
  if (type === undefined || (name !== asked) !== (type === 'histogram')) return false;
  const declared: readonly string[] = SERIES[name as keyof typeof SERIES]?.labels ?? [];
  const known = [...declared, ...SCRAPED, ...(type === 'histogram' ? ['le'] : [])];
  return labels.every((label) => known.includes(label));
}
