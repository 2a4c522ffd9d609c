import { beforeAll, describe, expect, it } from '@jest/globals';
import { newUuid } from '#libs/kernel';
import { asked, BillingBench, USD } from './billing-bench.js';
import { describeOnDatabases, everyConnection } from '../../harness/databases.js';

const HALF_LEASE = 900_000;

describeOnDatabases('the money of an order', (database) => {
  let bench: BillingBench;
  beforeAll(() => {
    bench = new BillingBench(database(), { credit_limit: 20 });
  });

  it('is held, then shared without a bonus at the end of the lease', async () => {
    const order = await bench.submit(101, { predictionType: 'long_term' });
    await expect(bench.balance(101)).resolves.toEqual({ available: -12 * USD, held: 12 * USD, earned: 0 });
    const settlement = await bench.complete(order, 900);
    expect(settlement).toEqual({
      orderId: order,
      currency: 'USD',
      total: 12 * USD,
      evaluator: 8.4 * USD,
      bonus: 0,
      provider: 3 * USD,
      platform: 0.6 * USD,
    });
    await expect(bench.balance(101)).resolves.toEqual({ available: -12 * USD, held: 0, earned: 0 });
    await expect(bench.balance(900)).resolves.toEqual({ available: 0, held: 0, earned: 8.4 * USD });
    await expect(bench.settlementOf(order)).resolves.toEqual(settlement);
    await expect(bench.quotes.holdOf(order)).resolves.toMatchObject({ state: 'captured', clientId: 101 });
  });

  it('pays a bonus for speed out of the shares of provider and platform', async () => {
    const order = await bench.submit(102);
    const settlement = await bench.complete(order, 901, HALF_LEASE);
    expect(settlement).toMatchObject({ total: 5 * USD, evaluator: 3.5 * USD, bonus: 0.175 * USD });
    expect(settlement.provider + settlement.platform).toBe(1.325 * USD);
  });

  it('goes back in full when the order is given up', async () => {
    const order = await bench.submit(103);
    await expect(bench.cancel(order)).resolves.toBe(5 * USD);
    await expect(bench.balance(103)).resolves.toEqual({ available: 0, held: 0, earned: 0 });
    await expect(bench.settlementOf(order)).resolves.toBeNull();
  });

  it('is refused with both amounts beyond the credit limit', async () => {
    await bench.submit(104, { predictionType: 'long_term' });
    await expect(bench.submit(104, { predictionType: 'long_term' })).rejects.toMatchObject({
      kind: 'payment_required',
      detail:
        'Insufficient credits: 12.00 USD needed, 8.00 USD can be spent (balance -12.00 USD, credit limit 20.00 USD)',
    });
    await expect(bench.balance(104)).resolves.toMatchObject({ held: 12 * USD });
    await bench.submit(104, { predictionType: 'custom' });
    await expect(bench.balance(104)).resolves.toMatchObject({ available: -20 * USD });
  });

  it('follows the priority of a pending order, with the price it was made with', async () => {
    await bench.prices.switchTo({ providerId: 7, modelName: 'm1', priceMicros: 2 * USD, currency: 'USD' });
    const order = await bench.submit(105, { modelName: 'm1' });
    await bench.prices.switchTo({ providerId: 7, modelName: 'm1', priceMicros: 9 * USD, currency: 'USD' });
    await bench.requote(order, { modelName: 'm1', priority: 9 });
    await expect(bench.balance(105)).resolves.toMatchObject({ available: -2.5 * USD, held: 2.5 * USD });
    await bench.requote(order, { modelName: 'm1', priority: 1 });
    await expect(bench.balance(105)).resolves.toMatchObject({ available: -2 * USD, held: 2 * USD });
    await expect(bench.complete(order, 902)).resolves.toMatchObject({ total: 2 * USD });
    await expect(bench.records.totals({ providerId: 7 }, 'provider')).resolves.toEqual([
      { currency: 'USD', amount: 0.5 * USD, orders: 1 },
    ]);
  });

  describe('moves once', () => {
    it('when the same order is held twice at a time', async () => {
      const [order, quote] = [newUuid(), await bench.quoting.quote(asked())];
      const attempts = await Promise.allSettled([1, 2, 3].map(() => bench.hold(106, quote, order)));
      expect(attempts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected']);
      await expect(bench.balance(106)).resolves.toMatchObject({ held: 5 * USD });
    });

    it('when an order is captured and voided at a time', async () => {
      const order = await bench.submit(107);
      await everyConnection(bench.test);
      const attempts = await Promise.allSettled([
        bench.complete(order, 903),
        bench.complete(order, 904),
        bench.run((tx) => bench.billing.void(tx, order, 'x')),
        bench.run((tx) => bench.billing.void(tx, order, 'y')),
      ]);
      const refusals = attempts.filter((one) => one.status === 'rejected');
      expect(refusals.map(({ reason }: { reason: { code: string } }) => reason.code)).toEqual([
        'already_settled',
        'already_settled',
        'already_settled',
      ]);
      const state = (await bench.quotes.holdOf(order))?.state;
      bench.states.set(order, state === 'captured' ? 'completed' : 'ended');
      await expect(bench.balance(107)).resolves.toMatchObject({ held: 0 });
    });

    it('and never without a hold, nor with an old quote', async () => {
      await expect(bench.complete(newUuid())).rejects.toMatchObject({ kind: 'not_found', code: 'not_held' });
      const quote = await bench.quoting.quote(asked());
      bench.clock.jump(5 * 60_000 + 1);
      await expect(bench.hold(108, quote)).rejects.toMatchObject({ kind: 'conflict', code: 'quote_expired' });
    });
  });

  it('is never spent twice by orders at the same time', async () => {
    await everyConnection(bench.test);
    const attempts = await Promise.allSettled(Array.from({ length: 12 }, () => bench.submit(109)));
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(4);
    await expect(bench.balance(109)).resolves.toMatchObject({ available: -20 * USD, held: 20 * USD });
  });

  it('can be an amount of nothing', async () => {
    await bench.prices.switchTo({ providerId: 7, modelName: 'free', priceMicros: 0, currency: 'USD' });
    const order = await bench.submit(110, { modelName: 'free' });
    await expect(bench.complete(order)).resolves.toMatchObject({ total: 0, evaluator: 0, bonus: 0 });
  });

  it('adds up after all of that', async () => {
    await expect(bench.verify()).resolves.toEqual([]);
  });
});

describeOnDatabases('a service that is paid in advance', (database) => {
  it('asks for the money before it takes an order', async () => {
    const bench = new BillingBench(database(), { billing_mode: 'prepaid' });
    await expect(bench.submit(1)).rejects.toMatchObject({ kind: 'payment_required' });
    await bench.grant(1, 5 * USD);
    await bench.submit(1);
    await expect(bench.submit(1)).rejects.toMatchObject({ code: 'insufficient_credits' });
    await expect(bench.verify()).resolves.toEqual([]);
  });
});
