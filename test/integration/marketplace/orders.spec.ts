import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OrderPage } from '../../../src/marketplace/client-orders.port.js';
import {
  ADMINISTRATOR,
  client,
  evaluator,
  HOUR,
  KINDS,
  MarketplaceBench,
  MINUTE,
  USD,
} from './marketplace-bench.js';

const FIRST: OrderPage = { sort: 'created_at', order: 'desc', limit: 50, offset: 0 };

describe.each(KINDS)('the orders of a client [%s]', (kind) => {
  let bench: MarketplaceBench;
  beforeAll(async () => {
    bench = await MarketplaceBench.start(kind, { marketplace_limit_basic: 5, credit_limit: 1_000 });
  }, 60_000);
  afterAll(() => bench.close());

  const userOf = async (username: string, tier: string): Promise<number> => {
    await bench.execute(
      `INSERT INTO users (username, email, hashed_password, is_active, role_id, subscription_tier, created_at)
       SELECT ?, ?, 'none', ${kind === 'postgres' ? 'true' : '1'}, MIN(id), ?, '2026-01-01T00:00:00.000Z' FROM roles`,
      [username, `${username}@example.com`, tier],
    );
    const [row] = await bench.query<{ id: number }>(`SELECT id FROM users WHERE username = '${username}'`);
    return row?.id ?? 0;
  };

  describe('when submitted', () => {
    it.each([
      ['basic', 5],
      ['premium', 10],
      ['enterprise', 50],
    ])(
      'are never more than the tier %s allows, however many come at once',
      async (tier, limit) => {
        const id = await userOf(`many_${tier}`, tier);
        const attempts = await Promise.allSettled(Array.from({ length: limit + 6 }, () => bench.submit(id)));
        const refused = attempts.filter((one) => one.status === 'rejected');
        expect(refused).toHaveLength(6);
        expect(refused[0]?.reason).toMatchObject({
          kind: 'too_many',
          code: 'request_limit',
          detail: expect.stringContaining(`${limit} of the ${limit} that the tier '${tier}' allows`),
        });
        const { total } = await bench.clients.list(client(id), { status: 'pending' }, FIRST);
        expect(total).toBe(limit);
        await expect(bench.balance(id)).resolves.toMatchObject({ held: 5 * USD * limit });
      },
      60_000,
    );

    it('are kept as they were asked for, in the words of the API', async () => {
      const { id, datetimeRequested } = await bench.submit(209, { maxCost: 7.5 * USD });
      const [row] = await bench.query<{ request_payload: string }>(
        `SELECT request_payload FROM prediction_jobs WHERE id = '${id}'`,
      );
      const payload = {
        symbol: 'EURUSD',
        prediction_type: 'short_term',
        datetime_requested: datetimeRequested.toISOString(),
        lookback_ticks: 1_000,
        predictor_plugin: 'default_predictor',
        feeder_plugin: 'default_feeder',
        pipeline_plugin: 'default_pipeline',
        interval: '1h',
        prediction_horizon: 6,
        priority: 5,
        max_cost: 7.5,
        notification_webhook: null,
        custom_parameters: null,
      };
      expect(row?.request_payload).toBe(JSON.stringify(payload));
    });

    it('make room again when they end', async () => {
      const orders = await Promise.all(Array.from({ length: 5 }, () => bench.submit(210)));
      await expect(bench.submit(210)).rejects.toMatchObject({ code: 'request_limit' });
      await bench.clients.cancel(client(210), orders[0]?.id ?? '');
      await bench.submit(210);
    });

    it('cost at most what the client allows, and nothing is a limit too', async () => {
      await expect(bench.submit(211, { maxCost: 4.99 * USD })).rejects.toMatchObject({
        kind: 'payment_required',
        code: 'max_cost_exceeded',
        detail: 'Estimated cost (5.0) exceeds maximum (4.99)',
      });
      await expect(bench.submit(211, { maxCost: 0 })).rejects.toMatchObject({ code: 'max_cost_exceeded' });
      await expect(bench.submit(211, { maxCost: 5 * USD })).resolves.toMatchObject({ status: 'pending' });
      await expect(bench.balance(211)).resolves.toMatchObject({ held: 5 * USD });
      await expect(bench.clients.list(client(211), {}, FIRST)).resolves.toMatchObject({ total: 1 });
    });

    it('leave nothing behind when the credits do not suffice', async () => {
      await bench.prices.switchTo({
        providerId: 1,
        modelName: 'dear',
        priceMicros: 600 * USD,
        currency: 'USD',
      });
      const dear = { customParameters: { model_name: 'dear' } };
      await bench.submit(212, dear);
      await expect(bench.submit(212, dear)).rejects.toMatchObject({ code: 'insufficient_credits' });
      await expect(bench.clients.list(client(212), {}, FIRST)).resolves.toMatchObject({ total: 1 });
    });

    it('name loaded plugins, a priced model, a provider with a price and a moment to come', async () => {
      const refusal = await bench
        .submit(213, {
          predictorPlugin: 'nobody',
          feederPlugin: 'nothing',
          datetimeRequested: new Date(bench.clock.now()),
        })
        .catch((error: unknown) => error);
      expect(refusal).toMatchObject({
        kind: 'invalid',
        violations: [
          { loc: ['body', 'datetime_requested'] },
          { loc: ['body', 'predictor_plugin'], msg: expect.stringContaining('default_predictor') },
          { loc: ['body', 'feeder_plugin'] },
        ],
      });
      const withProvider = (provider: unknown) => bench.submit(213, { customParameters: { provider } });
      await expect(withProvider('nobody')).rejects.toMatchObject({ kind: 'invalid' });
      await expect(withProvider({})).rejects.toMatchObject({ kind: 'invalid' });
      await expect(withProvider(null)).resolves.toMatchObject({ providerId: 0 });
      await bench.prices.switchTo({ providerId: 1, modelName: 'lstm', priceMicros: USD, currency: 'USD' });
      await expect(bench.submit(213, { predictorPlugin: 'lstm' })).resolves.toMatchObject({
        modelName: 'lstm',
        providerId: 1,
        estimatedCost: USD,
        effort: 'medium',
      });
    });
  });

  describe('while they wait', () => {
    it('follow changes of priority and limit with their price', async () => {
      const order = await bench.submit(220);
      const raised = await bench.clients.update(client(220), order.id, { priority: 9 });
      expect(raised).toMatchObject({ estimatedCost: 6.25 * USD, estimatedPayment: 4.375 * USD });
      await expect(bench.balance(220)).resolves.toMatchObject({ held: 6.25 * USD });
      const update = (change: object) => bench.clients.update(client(220), order.id, change);
      await expect(update({ maxCost: 6 * USD })).rejects.toMatchObject({ code: 'max_cost_exceeded' });
      await update({ priority: 1, maxCost: 5 * USD, notificationWebhook: 'https://example.com/hook' });
      await expect(update({ priority: 10 })).rejects.toMatchObject({ code: 'max_cost_exceeded' });
      await expect(bench.find(order.id)).resolves.toMatchObject({
        priority: 1,
        maxCost: 5 * USD,
        notificationWebhook: 'https://example.com/hook',
        estimatedCost: 5 * USD,
      });
      await expect(bench.balance(220)).resolves.toMatchObject({ held: 5 * USD });
      await update({ maxCost: null, notificationWebhook: null });
      await expect(bench.find(order.id)).resolves.toMatchObject({
        maxCost: null,
        notificationWebhook: null,
      });
    });

    it('can be cancelled once, with the whole price back', async () => {
      const order = await bench.submit(221);
      const cancelled = await bench.clients.cancel(client(221), order.id);
      expect(cancelled).toMatchObject({
        refund: { amount: 5 * USD, currency: 'USD' },
        order: { status: 'cancelled', cancelledBy: 221, cancellationReason: 'user_requested' },
      });
      await expect(bench.balance(221)).resolves.toEqual({ available: 0, held: 0, earned: 0 });
      const notPending = { kind: 'conflict', code: 'not_pending' };
      await expect(bench.clients.cancel(client(221), order.id)).rejects.toMatchObject(notPending);
      await expect(bench.clients.update(client(221), order.id, { priority: 6 })).rejects.toMatchObject(
        notPending,
      );
    });

    it('are either cancelled or claimed when both come at once', async () => {
      for (let round = 0; round < 10; round += 1) {
        const order = await bench.submit(222);
        const [cancel, claim] = await Promise.allSettled([
          bench.clients.cancel(client(222), order.id),
          bench.claim(950, order.id),
        ]);
        const { status } = await bench.find(order.id);
        expect([cancel.status, claim.status, status]).toEqual(
          cancel.status === 'fulfilled'
            ? ['fulfilled', 'rejected', 'cancelled']
            : ['rejected', 'fulfilled', 'processing'],
        );
        await expect(bench.balance(222)).resolves.toMatchObject({
          held: status === 'processing' ? 5 * USD : 0,
        });
        if (status === 'processing') await bench.answer(950, order.id);
      }
    });

    it('stand in the queue by priority and age, and tell no time before anything was completed', async () => {
      const own = await MarketplaceBench.start(kind, { evaluator_claim_limit: 20 });
      try {
        const place = async (priority: number) => own.entry.submit(client(1), own.asked({ priority }));
        await expect(place(5)).resolves.toMatchObject({ queuePosition: 1, estimatedCompletion: null });
        own.clock.jump(1_000);
        await expect(place(5)).resolves.toMatchObject({ queuePosition: 2 });
        await expect(place(9)).resolves.toMatchObject({ queuePosition: 1 });
        const { order } = await place(10);
        await own.claim(7, order.id);
        own.clock.jump(10 * MINUTE);
        await own.answer(7, order.id);
        await expect(place(4)).resolves.toMatchObject({
          queuePosition: 4,
          estimatedCompletion: new Date(own.clock.now() + 40 * MINUTE),
        });
        own.clock.jump(25 * HOUR);
        await expect(place(1)).resolves.toMatchObject({ queuePosition: 1, estimatedCompletion: null });
      } finally {
        await own.close();
      }
    }, 60_000);
  });

  it('are read by owner, administrator, claiming evaluator and, without the answer, operator', async () => {
    const order = await bench.submit(230);
    await bench.claim(951, order.id);
    await bench.answer(951, order.id);
    const operator = { userId: 5, username: 'operator', role: 'operator' };
    for (const reader of [client(230), ADMINISTRATOR, evaluator(951)])
      await expect(bench.clients.find(reader, order.id)).resolves.toMatchObject({
        mayReadResult: true,
        result: { modelMetadata: { model: 'lstm' } },
      });
    await expect(bench.clients.find(operator, order.id)).resolves.toMatchObject({
      mayReadResult: false,
      result: null,
      status: 'completed',
    });
    const denied = { kind: 'forbidden', code: 'not_owner' };
    await expect(bench.clients.find(client(231), order.id)).rejects.toMatchObject(denied);
    await expect(bench.clients.find(evaluator(952), order.id)).rejects.toMatchObject(denied);
    await expect(bench.clients.cancel(operator, order.id)).rejects.toMatchObject(denied);
    await expect(bench.clients.update(evaluator(951), order.id, {})).rejects.toMatchObject(denied);
    const unknown = '00000000-0000-4000-8000-000000000000';
    for (const id of [unknown, 'x', ''])
      await expect(bench.clients.find(client(230), id)).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('are listed with every filter, sorting and total', async () => {
    const owner = client(240);
    const start = new Date(bench.clock.now());
    const first = await bench.submit(240, { symbol: 'GBPUSD', priority: 3 });
    bench.clock.jump(1_000);
    const second = await bench.submit(240, { predictionType: 'long_term', priority: 7 });
    bench.clock.jump(1_000);
    const third = await bench.submit(240, { predictionType: 'custom', priority: 1 });
    await bench.clients.cancel(owner, third.id);
    const ids = async (filter: object, page: Partial<OrderPage> = {}) => {
      const { orders, total } = await bench.clients.list(owner, filter, { ...FIRST, ...page });
      return [orders.map(({ id }) => [first.id, second.id, third.id].indexOf(id) + 1), total];
    };
    await expect(ids({})).resolves.toEqual([[3, 2, 1], 3]);
    await expect(ids({}, { order: 'asc', limit: 1, offset: 1 })).resolves.toEqual([[2], 3]);
    await expect(ids({}, { sort: 'priority' })).resolves.toEqual([[2, 1, 3], 3]);
    await expect(ids({}, { sort: 'cost', order: 'asc' })).resolves.toEqual([[1, 3, 2], 3]);
    await expect(ids({}, { sort: 'completed_at' })).resolves.toEqual([[3, 2, 1], 3]);
    await expect(ids({}, { sort: 'completed_at', order: 'asc' })).resolves.toEqual([[3, 2, 1], 3]);
    await expect(ids({ status: 'pending' })).resolves.toEqual([[2, 1], 2]);
    await expect(ids({ symbol: 'GBPUSD' })).resolves.toEqual([[1], 1]);
    await expect(ids({ predictionType: 'custom' })).resolves.toEqual([[3], 1]);
    await expect(ids({ endDate: start })).resolves.toEqual([[1], 1]);
    await expect(ids({ startDate: second.createdAt, endDate: second.createdAt })).resolves.toEqual([[2], 1]);
    const everybodys = await bench.clients.list(ADMINISTRATOR, { symbol: 'GBPUSD' }, FIRST);
    expect(everybodys.total).toBe(1);
    await expect(bench.clients.list(client(241), {}, FIRST)).resolves.toEqual({
      orders: [],
      total: 0,
      isExact: true,
    });
  });

  it('add up after all of that', async () => {
    await expect(bench.verify()).resolves.toMatchObject({ violations: [] });
  });
});
