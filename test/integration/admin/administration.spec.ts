import { runSql } from '#libs/database';
import { ConfiguredPredictor, PluginRegistry } from '#libs/plugin-host';
import { eventually, FakeClock, tinyPlugins } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RuntimeSettings } from '../../../src/settings/runtime-settings.port.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

const HOUR_MS = 3_600_000;
const PREDICTOR = 'random_walk_predictor';

describe.each(DATABASE_KINDS)('administration [%s]', (kind) => {
  const clock = new FakeClock(Date.UTC(2026, 0, 14, 12));
  let app: TestApp;
  beforeAll(async () => {
    const config = { swagger: false, max_concurrent_predictions: 7, job_history_days: 3 };
    app = await startTestApp({ database: kind, plugins: tinyPlugins, config, clock });
  }, 60_000);
  afterAll(() => app.close());

  const admin = { apiKey: ADMIN_KEY };
  const get = async (path: string) => (await app.get(`/api/v1/admin/${path}`, admin)).body;
  const change = (body: unknown) => app.post('/api/v1/admin/config', body, admin);
  const settings = (): RuntimeSettings => app.app.get<RuntimeSettings>(RuntimeSettings, { strict: false });

  /** A core prediction as the predictions' own services leave it; times in hours before now. */
  const prediction = (
    status: string,
    hours: { created: number; started?: number; ended?: number },
    userId: number | null = 1,
  ) =>
    app.database.run(async (tx) => {
      const at = (ago?: number) =>
        ago === undefined ? null : new Date(clock.now() - ago * HOUR_MS).toISOString();
      await runSql(
        tx,
        `INSERT INTO predictions (task_id, user_id, "timestamp", created_at, started_at, completed_at, status, symbol,
           ticker, "interval", predictor_plugin, feeder_plugin, pipeline_plugin, prediction_type, result)
         VALUES (?, ?, ?, ?, ?, ?, ?, 'A', 'A', '1d', 'p', 'f', 'l', 'short_term', '{}')`,
        [crypto.randomUUID(), userId, at(0), at(hours.created), at(hours.started), at(hours.ended), status],
      );
    });

  it('counts and measures, and says null where nothing is measured', async () => {
    const empty = await get('stats');
    expect(empty.performance_metrics).toEqual({
      average_processing_time: null,
      queue_wait_time: null,
      success_rate: null,
      customer_satisfaction: null,
    });
    await prediction('pending', { created: 1 });
    await prediction('processing', { created: 2, started: 1 });
    await prediction('completed', { created: 3, started: 2.5, ended: 2.25 });
    await prediction('completed', { created: 30, started: 29, ended: 28.75 });
    await prediction('failed', { created: 5, started: 5, ended: 4 });
    await prediction('completed', { created: 24 * 20, started: 24 * 20, ended: 24 * 20 - 1 });
    const stats = await get('stats');
    expect(stats).toEqual({
      system_overview: {
        active_users: 1,
        total_users: 1,
        pending_requests: 1,
        processing_requests: 1,
        completed_today: 1,
        failed_today: 1,
        system_health: expect.stringMatching(/^(healthy|degraded)$/),
        uptime_percentage: null,
      },
      financial_metrics: {
        revenue_today: 0,
        revenue_month: 0,
        pending_payouts: 0,
        average_request_value: 0,
        currencies: [],
        by_score: [],
      },
      performance_metrics: {
        average_processing_time: 900,
        queue_wait_time: 2700,
        success_rate: 0.4,
        customer_satisfaction: null,
      },
      evaluator_performance: [],
      predictions: {
        by_type: { short_term: 6 },
        by_status: { pending: 1, processing: 1, completed: 3, failed: 1 },
      },
      resource_utilization: {
        cpu_usage: expect.any(Number),
        memory_usage: expect.any(Number),
        storage_usage: expect.any(Number),
        network_throughput: null,
      },
    });
    const month = await get('stats?period=30d&include_forecasts=false');
    expect(month.performance_metrics.average_processing_time).toBe(1800);
    expect((await app.get('/api/v1/admin/stats?period=1y', admin)).status).toBe(422);
  });

  it('tells what an account used within a window', async () => {
    const usage = await get('usage/admin?days=7');
    expect(usage).toEqual({
      username: 'admin',
      total_requests: expect.any(Number),
      total_predictions: 5,
      marketplace_requests: 0,
      total_processing_time_ms: 0.25 * HOUR_MS + 0.25 * HOUR_MS + HOUR_MS,
      cost_estimate: 0,
      costs: [],
    });
    expect(usage.total_requests).toBeGreaterThan(0);
    expect((await get('usage/admin')).total_predictions).toBe(6);
    expect((await app.get('/api/v1/admin/usage/nobody', admin)).status).toBe(404);
    expect((await app.get('/api/v1/admin/usage/admin?days=0', admin)).status).toBe(422);
  });

  it('measures its own health', async () => {
    const health = await get('system/health');
    expect(health.components).toEqual({
      database: expect.objectContaining({
        status: 'healthy',
        response_time: expect.any(Number),
        max_connections: kind === 'postgres' ? expect.any(Number) : null,
      }),
      redis_cache: expect.objectContaining({ status: 'not_present', response_time: null }),
      plugin_system: expect.objectContaining({
        loaded_plugins: expect.any(Number),
        failed_plugins: expect.any(Number),
      }),
      job_engine: { status: 'healthy', queued: 0, running: 0, oldest_wait_ms: null },
      marketplace: { status: 'healthy', pending: 0, processing: 0, stuck: 0, oldest_wait_ms: null },
    });
    expect(health.last_backup).toBeNull();
    expect(health.disk_space).toEqual({
      used: expect.stringMatching(/^\d+\.\dGB$/),
      available: expect.stringMatching(/^\d+\.\dGB$/),
      usage_percentage: expect.any(Number),
    });
    expect(health.alerts).toEqual(expect.any(Array));
  });

  it('takes changes of settings at once, and keeps who made them', async () => {
    expect(settings().get('max_concurrent_predictions')).toBe(7);
    const answer = await change({ max_concurrent_predictions: 3, prediction_timeout: 600 });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        success: true,
        message: 'Configuration updated: prediction_timeout, max_concurrent_predictions',
      },
    ]);
    expect(settings().get('max_concurrent_predictions')).toBe(3);
    const shown = await get('config');
    expect(shown.settings).toMatchObject({ max_concurrent_predictions: 3, prediction_timeout: 600 });
    expect(shown.changed).toEqual([
      { key: 'max_concurrent_predictions', updated_at: new Date(clock.now()).toISOString(), updated_by: 1 },
      { key: 'prediction_timeout', updated_at: new Date(clock.now()).toISOString(), updated_by: 1 },
    ]);
    for (const secret of ['secret_key', 'admin_password', 'admin_api_key', 'database_url']) {
      expect(shown.settings).not.toHaveProperty(secret);
    }
    await change({ max_concurrent_predictions: null });
    expect(settings().get('max_concurrent_predictions')).toBe(7);
    expect((await change({})).body.message).toBe('Nothing to change');
    const mistyped = await change({ prediction_timeout: 120, predicton_timeout: 130, colour: 'blue' });
    expect([mistyped.status, mistyped.body.detail]).toEqual([
      422,
      [
        {
          type: 'extra_forbidden',
          loc: ['body', 'predicton_timeout'],
          msg: 'Extra inputs are not permitted; did you mean prediction_timeout?',
        },
        {
          type: 'extra_forbidden',
          loc: ['body', 'colour'],
          msg: expect.stringContaining('what is known: prediction_timeout, max_concurrent_predictions'),
        },
      ],
    ]);
  });

  it.each([
    [{ prediction_timeout: 59 }, 'greater_than_equal'],
    [{ prediction_timeout: 3601 }, 'less_than_equal'],
    [{ max_concurrent_predictions: 0 }, 'greater_than_equal'],
    [{ max_concurrent_predictions: 101 }, 'less_than_equal'],
    [{ rate_limits: { predictions: 'many' } }, 'int_parsing'],
    [{ rate_limits: { predictions: 0 } }, 'greater_than_equal'],
    [{ rate_limits: { predict: 5 } }, 'value_error'],
    [{ marketplace_limit_basic: true }, 'int_type'],
    [{ marketplace_limit_basic: '7' }, 'int_type'],
    [{ default_plugins: { core: 'sync_core' } }, 'value_error'],
    [{ default_plugins: { predictor: 'crystal_ball' } }, 'value_error'],
    [{ default_plugins: ['default_predictor'] }, 'dict_type'],
  ])('refuses %j and changes nothing', async (body, type) => {
    const answer = await change({ ...body, evaluator_claim_limit: 99 });
    expect([answer.status, answer.body.detail[0].type]).toEqual([422, type]);
    expect(settings().get('evaluator_claim_limit')).toBe(10);
  });

  it('follows a change that another process stored within a second, and skips what is not allowed', async () => {
    const store = (key: string, value: unknown) =>
      app.database.run(async (tx) => {
        await runSql(tx, `INSERT INTO system_configuration ("key", "value", updated_at) VALUES (?, ?, ?)`, [
          key,
          JSON.stringify(value),
          new Date(clock.now()).toISOString(),
        ]);
      });
    await store('evaluator_claim_limit', 4);
    await store('rate_limits', { predict: 1, billing: 7 });
    await store('max_concurrent_predictions', 'plenty');
    await store('a_setting_of_tomorrow', 1);
    expect(settings().get('evaluator_claim_limit')).toBe(10);
    await clock.advance(1_000);
    await eventually('the stored value holds', () => settings().get('evaluator_claim_limit') === 4);
    expect(settings().get('max_concurrent_predictions')).toBe(7);
    expect(settings().get('rate_limits')).toEqual({ billing: 7 });
    expect(app.logLines.some(({ msg }) => msg.includes('max_concurrent_predictions'))).toBe(true);
  });

  it('forgets jobs that ended longer ago than job_history_days, and no others', () =>
    forgetsOldJobs(app, clock));

  describe('of an application with the embedded engine', () => {
    let own: TestApp;
    beforeAll(async () => {
      const config = { swagger: false, job_engine: 'embedded', job_history_days: 3 };
      own = await startTestApp({ database: kind, config, clock });
    }, 60_000);
    afterAll(() => own.close());

    it('forgets jobs in the same way', () => forgetsOldJobs(own, clock));

    it('switches the default plugin of a kind, also for whoever holds its handle', async () => {
      const held = own.app.get(ConfiguredPredictor, { strict: false }) as ConfiguredPredictor;
      expect([held.id, held.has('forecast')]).toEqual(['default_predictor', true]);
      const body = { default_plugins: { predictor: PREDICTOR } };
      expect((await own.post('/api/v1/admin/config', body, admin)).status).toBe(200);
      expect(own.app.get(PluginRegistry, { strict: false }).configuredId('predictor')).toBe(PREDICTOR);
      expect(held.id).toBe(PREDICTOR);
    });
  });
});

