import { beforeAll, beforeEach, expect, it } from '@jest/globals';
import { newUuid } from '#libs/kernel';
import { asked, BillingBench, USD } from './billing-bench.js';
import { describeOnDatabases } from '../../harness/databases.js';

const DAY = 86_400_000;

describeOnDatabases('credits that expire', (database) => {
  let bench: BillingBench;
  let user = 0;
  beforeAll(() => {
    bench = new BillingBench(database(), { credit_limit: 20 });
  });
  beforeEach(() => {
    user += 1;
  });

  const bonus = (amount: number, days: number) =>
    bench.grant(user, amount * USD, { type: 'bonus', expiresAt: new Date(bench.clock.now() + days * DAY) });
  const used = async () =>
    (await bench.credits.list(user, { limit: 9, offset: 0 })).map((one) => one.usedMicros);
  const available = async () => (await bench.balance(user)).available / USD;

  it('are spent first, the one that expires first in front', async () => {
    await bench.grant(user, 50 * USD);
    await bonus(3, 20);
    await bonus(4, 10);
    await bench.submit(user);
    await expect(used()).resolves.toEqual([4 * USD, 1 * USD, null]);
    bench.clock.jump(30 * DAY);
    await bench.expiry.expireAll();
    await expect(available()).resolves.toBe(50);
  });

  it('are taken back on the day, also before the next order is paid', async () => {
    await bonus(8, 1);
    bench.clock.jump(DAY);
    await bench.submit(user, { predictionType: 'long_term' });
    await expect(available()).resolves.toBe(-12);
    await bench.expiry.expireAll();
    await expect(available()).resolves.toBe(-12);
  });

  it('are taken back once when several processes do so at once', async () => {
    await bonus(8, 1);
    await bench.grant(user, 50 * USD);
    bench.clock.jump(DAY);
    await Promise.all(Array.from({ length: 4 }, () => bench.expiry.expireAll()));
    await expect(available()).resolves.toBe(50);
  });

  it('come back when the order is given up, and expire then', async () => {
    await bonus(8, 10);
    const order = await bench.submit(user);
    await bench.cancel(order);
    await expect(used()).resolves.toEqual([0]);
    bench.clock.jump(10 * DAY);
    await bench.expiry.expireAll();
    await expect(available()).resolves.toBe(0);
  });

  it('that expired meanwhile come back as money without expiry: a hold goes back in full', async () => {
    await bonus(8, 10);
    const order = await bench.submit(user);
    bench.clock.jump(11 * DAY);
    await bench.expiry.expireAll();
    await expect(available()).resolves.toBe(0);
    await bench.cancel(order);
    await bench.expiry.expireAll();
    await expect(available()).resolves.toBe(5);
  });

  it('can not be given when it is over', async () => {
    await expect(bonus(1, 0)).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('pay what is owed for good', async () => {
    await bench.submit(user, { predictionType: 'long_term' });
    await bonus(15, 1);
    bench.clock.jump(DAY);
    await bench.expiry.expireAll();
    await expect(available()).resolves.toBe(0);
  });

  it('never let a balance pass the limit', async () => {
    await bonus(8, 1);
    const order = await bench.submit(user);
    await bench.submit(user, { predictionType: 'custom' });
    await bench.submit(user, { predictionType: 'long_term' });
    await bench.cancel(order);
    bench.clock.jump(DAY);
    await bench.expiry.expireAll();
    expect(await available()).toBeGreaterThanOrEqual(-20);
    await expect(bench.verify()).resolves.toEqual([]);
  });
});

describeOnDatabases('earnings', (database) => {
  it('become credits or leave, once', async () => {
    const bench = new BillingBench(database());
    await bench.complete(await bench.submit(1), 50);
    const payout = {
      userId: 50,
      amount: 2 * USD,
      currency: 'USD',
      description: null,
      paymentReference: null,
      paidBy: 1,
    };
    const attempts = await Promise.allSettled([
      bench.run((tx) => bench.grants.payOut(tx, payout)),
      bench.grant(50, 2 * USD, { type: 'earned' }),
    ]);
    expect(attempts.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await expect(bench.balance(50)).resolves.toMatchObject({ earned: 1.5 * USD });
    await expect(bench.ledger.earnedByUsers()).resolves.toEqual([{ currency: 'USD', amount: 1.5 * USD }]);
    await expect(bench.verify()).resolves.toEqual([]);
  });
});

describeOnDatabases('a long history', (database) => {
  it('is added up from kept sums that are right', async () => {
    const bench = new BillingBench(database());
    const quote = await bench.quoting.quote(asked());
    await bench.run(async (tx) => {
      for (let count = 0; count < 101; count += 1) {
        const orderId = newUuid();
        await bench.billing.hold(tx, { orderId, clientId: 7, quote, description: 'x' });
        await bench.billing.void(tx, orderId, 'x');
        bench.states.set(orderId, 'ended');
      }
    });
    await bench.submit(7);
    await expect(bench.count('balance_snapshots')).resolves.toBe(1);
    await expect(bench.balance(7)).resolves.toEqual({ available: -5 * USD, held: 5 * USD, earned: 0 });
    await expect(bench.verify()).resolves.toEqual([]);
  });
});
