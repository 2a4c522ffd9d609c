import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FakeClock, type HttpAnswer } from '#libs/testing';
import { decodePng } from '../unit/forecast-chart/png.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../harness/app.js';
import { DATABASE_KINDS } from '../harness/databases.js';

/** A Wednesday. */
const NOON = Date.UTC(2026, 0, 14, 12);
const DAY = 86_400_000;

/**
 * The whole story of one request, over HTTP only: everybody who takes part calls as they would from Swagger UI. Each step
 * stands on the ones before it.
 */
describe.each(DATABASE_KINDS)('an order on the marketplace [%s]', (database) => {
  let app: TestApp;
  let clock: FakeClock;
  const keys = { administrator: ADMIN_KEY, provider: '', client: '', evaluator: '' };
  const ids = { provider: 0, client: 0, evaluator: 0, request: '', invoice: 0 };
  let quoted = 0;
  let epoch = 0;

  beforeAll(async () => {
    clock = new FakeClock(NOON);
    app = await startTestApp({
      database,
      clock,
      config: {
        data_source: 'file',
        data_files: { SP: resolve('examples/data/sp500_daily_2000-2020.csv') },
        billing_mode: 'prepaid',
      },
    });
  });
  afterAll(() => app.close());

  const call = async (
    who: keyof typeof keys,
    method: string,
    path: string,
    body?: unknown,
  ): Promise<HttpAnswer> => {
    const answer = await app.request(method, `/api/v1${path}`, {
      apiKey: keys[who],
      ...(body !== undefined && { body }),
    });
    expect([200, 201]).toContain(answer.status);
    return answer;
  };
  const earned = async (who: 'provider' | 'evaluator'): Promise<number> => {
    const { body } = await call(who, 'GET', '/billing/balance');
    return (body.balances as { earned_micros: number }[])[0]?.earned_micros ?? 0;
  };
  const REQUEST = {
    symbol: 'SP',
    prediction_type: 'short_term',
    datetime_requested: new Date(NOON + 2 * DAY).toISOString(),
    interval: '1d',
    prediction_horizon: 3,
    priority: 8,
  };

  it('begins with accounts that an administrator makes, and a top-up', async () => {
    for (const role of ['provider', 'client', 'evaluator'] as const) {
      const made = await call('administrator', 'POST', '/admin/users', {
        username: `the_${role}`,
        email: `${role}@example.com`,
        role,
      });
      keys[role] = made.body.api_key;
      ids[role] = made.body.id;
      await call('administrator', 'POST', `/admin/users/the_${role}/activate`);
    }
    await call('administrator', 'POST', '/admin/credits', { user_id: ids.client, amount: 20 });
  });

  it('has a price, and a quote that says how it comes about', async () => {
    await call('provider', 'POST', '/provider/pricing', {
      model_name: 'default_predictor',
      price_per_request: 3.333333,
    });
    const { body } = await call('client', 'POST', '/client/quote', REQUEST);
    quoted = body.estimated_cost_micros;
    expect(quoted).toBe(Math.round(3_333_333 * 1.25));
    expect(body).toMatchObject({ provider_id: ids.provider, multipliers: [{ reason: 'priority' }] });
  });

  it('holds exactly the quote when it is submitted', async () => {
    const { body } = await call('client', 'POST', '/client/predict', REQUEST);
    ids.request = body.id;
    expect(body).toMatchObject({ status: 'pending', queue_position: 1 });
    const balance = await call('client', 'GET', '/billing/balance');
    const [usd] = balance.body.balances as { available_micros: number; held_micros: number }[];
    expect(usd).toMatchObject({ held_micros: quoted, available_micros: 20_000_000 - quoted });
    expect(body.estimated_cost).toBe(Math.round(quoted / 10_000) / 100);
  });

  it('is claimed by one evaluator, who says how far the work is', async () => {
    const pending = await call('evaluator', 'GET', '/evaluator/pending');
    expect(pending.body).toMatchObject({ total_pending: 1, pending_requests: [{ id: ids.request }] });
    const claim = await call('evaluator', 'POST', `/evaluator/claim/${ids.request}`, {});
    epoch = claim.body.lease_epoch;
    expect(claim.body.processing_details).toMatchObject({ symbol: 'SP', prediction_horizon: 3 });
    await call('evaluator', 'PUT', `/evaluator/progress/${ids.request}`, {
      lease_epoch: epoch,
      progress_percentage: 40,
      current_step: 'computing',
    });
    const seen = await call('client', 'GET', `/client/predictions/${ids.request}`);
    expect(seen.body).toMatchObject({
      status: 'processing',
      progress: { percentage: 40, current_step: 'computing' },
      evaluator_info: { username: 'the_evaluator' },
    });
  });

  it('is settled when the answer comes: what is spent is what was earned', async () => {
    clock.jump(10 * 60_000);
    const { body } = await call('evaluator', 'POST', `/evaluator/submit/${ids.request}`, {
      lease_epoch: epoch,
      predictions: [2880, 2885, 2890],
      uncertainties: [30, 42, 52],
      confidence_intervals: { lower_95: [2821, 2803, 2788], upper_95: [2939, 2967, 2992] },
      model_metadata: { model: 'by hand' },
      processing_log: 'looked at the chart',
    });
    expect(body.result_hash).toMatch(/^[0-9a-f]{64}$/);
    const spend = await call('client', 'GET', '/client/spend');
    const spent = (spend.body.currencies as { total_spent_micros: number }[])[0]?.total_spent_micros;
    expect(spent).toBe(quoted);
    const [fees] = await app.database.query<{ readonly total: number | string }>(
      "SELECT SUM(amount_micros) AS total FROM transaction_entries WHERE kind = 'fees'",
    );
    const [evaluator, provider] = [await earned('evaluator'), await earned('provider')];
    expect(evaluator + provider + Number(fees?.total)).toBe(quoted);
    expect(evaluator).toBeGreaterThan(Math.floor(quoted * 0.7));
    expect(evaluator).toBeLessThanOrEqual(Math.ceil(quoted * 0.77));
    const provided = await call('provider', 'GET', '/provider/earnings');
    expect(provided.body.currencies[0].total_earnings_micros).toBe(provider);
    const stats = await call('evaluator', 'GET', '/evaluator/stats');
    expect(stats.body.performance_summary).toMatchObject({
      total_completed: 1,
      success_rate: 1,
      average_processing_time: 10,
      total_earnings: Math.round(evaluator / 10_000) / 100,
    });
    const balance = await call('client', 'GET', '/billing/balance');
    expect(balance.body.balances[0]).toMatchObject({ held_micros: 0, available_micros: 20_000_000 - quoted });
  });

  it('leaves files that hold what they say', async () => {
    const seen = await call('client', 'GET', `/client/predictions/${ids.request}`);
    expect(seen.body).toMatchObject({ status: 'completed', result: { predictions: [2880, 2885, 2890] } });
    const download = async (name: string): Promise<Buffer> => {
      const path = `/api/v1/client/predictions/${ids.request}/download/${name}`;
      const response = await app.fetch('GET', path, { apiKey: keys.client });
      expect(response.status).toBe(200);
      return Buffer.from(await response.arrayBuffer());
    };
    const csv = (await download('results.csv')).toString('utf8').trim().split(/\r?\n/);
    const columns = csv[0]?.split(',') ?? [];
    expect(csv).toHaveLength(4);
    expect(csv[3]?.split(',')[columns.indexOf('prediction')]).toBe('2890');
    const { width, height } = decodePng(await download('plot.png'));
    expect([width >= 600, height >= 300]).toEqual([true, true]);
    const metadata = JSON.parse((await download('metadata.json')).toString('utf8')) as Record<
      string,
      unknown
    >;
    expect(metadata).toMatchObject({ prediction_id: ids.request, status: 'completed' });
    expect((await download('logs.txt')).toString('utf8')).toContain('looked at the chart');
    const kept = await app.database.query<{ readonly file_name: string; readonly file_hash: string }>(
      `SELECT file_name, file_hash FROM prediction_files WHERE prediction_id = '${ids.request}'`,
    );
    for (const { file_name, file_hash } of kept) {
      expect(
        createHash('sha256')
          .update(await download(file_name))
          .digest('hex'),
      ).toBe(file_hash);
    }
    expect(kept).toHaveLength(4);
  });

  it('stands on the invoice of its month', async () => {
    clock.jump(20 * DAY);
    const issued = await call('administrator', 'POST', '/admin/invoices', { month: '2026-01' });
    expect(issued.body).toMatchObject({ month: '2026-01', issued: 1 });
    const { body } = await call('client', 'GET', '/client/invoices');
    ids.invoice = body[0].id;
    expect(body[0]).toMatchObject({ invoice_number: 'INV-202601-000001', total_amount_micros: quoted });
    const pdf = await app.fetch('GET', `/api/v1/client/invoices/${ids.invoice}/invoice.pdf`, {
      apiKey: keys.client,
    });
    expect(
      Buffer.from(await pdf.arrayBuffer())
        .subarray(0, 5)
        .toString(),
    ).toBe('%PDF-');
    const summary = await call('administrator', 'GET', '/admin/billing/summary?days=60');
    expect(summary.body.currencies[0].total_revenue_micros).toBe(quoted);
  });

  it('has an audit row for every step', async () => {
    const rows = await app.database.query<{
      readonly endpoint: string;
      readonly method: string;
      readonly user_id: number;
      readonly response_status_code: number;
    }>('SELECT endpoint, method, user_id, response_status_code FROM api_logs ORDER BY id');
    const by = (user: number, method: string, endpoint: string) =>
      rows.filter(
        (row) =>
          Number(row.user_id) === user &&
          row.method === method &&
          row.endpoint === `/api/v1${endpoint}` &&
          row.response_status_code < 300,
      ).length;
    const { provider, client, evaluator, request } = ids;
    expect({
      price: by(provider, 'POST', '/provider/pricing'),
      quote: by(client, 'POST', '/client/quote'),
      submit: by(client, 'POST', '/client/predict'),
      claim: by(evaluator, 'POST', `/evaluator/claim/${request}`),
      progress: by(evaluator, 'PUT', `/evaluator/progress/${request}`),
      answer: by(evaluator, 'POST', `/evaluator/submit/${request}`),
      csv: by(client, 'GET', `/client/predictions/${request}/download/results.csv`),
      invoice: by(client, 'GET', `/client/invoices/${ids.invoice}/invoice.pdf`),
    }).toEqual({ price: 1, quote: 1, submit: 1, claim: 1, progress: 1, answer: 1, csv: 2, invoice: 1 });
  });
});