/** @param app with three days of history */
async function forgetsOldJobs(app: TestApp, clock: FakeClock): Promise<void> {
  const kept = 3 * 24 * HOUR_MS;
  const ended = { old: clock.now() - kept - 1, young: clock.now() - kept + HOUR_MS, open: null };
  await app.database.run(async (tx) => {
    for (const [subject, moment] of Object.entries(ended)) {
      const at = new Date(moment ?? clock.now() - 2 * kept).toISOString();
      await runSql(
        tx,
        `INSERT INTO jobs (id, kind, subject, status, run_at, lease_epoch, attempts, max_attempts, created_at, updated_at, finished_at)
         VALUES (?, 'nobodys', ?, ?, ?, 1, 1, 3, ?, ?, ?)`,
        [
          crypto.randomUUID(),
          subject,
          moment === null ? 'queued' : 'completed',
          at,
          at,
          at,
          moment === null ? null : at,
        ],
      );
    }
  });
  const left = async () =>
    (
      await app.database.query<{ subject: string }>(
        `SELECT subject FROM jobs WHERE kind = 'nobodys' ORDER BY subject`,
      )
    )
      .map(({ subject }) => subject)
      .join();
  const looks = (subjects: string) =>
    eventually(`${subjects} are left`, async () => {
      await clock.advance(5_000);
      return (await left()) === subjects;
    });
  await looks('open,young');
  clock.jump(HOUR_MS);
  await looks('open');
}
