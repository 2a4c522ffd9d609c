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
      staked: 0,
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

  describe('of which a part is paid by score', () => {
    const sold = { providerId: 31, modelName: 'scored', priceMicros: 10 * USD, currency: 'USD' };
    /** A quarter of the price is the provider's: 2.5 USD, of which 40 % wait. */
    const answered = async (client: number): Promise<string> => {
      await bench.prices.switchTo({ ...sold, scoreShare: 400_000 });
      const order = await bench.submit(client, { modelName: 'scored' });
      await bench.prices.switchTo({ ...sold, scoreShare: null });
      await bench.complete(order, 932);
      return order;
    };
    const spent = async (clientId: number) => (await bench.records.totals({ clientId }, 'cost'))[0];
    const earned = async () => (await bench.records.totals({ providerId: 31 }, 'provider'))[0]?.amount ?? 0;

    it('keeps it back at the answer, by the terms of the submission; nobody has been billed for it', async () => {
      const before = await earned();
      const order = await answered(130);
      expect(await bench.settlementOf(order)).toMatchObject({
        total: 9 * USD,
        provider: 1.5 * USD,
        staked: USD,
      });
      expect(await bench.balance(130)).toEqual({ available: -10 * USD, held: 0, earned: 0 });
      expect(await bench.escrow(130)).toBe(USD);
      expect(await spent(130)).toMatchObject({ amount: 9 * USD, orders: 1 });
      expect(await earned()).toBe(before + 1.5 * USD);
      expect(await bench.holds.totals({ clientId: 130 }, {})).toEqual([
        { currency: 'USD', held: USD, earned: 0, returned: 0 },
      ]);
    });

    it('pays it once, rounded down for the provider, and returns the rest, also into credits that expire', async () => {
      const expiresAt = new Date(bench.clock.now() + 86_400_000);
      const credit = await bench.grant(131, 10 * USD, { type: 'bonus', expiresAt });
      const order = await answered(131);
      const before = await earned();
      const paid = await Promise.all([1, 2, 3].map(() => bench.score(order, 1 / 3)));
      expect(paid.filter((one) => one !== null)).toEqual([
        expect.objectContaining({ orderId: order, held: USD, earned: 333_333, returned: 666_667 }),
      ]);
      expect(await bench.score(order, 1)).toBeNull();
      expect(await bench.balance(131)).toEqual({ available: 666_667, held: 0, earned: 0 });
      expect(await bench.escrow(131)).toBe(0);
      expect((await bench.credits.find(credit))?.usedMicros).toBe(10 * USD - 666_667);
      expect(await spent(131)).toMatchObject({ amount: 9_333_333, orders: 1 });
      expect(await earned()).toBe(before + 333_333);
      bench.clock.jump(2 * 3_600_000);
      expect(await spent(131)).toMatchObject({ amount: 9_333_333, orders: 1 });
      expect(await earned()).toBe(before + 333_333);
    });

    it('holds nothing of an order that is cancelled, and pays nothing for one that was never answered', async () => {
      await bench.prices.switchTo({ ...sold, scoreShare: 1_000_000 });
      const order = await bench.submit(132, { modelName: 'scored' });
      expect(await bench.score(order, 1)).toBeNull();
      await bench.cancel(order);
      expect(await bench.score(order, 1)).toBeNull();
      expect(await bench.balance(132)).toEqual({ available: 0, held: 0, earned: 0 });
    });

    it('refuses a pay that is none, and what does not fit is refused by the database itself', async () => {
      const order = await answered(133);
      await expect(bench.score(order, 1.01)).rejects.toThrow('0 to 1');
      await expect(bench.score(order, NaN)).rejects.toThrow('0 to 1');
      await bench.score(order, 0.5);
      const reopen = `UPDATE score_holds SET settled_at = NULL WHERE prediction_id = '${order}'`;
      await expect(bench.test.database.writer.query(reopen)).rejects.toThrow('append-only');
    });
  });

  it('adds up after all of that, in the figures of administrators as in the rows', async () => {
    const now = bench.clock.now();
    const periods = [{}, { from: new Date(now - 5_400_000) }, { to: new Date(now - 5_400_000) }];
    for (const period of periods)
      expect(await bench.holds.ofEverybody(period)).toEqual(await bench.holds.totals({}, period));
    const [all, since] = await Promise.all(periods.map((period) => bench.holds.ofEverybody(period)));
    expect(all).toEqual([{ currency: 'USD', held: USD, earned: 833_333, returned: 1_166_667 }]);
    expect(since).toEqual([{ currency: 'USD', held: USD, earned: 500_000, returned: 500_000 }]);
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
