import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MarketplaceUpkeep } from '../../../src/marketplace/marketplace-upkeep.service.js';
import { answer, ClientDesk, evaluator, HOUR, MINUTE, NOW, ROOT, USD } from './client-desk.js';
import type { DatabaseKind } from '../../harness/databases.js';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe.each(['sqlite', 'postgres'] as const)('the life of an order [%s]', (database: DatabaseKind) => {
  let desk: ClientDesk;
  let client1: number;
  beforeAll(async () => {
    desk = await ClientDesk.start(database);
    client1 = await desk.idOf('client1');
  }, 60_000);
  afterAll(() => desk.close());

  it('asks the price first, which moves no money', async () => {
    const before = await desk.balance(client1);
    const quoted = await desk.app.post('/api/v1/client/quote', desk.asked({ priority: 8 }), {
      apiKey: 'client1_key',
    });
    expect([quoted.status, quoted.body]).toEqual([
      200,
      {
        estimated_cost: 6.25,
        estimated_cost_micros: 6_250_000,
        currency: 'USD',
        model_name: 'default_predictor',
        provider_id: 0,
        unit_price: 5,
        score_share: null,
        model_standing: expect.objectContaining({ rating: 'unrated' }),
        provider_standing: expect.objectContaining({ rating: 'unrated' }),
        multipliers: [{ reason: 'priority', adds: 0.25 }],
        shares: { evaluator_micros: 4_375_000, provider_micros: 1_562_500, platform_micros: 312_500 },
        expires_at: new Date(NOW + 5 * MINUTE).toISOString(),
      },
    ]);
    expect(await desk.balance(client1)).toEqual(before);
  });

  it('is submitted, claimed, answered and paid, and says so at each step', async () => {
    const taken = await desk.predict({ priority: 8 });
    const { id, task_id } = taken.body;
    expect([taken.status, taken.body]).toEqual([
      200,
      {
        id: expect.stringMatching(UUID),
        task_id: expect.stringMatching(UUID),
        status: 'pending',
        estimated_completion: null,
        estimated_cost: 6.25,
        currency: 'USD',
        queue_position: 1,
        priority: 8,
        created_at: new Date(NOW).toISOString(),
      },
    ]);
    expect(task_id).not.toBe(id);
    expect(taken.headers.get('location')).toBe(`${ROOT}/${id}`);
    expect(await desk.balance(client1)).toEqual({ available: -6.25 * USD, held: 6.25 * USD });

    const pending = {
      id,
      task_id,
      status: 'pending',
      symbol: 'SYNTHFX',
      prediction_type: 'short_term',
      datetime_requested: new Date(NOW + 30 * MINUTE).toISOString(),
      priority: 8,
      progress: null,
      evaluator_info: null,
      cost_info: { estimated_cost: 6.25, actual_cost: null, currency: 'USD', score: null },
      result: null,
      failure: null,
      cancellation: null,
      created_at: new Date(NOW).toISOString(),
      claimed_at: null,
      completed_at: null,
      expires_at: new Date(NOW + 24 * HOUR).toISOString(),
    };
    expect((await desk.get(`/${id}`)).body).toEqual(pending);

    const operator = await desk.idOf('operator_user');
    await desk.claim(id, operator);
    const lease = { orderId: id, leaseEpoch: 1 };
    await desk.work.heartbeat(evaluator(operator), lease, { progressPercentage: 40, currentStep: 'predict' });
    const processing = {
      ...pending,
      status: 'processing',
      progress: { percentage: 40, current_step: 'predict', estimated_remaining: null },
      evaluator_info: {
        evaluator_id: String(operator),
        username: 'operator_user',
        reputation_score: null,
        reason: 'needs realised outcomes',
      },
      claimed_at: new Date(NOW).toISOString(),
    };
    expect((await desk.get(`/${id}`)).body).toEqual(processing);

    desk.clock.jump(MINUTE);
    const result = answer();
    await desk.work.submit(evaluator(operator), { ...lease, result });
    const link = (file: string): string => `${ROOT}/${id}/download/${file}`;
    expect((await desk.get(`/${id}`)).body).toEqual({
      ...processing,
      status: 'completed',
      progress: null,
      cost_info: { estimated_cost: 6.25, actual_cost: 6.25, currency: 'USD', score: null },
      completed_at: new Date(NOW + MINUTE).toISOString(),
      result: {
        predictions: result.predictions,
        uncertainties: result.uncertainties,
        confidence_intervals: result.confidenceIntervals,
        model_metadata: result.modelMetadata,
        download_links: {
          csv_results: link('results.csv'),
          plot_image: link('plot.png'),
          metadata: link('metadata.json'),
          logs: link('logs.txt'),
        },
      },
    });
    expect(await desk.balance(client1)).toEqual({ available: -6.25 * USD, held: 0 });
    expect(await desk.violations()).toEqual([]);
  });

  it('expects later orders to be done by what the earlier ones took', async () => {
    const { body } = await desk.predict();
    expect(body.estimated_completion).toBe(new Date(desk.clock.now() + MINUTE).toISOString());
    desk.clock.jump(1); // of two that came at the same moment either may be first
    const behind = await desk.predict({}, 'client2_key');
    expect(behind.body.queue_position).toBe(2);
    const ahead = await desk.predict({ priority: 9 }, 'client2_key');
    expect(ahead.body.queue_position).toBe(1);
  });

  it('happens once for a repeated Idempotency-Key: one order, one hold', async () => {
    const key = { 'Idempotency-Key': 'once' };
    const client2 = await desk.idOf('client2');
    const before = await desk.balance(client2);
    const [first, again] = [
      await desk.predict({}, 'client2_key', key),
      await desk.predict({}, 'client2_key', key),
    ];
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    const after = await desk.balance(client2);
    expect(after.held - before.held).toBe(5 * USD);
    const other = await desk.predict({ priority: 6 }, 'client2_key', key);
    expect(other.status).toBe(422);
    const listed = await desk.get('/', 'client2_key');
    expect(listed.body.total_count).toBe(3);
    expect(await desk.violations()).toEqual([]);
  });

  it('belongs to its client: others are refused, operators read without the answer, administrators everything', async () => {
    const id = await desk.completed();
    for (const [method, path, body] of [
      ['GET', `/${id}`, undefined],
      ['PUT', `/${id}`, { priority: 1 }],
      ['DELETE', `/${id}`, undefined],
      ['GET', `/${id}/download/results.csv`, undefined],
    ] as const) {
      const refused = await desk.send(method, path, body, 'client2_key');
      expect([method, path, refused.status]).toEqual([method, path, 403]);
      const unknown = await desk.send(method, path.replace(id, 'nothing'), body, 'client2_key');
      expect([method, path, unknown.status]).toEqual([method, path, 404]);
    }
    expect((await desk.get(`/${id}`, 'provider_key')).status).toBe(403);
    const operator = await desk.get(`/${id}`, 'operator_key');
    expect([operator.status, operator.body.result]).toEqual([200, null]);
    expect((await desk.get(`/${id}/download/results.csv`, 'operator_key')).status).toBe(403);
    expect((await desk.get(`/${id}`, 'admin_key')).body.result.predictions).toEqual(answer().predictions);
    expect((await desk.get(`/${id}/download/results.csv`, 'admin_key')).status).toBe(200);
    expect((await desk.predict({}, 'operator_key')).status).toBe(403);
    expect((await desk.app.get(`${ROOT}/${id}`)).status).toBe(401);
  });

  it('says why it failed', async () => {
    const id = await desk.submitted({}, 'user_key');
    desk.clock.jump(25 * HOUR);
    await desk.app.app.get(MarketplaceUpkeep, { strict: false }).sweep();
    const { body } = await desk.get(`/${id}`, 'user_key');
    expect(body).toMatchObject({ status: 'failed', failure: { reason: 'expired' }, result: null });
    expect(await desk.balance(await desk.idOf('user_key'))).toEqual({ available: 0, held: 0 });
  });
});
