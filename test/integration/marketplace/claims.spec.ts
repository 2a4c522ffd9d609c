import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { PendingFilter, PendingPage } from '../../../src/marketplace/order-queue.port.js';
import {
  ADMINISTRATOR,
  client,
  evaluator,
  HOUR,
  KINDS,
  MarketplaceBench,
  MINUTE,
  NO_CLAIM,
  NO_PROGRESS,
  USD,
} from './marketplace-bench.js';

const PAGE: PendingPage = { sort: 'priority', order: 'desc', limit: 20 };

describe.each(KINDS)('claims [%s]', (kind) => {
  let bench: MarketplaceBench;
  beforeAll(async () => {
    bench = await MarketplaceBench.start(kind, { evaluator_claim_limit: 3 });
  }, 60_000);
  afterAll(() => bench.close());

  const historyOf = (orderId: string) =>
    bench.query<{ lease_epoch: number | string; evaluator_id: number; outcome: string | null }>(
      `SELECT lease_epoch, evaluator_id, outcome, reason, details, released_by FROM prediction_claims
       WHERE prediction_id = '${orderId}' ORDER BY id`,
    );

  it('are won by one of many at the same time', async () => {
    const order = await bench.submit(301);
    const attempts = await Promise.allSettled(
      Array.from({ length: 8 }, (_, index) => bench.claim(800 + index, order.id)),
    );
    const won = attempts.filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    const reasons = attempts.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    for (const reason of reasons) expect(reason).toMatchObject({ kind: 'not_found', code: 'not_claimable' });
    await expect(bench.find(order.id)).resolves.toMatchObject({ leaseEpoch: 1 });
    await expect(historyOf(order.id)).resolves.toHaveLength(1);
  });

  it('last as long as the lease and tell what is to be done', async () => {
    const order = await bench.submit(302, { customParameters: { window: 3 } });
    const claimed = await bench.queue.claim(evaluator(810), {
      orderId: order.id.toUpperCase(),
      estimatedCompletion: new Date(bench.clock.now() + MINUTE),
      processingNodeInfo: { gpu: true },
    });
    expect(claimed).toMatchObject({
      id: order.id,
      symbol: 'EURUSD',
      customParameters: { window: 3 },
      effort: 'low',
      leaseEpoch: 1,
      claimedAt: new Date(bench.clock.now()),
      timeoutAt: new Date(bench.clock.now() + 30 * MINUTE),
      leaseMs: 30 * MINUTE,
    });
    for (const secret of ['maxCost', 'notificationWebhook', 'clientId', 'estimatedCost', 'payload'])
      expect(claimed).not.toHaveProperty(secret);
    await bench.release(810, order.id);
  });

  it('are at most so many an evaluator, however many come at once', async () => {
    const orders = await Promise.all(Array.from({ length: 6 }, () => bench.submit(303)));
    const attempts = await Promise.allSettled(orders.map(({ id }) => bench.claim(811, id)));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    const refused = attempts.find((one) => one.status === 'rejected');
    expect(refused?.reason).toMatchObject({ kind: 'too_many', code: 'claim_limit' });
    const { orders: held } = await bench.queue.assigned(evaluator(811), { includeExpired: true, limit: 100 });
    expect(held).toHaveLength(3);
    bench.clock.jump(31 * MINUTE);
    const free = orders.find(({ id }) => !held.some((one) => one.id === id));
    await expect(bench.claim(811, free?.id ?? '')).resolves.toMatchObject({ leaseEpoch: 1 });
    await bench.upkeep.sweep();
  });

  it('are not given for own orders, but to administrators', async () => {
    const order = await bench.submit(304);
    await expect(bench.claim(304, order.id)).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'own_request',
    });
    const own = await bench.entry.submit(ADMINISTRATOR, bench.asked());
    const command = { orderId: own.order.id, estimatedCompletion: null, processingNodeInfo: null };
    await expect(bench.queue.claim(ADMINISTRATOR, command)).resolves.toMatchObject({ leaseEpoch: 1 });
  });

  it('are refused for what is unknown, old or not pending', async () => {
    const order = await bench.submit(305);
    const unknown = { kind: 'not_found', code: 'not_claimable' };
    await expect(bench.claim(812, 'x')).rejects.toMatchObject(unknown);
    await expect(bench.claim(812, '00000000-0000-4000-8000-000000000000')).rejects.toMatchObject(unknown);
    await bench.clients.cancel(client(305), order.id);
    await expect(bench.claim(812, order.id)).rejects.toMatchObject(unknown);
    const old = await bench.submit(305);
    bench.clock.jump(24 * HOUR);
    const gone = { kind: 'gone', code: 'job_expired' };
    await expect(bench.claim(812, old.id)).rejects.toMatchObject(gone);
    await bench.upkeep.sweep();
    await expect(bench.claim(812, old.id)).rejects.toMatchObject(gone);
    const huge = { text: 'x'.repeat(20_000) };
    await expect(
      bench.queue.claim(evaluator(812), {
        orderId: old.id,
        estimatedCompletion: null,
        processingNodeInfo: huge,
      }),
    ).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('go back to the queue when released, and cool down for the one who released', async () => {
    const order = await bench.submit(306);
    await bench.claim(813, order.id);
    await expect(bench.release(814, order.id)).rejects.toMatchObject({ code: 'not_claimer' });
    const released = await bench.work.release(evaluator(813), {
      orderId: order.id,
      leaseEpoch: 1,
      reason: 'technical_issue',
      details: 'out of memory',
    });
    expect(released).toMatchObject({ status: 'pending', ...NO_CLAIM, ...NO_PROGRESS });
    await expect(bench.claim(813, order.id)).rejects.toMatchObject({
      kind: 'too_many',
      code: 'release_cooldown',
      headers: { 'Retry-After': '300' },
    });
    await expect(bench.find(order.id)).resolves.toMatchObject({ status: 'pending' });
    await expect(bench.claim(814, order.id)).resolves.toMatchObject({ leaseEpoch: 2 });
    await bench.release(814, order.id);
    bench.clock.jump(5 * MINUTE);
    await expect(bench.claim(813, order.id)).resolves.toMatchObject({ leaseEpoch: 3 });
    const administrator = { orderId: order.id, leaseEpoch: null, reason: 'other', details: null } as const;
    await bench.work.release(ADMINISTRATOR, administrator);
    await expect(bench.claim(813, order.id)).resolves.toMatchObject({ leaseEpoch: 4 });
    await expect(historyOf(order.id)).resolves.toMatchObject([
      { evaluator_id: 813, outcome: 'released', reason: 'technical_issue', details: 'out of memory' },
      { evaluator_id: 814, outcome: 'released', released_by: 814 },
      { evaluator_id: 813, outcome: 'released', released_by: 1 },
      { evaluator_id: 813, outcome: null },
    ]);
    await bench.release(813, order.id);
  });

  it('show progress, which never lengthens the lease', async () => {
    const order = await bench.submit(307);
    const { leaseEpoch, timeoutAt } = await bench.claim(815, order.id);
    bench.clock.jump(MINUTE);
    const lease = { orderId: order.id, leaseEpoch };
    const note = (progress: object) => bench.work.heartbeat(evaluator(815), lease, progress);
    await expect(note({ progressPercentage: 40, currentStep: 'inference' })).resolves.toEqual({
      orderId: order.id,
      leaseEpoch,
      timeoutAt,
    });
    await note({ estimatedRemaining: 12.5 });
    await expect(bench.find(order.id)).resolves.toMatchObject({
      progressPercentage: 40,
      currentStep: 'inference',
      estimatedRemaining: 12.5,
      timeoutAt,
    });
    await expect(note({ progressPercentage: 101 })).rejects.toMatchObject({ kind: 'invalid' });
    await expect(note({ progressPercentage: Number.NaN })).rejects.toMatchObject({ kind: 'invalid' });
    await expect(note({ currentStep: 'x'.repeat(256) })).rejects.toMatchObject({ kind: 'invalid' });
    bench.clock.jump(30 * MINUTE);
    await expect(note({ progressPercentage: 50 })).rejects.toMatchObject({ kind: 'deadline_passed' });
    await bench.upkeep.sweep();
    await expect(bench.find(order.id)).resolves.toMatchObject({ status: 'pending', ...NO_PROGRESS });
    await expect(note({ progressPercentage: 50 })).rejects.toMatchObject({ kind: 'deadline_passed' });
  });

  it('are listed with what is left of them', async () => {
    const [first, second] = [await bench.submit(308), await bench.submit(308)];
    await bench.claim(816, first.id);
    bench.clock.jump(20 * MINUTE);
    await bench.claim(816, second.id);
    bench.clock.jump(11 * MINUTE);
    const assigned = (filter: object, who = evaluator(816)) =>
      bench.queue.assigned(who, { includeExpired: false, limit: 100, ...filter });
    await expect(assigned({})).resolves.toMatchObject({
      orders: [
        { id: second.id, status: 'processing', remainingMs: 19 * MINUTE, estimatedPayment: 3.5 * USD },
      ],
      totalProcessing: 1,
      totalOverdue: 1,
    });
    await expect(assigned({ status: 'overdue' })).resolves.toMatchObject({
      orders: [{ id: first.id, status: 'overdue', remainingMs: 0 }],
    });
    expect((await assigned({ includeExpired: true })).orders.map(({ id }) => id)).toEqual([
      first.id,
      second.id,
    ]);
    await expect(assigned({}, evaluator(817))).resolves.toMatchObject({ orders: [], totalOverdue: 0 });
    expect((await assigned({}, ADMINISTRATOR)).orders.map(({ id }) => id)).toContain(second.id);
  });

  it('run out once, however many processes sweep', async () => {
    const orders = await Promise.all(Array.from({ length: 3 }, () => bench.submit(309)));
    for (const { id } of orders) await bench.claim(818, id);
    bench.clock.jump(31 * MINUTE);
    const sweeps = await Promise.all(Array.from({ length: 4 }, () => bench.upkeep.sweep()));
    expect(sweeps.reduce((sum, { returned }) => sum + returned, 0)).toBeGreaterThanOrEqual(3);
    for (const { id } of orders)
      await expect(historyOf(id)).resolves.toMatchObject([{ evaluator_id: 818, outcome: 'expired' }]);
  });

  it('run out by themselves', async () => {
    const order = await bench.submit(310);
    await bench.claim(819, order.id);
    const returned = new Promise<string>((resolve) => {
      const stop = bench.events.subscribe(async (tx, { kind: what, order: { id } }) => {
        if (what !== 'lease_expired' || id !== order.id) return;
        stop();
        tx.afterCommit(() => resolve(id));
      });
    });
    await bench.clock.advance(31 * MINUTE);
    await expect(returned).resolves.toBe(order.id);
    await expect(bench.find(order.id)).resolves.toMatchObject({ status: 'pending' });
  });

  it('start from a list with every filter, sorting and total', async () => {
    const own = await MarketplaceBench.start(kind);
    try {
      const list = (filter: PendingFilter, page: Partial<PendingPage> = {}, who = evaluator(820)) =>
        own.queue.pending(who, filter, { ...PAGE, ...page });
      await expect(list({})).resolves.toEqual({
        orders: [],
        total: 0,
        isExact: true,
        estimatedQueueMs: null,
        paymentRange: null,
      });
      const first = await own.submit(1, { symbol: 'GBPUSD', priority: 3 });
      own.clock.jump(1_000);
      const second = await own.submit(2, { predictionType: 'long_term', priority: 7, lookbackTicks: 1_500 });
      own.clock.jump(1_000);
      const third = await own.submit(820, { predictionType: 'custom', priority: 5, predictionHorizon: 24 });
      const names = [first.id, second.id, third.id];
      const order = async (filter: PendingFilter, page: Partial<PendingPage> = {}, who = ADMINISTRATOR) => {
        const { orders, total } = await list(filter, page, who);
        return [orders.map(({ id }) => names.indexOf(id) + 1), total];
      };
      await expect(order({})).resolves.toEqual([[2, 3, 1], 3]);
      await expect(order({}, { order: 'asc' })).resolves.toEqual([[1, 3, 2], 3]);
      await expect(order({}, { sort: 'created_at', order: 'asc' })).resolves.toEqual([[1, 2, 3], 3]);
      await expect(order({}, { sort: 'payment' })).resolves.toEqual([[2, 3, 1], 3]);
      await expect(order({}, { sort: 'effort' })).resolves.toEqual([[3, 2, 1], 3]);
      await expect(order({}, { limit: 1, offset: 1 })).resolves.toEqual([[3], 3]);
      await expect(order({ predictionType: 'custom' })).resolves.toEqual([[3], 1]);
      await expect(order({ symbol: 'GBPUSD' })).resolves.toEqual([[1], 1]);
      await expect(order({ minPriority: 4, maxPriority: 6 })).resolves.toEqual([[3], 1]);
      await expect(order({ minPayment: 3.5 * USD, maxPayment: 3.5 * USD })).resolves.toEqual([[1], 1]);
      await expect(order({ predictorPlugin: 'other' })).resolves.toEqual([[], 0]);
      await expect(list({}, { limit: 1 }, ADMINISTRATOR)).resolves.toMatchObject({
        paymentRange: { min: 3.5 * USD, max: 8.4 * USD, average: Math.round(((3.5 + 8.4 + 6.72) / 3) * USD) },
      });
      await expect(order({}, {}, evaluator(820))).resolves.toEqual([[2, 1], 2]);
      await own.claim(821, second.id);
      own.clock.jump(4 * MINUTE);
      await own.release(821, second.id);
      await expect(order({}, {}, evaluator(821))).resolves.toEqual([[3, 1], 2]);
      own.clock.jump(6 * MINUTE);
      await expect(order({}, {}, evaluator(821))).resolves.toEqual([[2, 3, 1], 3]);
      await own.claim(821, second.id);
      own.clock.jump(4 * MINUTE);
      await own.answer(821, second.id);
      await expect(list({})).resolves.toMatchObject({ estimatedQueueMs: 4 * MINUTE });
      own.clock.jump(24 * HOUR);
      await expect(order({})).resolves.toEqual([[], 0]);
      // totals without a filter, and by status alone, are kept sums; a filter may be a whole question with its page
      await own.execute(
        `INSERT INTO figure_changes (source, owner_id, period, name, events, amount) VALUES ('orders', 830, '', 'status:pending', 5000, 0)`,
      );
      await expect(list(Object.assign({} as PendingFilter, PAGE))).resolves.toMatchObject({
        total: 5_000,
        isExact: true,
      });
      const asked = { sort: 'created_at', order: 'desc', limit: 20, offset: 0 } as const;
      await expect(
        own.clients.list(client(830), { ...asked, status: 'pending' }, asked),
      ).resolves.toMatchObject({ total: 5_000, isExact: true });
    } finally {
      await own.close();
    }
  }, 60_000);

  it('add up after all of that', async () => {
    await expect(bench.verify()).resolves.toMatchObject({ violations: [] });
  });
});
