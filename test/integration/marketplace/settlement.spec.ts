import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { MarketplaceEvent } from '../../../src/marketplace/marketplace-events.port.js';
import {
  answer,
  evaluator,
  HOUR,
  KINDS,
  MarketplaceBench,
  MINUTE,
  NO_CLAIM,
  NO_PROGRESS,
  USD,
} from './marketplace-bench.js';

describe.each(KINDS)('an order that is settled [%s]', (kind) => {
  let bench: MarketplaceBench;
  beforeAll(async () => {
    bench = await MarketplaceBench.start(kind);
  }, 60_000);
  afterAll(() => bench.close());

  it('moves its price once, to the micro-unit', async () => {
    const order = await bench.submit(101, { predictionType: 'long_term' });
    expect(order).toMatchObject({ status: 'pending', estimatedCost: 12 * USD, estimatedPayment: 8.4 * USD });
    await expect(bench.balance(101)).resolves.toEqual({ available: -12 * USD, held: 12 * USD, earned: 0 });
    const claimed = await bench.claim(901, order.id);
    bench.clock.jump(15 * MINUTE);
    const completed = await bench.answer(901, order.id, claimed.leaseEpoch);
    expect(completed).toEqual({
      orderId: order.id,
      resultHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      completedAt: new Date(bench.clock.now()),
      processingMs: 15 * MINUTE,
      currency: 'USD',
      payment: 8.4 * USD,
      bonus: 0.42 * USD,
    });
    await expect(bench.balance(101)).resolves.toEqual({ available: -12 * USD, held: 0, earned: 0 });
    await expect(bench.balance(901)).resolves.toEqual({ available: 0, held: 0, earned: 8.82 * USD });
    await expect(bench.find(order.id)).resolves.toMatchObject({
      status: 'completed',
      actualCost: 12 * USD,
      resultHash: completed.resultHash,
      result: answer(),
      processingMs: 15 * MINUTE,
      evaluatorId: 901,
      leaseEpoch: 1,
      ...NO_PROGRESS,
    });
  });

  it('is paid by an answer in time only: a late one is refused before and after the sweep', async () => {
    const order = await bench.submit(102);
    const { leaseEpoch: epoch } = await bench.claim(902, order.id);
    bench.clock.jump(30 * MINUTE + 1);
    const late = { kind: 'deadline_passed', code: 'lease_expired' };
    await expect(bench.answer(902, order.id, epoch)).rejects.toMatchObject(late);
    await bench.upkeep.sweep();
    await expect(bench.answer(902, order.id, epoch)).rejects.toMatchObject(late);
    await expect(bench.answer(902, order.id)).rejects.toMatchObject(late);
    await expect(bench.balance(102)).resolves.toEqual({ available: -5 * USD, held: 5 * USD, earned: 0 });
    await expect(bench.balance(902)).resolves.toMatchObject({ earned: 0 });
    await expect(bench.find(order.id)).resolves.toMatchObject({ status: 'pending', ...NO_CLAIM });
  });

  it('is paid at the very end of the lease', async () => {
    const order = await bench.submit(103);
    await bench.claim(903, order.id);
    bench.clock.jump(30 * MINUTE);
    await expect(bench.answer(903, order.id)).resolves.toMatchObject({ bonus: 0, payment: 3.5 * USD });
  });

  it('refuses the epoch of an older claim: no money moves', async () => {
    const order = await bench.submit(104);
    const first = await bench.claim(904, order.id);
    bench.clock.jump(31 * MINUTE);
    await bench.upkeep.sweep();
    const second = await bench.claim(905, order.id);
    expect(second.leaseEpoch).toBe(first.leaseEpoch + 1);
    const stale = { kind: 'conflict', code: 'stale_lease' };
    await expect(bench.answer(904, order.id, first.leaseEpoch)).rejects.toMatchObject(stale);
    await expect(bench.answer(905, order.id, first.leaseEpoch)).rejects.toMatchObject(stale);
    await expect(bench.release(904, order.id, first.leaseEpoch)).rejects.toMatchObject(stale);
    const progress = { progressPercentage: 50 };
    await expect(
      bench.work.heartbeat(evaluator(904), { orderId: order.id, leaseEpoch: first.leaseEpoch }, progress),
    ).rejects.toMatchObject(stale);
    await expect(bench.balance(904)).resolves.toMatchObject({ earned: 0 });
    await expect(bench.balance(104)).resolves.toMatchObject({ held: 5 * USD });
    await bench.answer(905, order.id, second.leaseEpoch);
    await expect(bench.balance(104)).resolves.toMatchObject({ held: 0 });
  });

  it('refuses another evaluator, an unknown order and a second answer', async () => {
    const order = await bench.submit(105);
    await expect(bench.answer(906, order.id)).rejects.toMatchObject({ code: 'not_processing' });
    await bench.claim(906, order.id);
    await expect(bench.answer(907, order.id)).rejects.toMatchObject({
      kind: 'forbidden',
      code: 'not_claimer',
    });
    await bench.answer(906, order.id);
    await expect(bench.answer(906, order.id)).rejects.toMatchObject({ code: 'not_processing' });
    await expect(bench.answer(906, 'no id')).rejects.toMatchObject({ kind: 'not_found' });
  });

  it('settles one of many answers at the same time', async () => {
    const order = await bench.submit(106);
    const { leaseEpoch: epoch } = await bench.claim(908, order.id);
    const attempts = await Promise.allSettled(
      Array.from({ length: 6 }, () => bench.answer(908, order.id, epoch)),
    );
    expect(attempts.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect((await bench.balance(908)).earned).toBe(3.85 * USD);
  });

  it('refuses an answer that is none, with every fault, and leaves the claim in force', async () => {
    const order = await bench.submit(107);
    const { leaseEpoch: epoch } = await bench.claim(909, order.id);
    const bad = answer(5, { uncertainties: [1, 2, -3, 4, 5, Number.NaN] });
    const refusal = await bench.answer(909, order.id, epoch, bad).catch((error: unknown) => error);
    expect(refusal).toMatchObject({
      kind: 'invalid',
      violations: [
        { loc: ['body', 'predictions'] },
        { loc: ['body', 'uncertainties', 5] },
        { loc: ['body', 'uncertainties', 2] },
        { loc: ['body', 'confidence_intervals', 'lower_95'] },
        { loc: ['body', 'confidence_intervals', 'upper_95'] },
      ],
    });
    await expect(bench.balance(909)).resolves.toMatchObject({ earned: 0 });
    await expect(bench.answer(909, order.id, epoch)).resolves.toMatchObject({ orderId: order.id });
  });

  it('tells its listeners within the transaction: one that fails undoes everything', async () => {
    const seen: MarketplaceEvent[] = [];
    const stop = bench.events.subscribe(async (_tx, event) => void seen.push(event));
    const order = await bench.submit(108);
    const { leaseEpoch: epoch } = await bench.claim(910, order.id);
    const fail = bench.events.subscribe(() => Promise.reject(new Error('no room for the delivery')));
    await expect(bench.answer(910, order.id, epoch)).rejects.toThrow('no room');
    fail();
    await expect(bench.find(order.id)).resolves.toMatchObject({ status: 'processing', result: null });
    await expect(bench.balance(910)).resolves.toMatchObject({ earned: 0 });
    await bench.answer(910, order.id, epoch);
    stop();
    await bench.submit(108);
    expect(seen.map(({ kind: what, order: { status } }) => [what, status])).toEqual([
      ['submitted', 'pending'],
      ['claimed', 'processing'],
      ['completed', 'completed'],
      ['completed', 'completed'],
    ]);
    expect(seen.at(-1)?.order.result).toEqual(answer());
  });

  it('can be evaluated by the service itself', async () => {
    const order = await bench.submit(109);
    const claimed = await bench.queue.claim('platform', {
      orderId: order.id,
      estimatedCompletion: null,
      processingNodeInfo: { host: 'here' },
    });
    await bench.work.submit('platform', {
      orderId: order.id,
      leaseEpoch: claimed.leaseEpoch,
      result: answer(),
    });
    await expect(bench.find(order.id)).resolves.toMatchObject({
      status: 'completed',
      evaluatorId: 0,
      evaluatorUsername: null,
    });
  });

  it('gives the price back when nobody finishes it within a day', async () => {
    const order = await bench.submit(110);
    const { leaseEpoch: epoch } = await bench.claim(911, order.id);
    bench.clock.jump(24 * HOUR);
    await expect(bench.upkeep.sweep()).resolves.toMatchObject({ returned: 1 });
    await expect(bench.find(order.id)).resolves.toMatchObject({
      status: 'failed',
      failureReason: 'expired',
      completedAt: new Date(bench.clock.now()),
    });
    await expect(bench.balance(110)).resolves.toEqual({ available: 0, held: 0, earned: 0 });
    await expect(bench.answer(911, order.id, epoch)).rejects.toMatchObject({ kind: 'deadline_passed' });
    await expect(bench.claim(911, order.id)).rejects.toMatchObject({ kind: 'gone', code: 'job_expired' });
  });

  it('adds up after all of that', async () => {
    await expect(bench.verify()).resolves.toMatchObject({ violations: [] });
  });
});
