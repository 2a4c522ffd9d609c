import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { hash } from '@node-rs/bcrypt';
import { loadConfig, parseCommandLine } from '#libs/config';
import { HttpClient } from '#libs/testing';
import { importOriginal } from '../../../src/app/commands/import.js';
import { verifyAudit, verifyBilling } from '../../../src/app/commands/verify.js';
import { startServer, type RunningServer } from '../../../src/app/server.js';
import { describeOnDatabases } from '../../harness/databases.js';
import { writeOriginal } from '../../harness/original-database.js';
import { runFolder } from '../../harness/test-resources.js';

const PASSWORD = 'pässword-of-old';
const sha256 = (text: string): string => createHash('sha256').update(text, 'utf8').digest('hex');
const AT = '2024-01-02 03:04:05.123456';
const JOB = '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11';

const user = (
  id: number,
  username: string,
  role: number,
  more: Record<string, string | number | null> = {},
) => ({
  id,
  username,
  email: `${username.slice(0, 40)}@example.com`,
  hashed_password: sha256(PASSWORD),
  hashed_api_key: sha256(`key-of-${username}`),
  is_active: 1,
  created_at: AT,
  last_login: null,
  role_id: role,
  ...more,
});

const COMPUTED = JSON.stringify({
  request: { symbol: 'AAPL', horizons: [1, 2] },
  output: { mode: 'ideal_future_baseline', predictions: [2.5, null], uncertainty: [0, null] },
});

const prediction = (id: number, more: Record<string, string | number | null> = {}) => ({
  id,
  task_id: `task-${id}`,
  user_id: 11,
  timestamp: AT,
  status: 'completed',
  symbol: 'AAPL',
  interval: '1h',
  predictor_plugin: 'default_predictor',
  feeder_plugin: 'default_feeder',
  pipeline_plugin: 'default_pipeline',
  prediction_type: 'short_term',
  ticker: 'AAPL',
  result: JSON.stringify({ note: 'of "NaN" old' }),
  prediction: '[1.5, NaN]',
  uncertainty: '[0.1, 0.2]',
  ...more,
});

const bill = (id: number, cost: number, more: Record<string, string | number | null> = {}) => ({
  id,
  client_id: 11,
  provider_id: 12,
  prediction_id: null,
  cost,
  currency: 'USD',
  description: `Bill ${id}`,
  timestamp: AT,
  ...more,
});

const price = (id: number, amount: number, active: number) => ({
  id,
  provider_id: 12,
  model_name: 'lstm',
  price_per_request: amount,
  currency: 'USD',
  is_active: active,
  created_at: AT,
  updated_at: AT,
});

const rowsOfOld = async () => ({
  roles: ['admin', 'client', 'provider', 'trader'].map((name, at) => ({
    id: at + 1,
    name,
    permissions: '{}',
    created_at: AT,
  })),
  users: [
    user(11, 'ann', 2, { hashed_password: await hash(PASSWORD, { cost: 4 }) }),
    user(12, 'bob', 3),
    user(13, 'cat', 4, { hashed_password: 'pbkdf2:unknown', hashed_api_key: 'plain-text' }),
    user(14, 'idle', 2, { is_active: 0 }),
    user(15, 'long'.repeat(20), 2),
    user(16, 'mail-less', 2, { email: '' }),
    user(17, 'bell\u0007', 2),
  ],
  predictions: [
    prediction(1),
    prediction(2, { status: 'pending', prediction: null }),
    prediction(3, { user_id: 15 }),
    prediction(5, { result: '{broken' }),
    prediction(4, { task_id: null, status: 'failed' }),
    // as the original leaves them: the numbers stand in the output alone
    prediction(6, { result: COMPUTED, prediction: null, uncertainty: null }),
    prediction(7, { result: `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}` }),
    prediction(8, { symbol: 'A\0PL' }),
  ],
  prediction_jobs: [
    {
      id: JOB,
      user_id: 11,
      ticker: 'MSFT',
      model_name: 'lstm',
      status: 'completed',
      request_payload: '{"interval":"1d","symbol":"MSFT"}',
      result: '{"predictions":[7],"uncertainties":[1]}',
      created_at: AT,
      updated_at: AT,
    },
  ],
  provider_pricing: [price(1, 4, 1), price(2, 5.25, 1), price(3, 6, 0)],
  billing_records: [bill(1, 5.25), bill(2, 0.1), bill(3, 0), bill(4, 2, { client_id: 15 })],
  user_sessions: [
    {
      id: 's',
      user_id: 11,
      ip_address: '::1',
      created_at: AT,
      last_activity: AT,
      expires_at: AT,
      is_active: 1,
    },
  ],
});

