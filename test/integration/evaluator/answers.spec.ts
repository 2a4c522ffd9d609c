import { DATABASE_KINDS } from '#libs/testing';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Account } from '../../security/accounts.js';
import { EvaluatorBench, hashOfAnswer, MINUTE_MS } from './evaluator-bench.js';

describe.each(DATABASE_KINDS)('answers of evaluators [%s]', (kind) => {
  let bench: EvaluatorBench;
  let evaluator: Account;
  let other: Account;
  beforeAll(async () => {
    bench = await EvaluatorBench.open(kind);
    [evaluator, other] = (await bench.accounts.makeMany('evaluator', 2)) as [Account, Account];
  }, 60_000);
  afterAll(() => bench.close());

  const claimed = async (by: Account = evaluator): Promise<{ id: string; epoch: number }> => {
    const { id } = await bench.ask();
    const answer = await bench.claim(id, by);
    expect(answer.status).toBe(200);
    return { id, epoch: answer.body.lease_epoch as number };
  };

  it('are taken and paid', async () => {
    const { id, epoch } = await claimed();
    await bench.clock.advance(3 * MINUTE_MS);
    const answer = await bench.submit(id, evaluator, { lease_epoch: epoch });
    const completedAt = new Date(bench.clock.now()).toISOString();
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        success: true,
        request_id: id,
        status: 'completed',
        result_hash: hashOfAnswer(completedAt, evaluator.id),
        completed_at: completedAt,
        processing_time_ms: 3 * MINUTE_MS,
        quality_score: null,
        payment_amount: 3.5,
        bonus_amount: 0.32,
        performance_rating: null,
        currency: 'USD',
        reason: 'needs realised outcomes',
      },
    ]);
    const money = await bench.money(evaluator);
    expect(money.violations).toEqual([]);
    expect(money.evaluator).toEqual([
      { currency: 'USD', available: 0, held: 0, earned: 3_500_000 + 315_000 },
    ]);
  });
});
