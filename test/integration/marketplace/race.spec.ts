import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AppError } from '#libs/kernel';
import { KINDS, MarketplaceBench, MINUTE } from './marketplace-bench.js';

const EVALUATORS = 16;
const CLIENTS = 20;
const ORDERS = 2_000;
/** How much of the queue each of them walks through; four begin at each quarter. */
const REACH = 0.3;
/** Orders between two times that the figures are added up; without that each submission reads all changes so far. */
const ADD_UP_EVERY = 5;
/** Claims that are given up instead of answered, in hundredths. */
const RELEASED = 12;
/** Claims that are left until their lease runs out, in hundredths. */
const ABANDONED = 6;
const EXPECTED_REFUSALS = new Set([
  'not_claimable',
  'not_processing',
  'not_claimer',
  'stale_lease',
  'lease_expired',
  'claim_limit',
  'release_cooldown',
]);

/** Mulberry32: the same choices in every run. */
function randomSource(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe.each(KINDS)('sixteen evaluators for two thousand orders [%s]', (kind) => {
  let bench: MarketplaceBench;
  beforeAll(async () => {
    bench = await MarketplaceBench.start(kind, { credit_limit: 1_000_000, release_cooldown_seconds: 1 });
  }, 60_000);
  afterAll(() => bench.close());

  /** What was refused for other reasons than the race itself. */
  const surprises: unknown[] = [];
  let settled = 0;

  async function tried<T>(work: () => Promise<T>): Promise<T | null> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof AppError) || !EXPECTED_REFUSALS.has(error.code)) surprises.push(error);
      return null;
    }
  }

  /** Claims, and then answers, releases or abandons. */
  async function evaluate(evaluatorId: number, ids: readonly string[]): Promise<void> {
    const random = randomSource(evaluatorId);
    for (const [index, orderId] of ids.entries()) {
      // all do so at about the same time, as processes of one service may
      if (index % (ADD_UP_EVERY * EVALUATORS) === 0) await bench.addUp();
      const claim = await tried(() => bench.claim(evaluatorId, orderId));
      if (claim === null) continue;
      const choice = random() * 100;
      if (choice < ABANDONED) continue;
      if (choice < ABANDONED + RELEASED) {
        await tried(() => bench.release(evaluatorId, orderId, claim.leaseEpoch));
        continue;
      }
      // a rival who never held it, and a second answer beside the first
      const [first, second, rival] = await Promise.all([
        tried(() => bench.answer(evaluatorId, orderId, claim.leaseEpoch)),
        choice < 30 ? tried(() => bench.answer(evaluatorId, orderId, claim.leaseEpoch)) : null,
        choice < 30 ? tried(() => bench.answer(evaluatorId + 1_000, orderId)) : null,
      ]);
      expect(rival).toBeNull();
      settled += [first, second].filter((one) => one !== null).length;
    }
  }

  const pendingIds = async (): Promise<string[]> =>
    (await bench.query<{ id: string }>(`SELECT id FROM prediction_jobs WHERE status = 'pending'`)).map(
      ({ id }) => id,
    );

  it('leave one valid claim at a time, one settlement each, and no deadlock', async () => {
    await Promise.all(
      Array.from({ length: CLIENTS }, async (_, index) => {
        for (let made = 0; made < ORDERS / CLIENTS; made += 1) {
          await bench.submit(5_000 + index);
          if (index === 0 && made % ADD_UP_EVERY === 0) await bench.addUp();
        }
      }),
    );
    for (let ids = await pendingIds(), round = 0; ids.length > 0; ids = await pendingIds(), round += 1) {
      expect(round).toBeLessThan(20);
      // neighbours begin close to each other, so that they meet
      const loops = Array.from({ length: EVALUATORS }, (_, index) => {
        const start = Math.floor((ids.length * (index >> 2)) / (EVALUATORS / 4));
        const ahead = [...ids.slice(start), ...ids.slice(0, start)];
        return evaluate(7_000 + index, ahead.slice(0, Math.ceil(ids.length * REACH)));
      });
      await Promise.all([...loops, bench.upkeep.sweep(), bench.upkeep.sweep()]);
      bench.clock.jump(31 * MINUTE);
      await Promise.all([bench.upkeep.sweep(), bench.upkeep.sweep()]);
    }
    expect(surprises).toEqual([]);
    expect(settled).toBe(ORDERS);
    await expect(bench.figures.countByStatus()).resolves.toEqual({ completed: ORDERS });
    if (kind === 'postgres')
      await expect(
        bench.query('SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()'),
      ).resolves.toEqual([{ deadlocks: 0 }]);
  }, 480_000);

  it('leave a history in which no two claims of an order overlap', async () => {
    const claims = await bench.query<{ prediction_id: string; ended_at: string; claimed_at: string }>(
      `SELECT prediction_id, lease_epoch, claimed_at, ended_at FROM prediction_claims
       ORDER BY prediction_id, lease_epoch`,
    );
    expect(claims.length).toBeGreaterThan(ORDERS);
    for (const [index, claim] of claims.slice(1).entries()) {
      const before = claims[index];
      if (before?.prediction_id === claim.prediction_id)
        expect(before.ended_at <= claim.claimed_at).toBe(true);
    }
    const outcomes = await bench.query<{ outcome: string; total: number | string }>(
      `SELECT outcome, COUNT(*) AS total FROM prediction_claims GROUP BY outcome ORDER BY outcome`,
    );
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['completed', 'expired', 'released']);
    expect(Number(outcomes[0]?.total)).toBe(ORDERS);
  });

  it('leave money that adds up', async () => {
    const verdict = await bench.verify();
    expect(verdict.violations).toEqual([]);
    expect(verdict.orders).toBe(ORDERS);
    const [records] = await bench.query<{ total: number | string }>(
      'SELECT COUNT(*) AS total FROM billing_records',
    );
    expect(Number(records?.total)).toBe(ORDERS);
  }, 60_000);
});
