import { runSql } from '#libs/database';
import { eventually } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Account } from '../../security/accounts.js';
import { EvaluatorBench, HOUR_MS, MINUTE_MS } from './evaluator-bench.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

const DAY_MS = 24 * HOUR_MS;
const LEASE_MS = 30 * MINUTE_MS;
const UNMEASURED = 'needs realised outcomes';

/**
 * A day of the marketplace: one order that grew too old, two answers within two minutes each, three within ten, one
 * claim given back, one that ran out, one order cancelled, one core prediction beside them.
 */
describe.each(DATABASE_KINDS)('figures of the marketplace [%s]', (kind) => {
  let bench: EvaluatorBench;
  let fast: Account;
  let slow: Account;
  let unlucky: Account;
  beforeAll(async () => {
    bench = await EvaluatorBench.open(kind);
    [fast, slow, unlucky] = (await bench.accounts.makeMany('evaluator', 3)) as [Account, Account, Account];
    await expire();
    await corePrediction(1_000);
    bench.clock.jump(MINUTE_MS);
    await complete(fast, 2, MINUTE_MS);
    await complete(fast, 2);
    for (let answers = 0; answers < 3; answers += 1) await complete(slow, 10);
    const { id: released } = await bench.ask();
    await bench.claim(released, fast);
    await bench.release(released, fast);
    await bench.cancel((await bench.ask()).id);
    const { id: timedOut } = await bench.ask();
    await bench.claim(timedOut, unlucky);
    bench.clock.jump(LEASE_MS);
    await bench.untilReturned(timedOut);
    await bench.claim((await bench.ask()).id, unlucky);
  }, 120_000);
  afterAll(() => bench.close());

  const get = async (path: string, by: { apiKey: string } = bench.admin) => {
    const { status, body } = await bench.app.get(`/api/v1/${path}`, by);
    expect([path, status]).toEqual([path, 200]);
    return body;
  };
  const failed = async () => Number((await get('admin/stats')).predictions.by_status.failed ?? 0);

  /** An order that nobody takes for a day. */
  async function expire(): Promise<void> {
    await bench.ask({ predictionType: 'custom' });
    bench.clock.jump(DAY_MS);
    await bench.clock.advance(5_000);
    await eventually('the order has failed', async () => (await failed()) === 1);
  }

  async function complete(by: Account, minutes: number, waitMs = 0): Promise<void> {
    const { id } = await bench.ask();
    bench.clock.jump(waitMs);
    await bench.claim(id, by);
    bench.clock.jump(minutes * MINUTE_MS);
    expect((await bench.submit(id, by)).status).toBe(200);
  }

  /** As the core predictions' own services leave it. */
  async function corePrediction(seconds: number): Promise<void> {
    const at = (ms: number) => new Date(bench.clock.now() + ms).toISOString();
    const moments = [at(0), at(0), at(0), at(seconds * 1_000)];
    await bench.app.database.run((tx) =>
      runSql(
        tx,
        `INSERT INTO predictions (task_id, user_id, "timestamp", created_at, started_at, completed_at, status, symbol,
           ticker, "interval", predictor_plugin, feeder_plugin, pipeline_plugin, prediction_type, result)
         VALUES (?, ?, ?, ?, ?, ?, 'completed', 'A', 'A', '1d', 'p', 'f', 'l', 'short_term', '{}')`,
        [crypto.randomUUID(), bench.client.id, ...moments],
      ),
    );
  }

  const earnedBy = async (who: Account): Promise<number> => {
    const [balance] = (await bench.money(who)).evaluator;
    return Math.round((balance?.earned ?? 0) / 10_000) / 100;
  };

  it('are computed for an evaluator from its claims', async () => {
    const earned = await earnedBy(fast);
    expect(earned).toBe(7.65);
    expect(await get('evaluator/stats', fast)).toEqual({
      performance_summary: {
        total_completed: 2,
        total_released: 1,
        total_timed_out: 0,
        success_rate: 0.667,
        average_processing_time: 2,
        average_quality_score: null,
        total_earnings: earned,
        currencies: [
          {
            currency: 'USD',
            total_earnings: earned,
            total_earnings_micros: 7_653_332,
            total_requests: 2,
          },
        ],
        current_reputation: null,
        reason: UNMEASURED,
      },
      recent_activity: {
        last_7_days: {
          requests_completed: 2,
          average_daily_earnings: 1.09,
          quality_trend: null,
          reason: UNMEASURED,
        },
      },
      rankings: {
        quality_rank: null,
        speed_rank: 1,
        reliability_rank: 2,
        total_evaluators: 2,
        reason: UNMEASURED,
      },
    });
    expect(await get('evaluator/stats?period=90d', slow)).toMatchObject({
      performance_summary: { total_completed: 3, success_rate: 1, average_processing_time: 10 },
      rankings: { speed_rank: 2, reliability_rank: 1, total_evaluators: 2 },
    });
  });

  it('are honest for one who completed nothing, and without ranks when none are asked for', async () => {
    expect(await get('evaluator/stats', unlucky)).toMatchObject({
      performance_summary: {
        total_completed: 0,
        total_timed_out: 1,
        success_rate: 0,
        average_processing_time: null,
        total_earnings: 0,
      },
      rankings: { speed_rank: null, reliability_rank: null, total_evaluators: 2 },
    });
    expect(await get('evaluator/stats', await bench.evaluator())).toMatchObject({
      performance_summary: { total_completed: 0, success_rate: null },
    });
    expect((await get('evaluator/stats?include_rankings=false', fast)).rankings).toBeNull();
    expect((await bench.get('stats?period=1d', fast)).status).toBe(422);
  });

  it('are true for administrators, core predictions and orders together', async () => {
    const stats = await get('admin/stats?period=1d');
    expect(stats.system_overview).toMatchObject({
      pending_requests: 2,
      processing_requests: 1,
      completed_today: 6,
      failed_today: 1,
    });
    expect(stats.predictions).toEqual({
      by_type: { short_term: 10, custom: 1 },
      by_status: { pending: 2, processing: 1, completed: 6, failed: 1, cancelled: 1 },
    });
    // Two of 120 s, three of 600 s, the core prediction of 1,000 s; one waited for a minute.
    expect(stats.performance_metrics).toEqual({
      average_processing_time: 506.7,
      queue_wait_time: 10,
      success_rate: 0.6,
      customer_satisfaction: null,
    });
    const about = { average_quality: null, reason: UNMEASURED };
    expect(stats.evaluator_performance).toEqual([
      {
        evaluator_id: String(slow.id),
        username: slow.username,
        completed_today: 3,
        success_rate: 1,
        earnings_today: await earnedBy(slow),
        ...about,
      },
      {
        evaluator_id: String(fast.id),
        username: fast.username,
        completed_today: 2,
        success_rate: 0.667,
        earnings_today: 7.65,
        ...about,
      },
      {
        evaluator_id: String(unlucky.id),
        username: unlucky.username,
        completed_today: 0,
        success_rate: 0,
        earnings_today: 0,
        ...about,
      },
    ]);
  });

  it('tell what a client used, within a window and all time', async () => {
    const { username } = bench.client;
    expect(await get(`admin/usage/${username}?days=1`, bench.admin)).toMatchObject({
      username,
      total_predictions: 10,
      marketplace_requests: 9,
      total_processing_time_ms: 1_000_000 + 2 * 120_000 + 3 * 600_000,
      cost_estimate: 25,
    });
    expect(await get(`admin/usage/${username}`)).toMatchObject({ marketplace_requests: 10 });
    const { users } = await get(`admin/users?search=${username}`);
    expect(users).toMatchObject([{ username, total_predictions: 10, total_spent: 25 }]);
  });

  it('show how the queue is, and that nobody takes care of it', async () => {
    const marketplace = async () => (await get('admin/system/health')).components.marketplace;
    const before = await marketplace();
    expect(before).toEqual({
      status: 'healthy',
      pending: 2,
      processing: 1,
      stuck: 0,
      oldest_wait_ms: expect.any(Number),
    });
    expect(before.oldest_wait_ms).toBeGreaterThan(LEASE_MS);
    // The clock jumps over the sweeps.
    bench.clock.jump(LEASE_MS + MINUTE_MS);
    expect((await marketplace()).stuck).toBe(0);
    bench.clock.jump(1);
    const health = await get('admin/system/health');
    expect(health.components.marketplace).toMatchObject({ status: 'degraded', stuck: 1 });
    expect(health.overall_status).not.toBe('healthy');
    expect(health.alerts).toContain(
      'Orders whose time ran out and that were neither returned to the queue nor ended: 1',
    );
  });

  it('forget what lies before their period', async () => {
    bench.clock.jump(8 * DAY_MS);
    expect(await get('evaluator/stats', fast)).toMatchObject({
      performance_summary: { total_completed: 0, total_earnings: 0, success_rate: null },
      recent_activity: { last_7_days: { requests_completed: 0, average_daily_earnings: 0 } },
      rankings: { speed_rank: null, total_evaluators: 0 },
    });
    expect(await get('evaluator/stats?period=30d', fast)).toMatchObject({
      performance_summary: { total_completed: 2, total_earnings: 7.65 },
      recent_activity: { last_7_days: { requests_completed: 0 } },
    });
  });

  it('keep currencies apart', async () => {
    const euros = { model_name: 'euro', price_per_request: 2, currency: 'EUR' };
    expect((await bench.app.post('/api/v1/provider/pricing', euros, bench.admin)).status).toBe(201);
    const credit = { user_id: bench.client.id, amount: 2, currency: 'EUR' };
    expect((await bench.app.post('/api/v1/admin/credits', credit, bench.admin)).status).toBe(201);
    const { id } = await bench.ask({ predictorPlugin: 'euro' });
    await bench.claim(id, slow);
    bench.clock.jump(LEASE_MS);
    expect((await bench.submit(id, slow)).status).toBe(200);
    expect((await get('evaluator/stats', slow)).performance_summary).toMatchObject({
      total_completed: 1,
      total_earnings: 0,
      currencies: [
        { currency: 'EUR', total_earnings: 1.4, total_earnings_micros: 1_400_000, total_requests: 1 },
      ],
    });
  });
});