describeOnDatabases('import', (database) => {
  const folder = mkdtempSync(join(runFolder(), 'import-'));
  const original = join(folder, 'prediction_provider.db');
  const bytes = (): string => sha256(readFileSync(original, 'latin1')) + readdirSync(folder).join();
  const configOf = (flags: Record<string, unknown> = {}, serving = false) => {
    const { location } = database();
    const database_url = location.kind === 'sqlite' ? `sqlite:///${location.path}` : location.url;
    return loadConfig({
      argv: [],
      env: {},
      serving,
      flags: {
        database_url,
        secret_key: 'a-secret-of-the-tests-that-nobody-keeps',
        password_hash_cost: 4,
        ...flags,
      },
    });
  };
  /** What a command prints. */
  const printed = async (work: () => Promise<number>): Promise<string> => {
    const lines: string[] = [];
    const write = process.stdout.write;
    process.stdout.write = (text: string | Uint8Array) => lines.push(String(text)) > 0;
    try {
      expect(await work()).toBe(0);
    } finally {
      process.stdout.write = write;
    }
    return lines.join('');
  };
  const runImport = (flags: Record<string, unknown> = {}) =>
    printed(() => importOriginal(configOf(flags), parseCommandLine(['import', original])));
  const counts = async () =>
    Promise.all(
      ['users', 'predictions', 'provider_pricing', 'transactions', 'transaction_entries'].map(
        async (table) => {
          const [row] = await database().query<{ n: number | string }>(`SELECT COUNT(*) AS n FROM ${table}`);
          return Number(row?.n);
        },
      ),
    );
  const REPORT = [
    'users: 4 taken',
    '  1 skipped: "longlonglonglonglonglonglonglonglonglonglonglonglo" is longer than 50 characters, not printable, or has blanks around it',
    '  1 skipped: "mail-less" has no e-mail address',
    '  1 skipped: "bell\\u0007" is longer than 50 characters, not printable, or has blanks around it',
    'API keys: 3 taken',
    '  1 skipped: that of "cat" is not stored as SHA-256',
    'predictions: 3 taken',
    '  1 skipped: it was not finished; ask again',
    '  1 skipped: its owner was not taken',
    '  1 skipped: a part of it is no JSON',
    '  1 skipped: a part of it is nested deeper than 64 levels',
    '  1 skipped: a text of it holds a zero character',
    'marketplace orders (as predictions): 1 taken',
    'provider prices: 1 taken',
    '  2 skipped: no longer in force',
    'billing records: 2 taken',
    '  1 skipped: the cost is 0',
    '  1 skipped: client or provider was not taken',
    'user_sessions: 0 taken',
    '  1 skipped: everyone logs in again',
    'note: the role "trader" of "cat" does not exist here; the account is a guest',
    'note: the password of "cat" is stored in a form that cannot be checked; set one: users reset-password cat',
    'note: there is no active administrator: users create NAME --email ADDRESS --role administrator',
    'note: the service deletes predictions 30 days after their end, so some of these at its start; prediction_history_days: 0 keeps them',
  ];
  let before = '';
  beforeAll(async () => {
    writeOriginal(original, await rowsOfOld());
    before = bytes();
  });

  it('says what it would take and writes nothing in a dry run', async () => {
    const said = await runImport({ dry_run: true });
    expect(said.trim().split('\n')).toEqual(['Dry run, nothing was written:', ...REPORT]);
    expect(await counts()).toEqual([0, 0, 0, 0, 0]);
    const fresh = join(folder, 'fresh.db');
    await runImport({ dry_run: true, database_url: `sqlite:///${fresh}` });
    expect(existsSync(fresh)).toBe(false);
  });

  it('takes everything once, however often it runs, and leaves the original as it is', async () => {
    const said = await runImport();
    expect(said.trim().split('\n').slice(1)).toEqual(REPORT);
    expect(await counts()).toEqual([4, 4, 1, 4, 8]);
    const again = await runImport();
    expect(again).toContain('users: 0 taken, 4 already here');
    expect(again).toContain('predictions: 0 taken, 3 already here');
    expect(again).toContain('provider prices: 0 taken, 1 already here');
    expect(again).toContain('billing records: 0 taken, 2 already here');
    expect(await counts()).toEqual([4, 4, 1, 4, 8]);
    expect(bytes()).toBe(before);
  });

  it('leaves books and an audit log that can be verified', async () => {
    expect(await printed(() => verifyBilling(configOf(), parseCommandLine([])))).toContain(
      'The books add up: 4 ',
    );
    expect(await printed(() => verifyAudit(configOf(), parseCommandLine([])))).toContain('is unaltered');
  });

  describe('with the service on the new database', () => {
    let server: RunningServer;
    let client: HttpClient;
    beforeAll(async () => {
      server = await startServer(
        configOf({ port: 0, prediction_history_days: 0, environment: 'test', log_level: 'ERROR' }, true),
        { logStream: { write: () => undefined } },
      );
      client = new HttpClient(server.url);
    });
    afterAll(() => server.stop());

    it('lets people in with their old passwords, which are hashed anew', async () => {
      for (const username of ['ann', 'bob']) {
        const login = (password: string) => client.post('/api/v1/auth/login', { username, password });
        expect((await login('wrong')).status).toBe(401);
        expect((await login(sha256(PASSWORD))).status).toBe(401);
        expect((await login(PASSWORD)).status).toBe(200);
        const [row] = await database().query<{ hashed_password: string }>(
          `SELECT hashed_password FROM users WHERE username = '${username}'`,
        );
        expect(row?.hashed_password).toMatch(/^sha256:\$2b\$/);
        expect((await login(PASSWORD)).status).toBe(200);
      }
      expect((await client.post('/api/v1/auth/login', { username: 'cat', password: PASSWORD })).status).toBe(
        401,
      );
    });

    it('serves old API keys, predictions with their results, and the history of money', async () => {
      const asAnn = { headers: { 'X-API-KEY': 'key-of-ann' } };
      const list = await client.get('/api/v1/predictions/', asAnn);
      expect(list.status).toBe(200);
      expect(list.body).toMatchObject([
        {
          task_id: 'task-1',
          symbol: 'AAPL',
          result: { note: 'of "NaN" old', prediction: [1.5, null], uncertainty: [0.1, 0.2] },
        },
        { status: 'failed' },
        { task_id: 'task-6', result: { prediction: [2.5, null], uncertainty: [0, null] } },
        {
          task_id: JOB,
          symbol: 'MSFT',
          predictor_plugin: 'default_predictor',
          model_name: 'lstm',
          result: { prediction: [7] },
        },
      ]);
      const idle = await client.get('/api/v1/predictions/', { headers: { 'X-API-KEY': 'key-of-idle' } });
      expect(idle.status).toBe(403);
      const balance = await client.get('/api/v1/billing/balance', { headers: { 'X-API-KEY': 'key-of-bob' } });
      expect(balance.body).toMatchObject({ balances: [{ currency: 'USD', available: 0, earned: 5.35 }] });
    });
  });
});
