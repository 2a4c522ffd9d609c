import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Account } from '../../security/accounts.js';
import { ANSWER, EvaluatorBench, hashOfAnswer, MINUTE_MS } from './evaluator-bench.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

const LEASE_MS = 30 * MINUTE_MS;

describe.each(DATABASE_KINDS)('answers of evaluators [%s]', (kind) => {
  let bench: EvaluatorBench;
  let evaluator: Account;
  let other: Account;
  beforeAll(async () => {
    // A write that asked for a second connection while it holds the only one would wait for ever.
    bench = await EvaluatorBench.open(kind, { database_pool_size: 1, database_max_overflow: 0 });
    [evaluator, other] = (await bench.accounts.makeMany('evaluator', 2)) as [Account, Account];
  }, 60_000);
  afterAll(() => bench.close());

  const claim = async (id: string, by: Account = evaluator): Promise<number> => {
    const answer = await bench.claim(id, by);
    expect(answer.status).toBe(200);
    return answer.body.lease_epoch as number;
  };
  const claimed = async (): Promise<{ id: string; epoch: number }> => {
    const { id } = await bench.ask();
    return { id, epoch: await claim(id) };
  };
  /** `loc` without `body` of every fault. */
  const faultsOf = (body: { detail: { loc: string[] }[] }): string[] =>
    body.detail.map(({ loc }) => loc.slice(1).join('.'));

  it('are taken and paid, with a hash that anybody can compute', async () => {
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
        payment_amount_micros: 3_500_000,
        bonus_amount_micros: 315_000,
        performance_rating: null,
        currency: 'USD',
        reason: 'needs realised outcomes',
      },
    ]);
    const money = await bench.money(evaluator);
    expect(money.violations).toEqual([]);
    expect(money.evaluator).toEqual([
      { currency: 'USD', available: 0, held: 0, escrow: 0, earned: 3_500_000 + 315_000 },
    ]);
    expect((await bench.submit(id, evaluator, { lease_epoch: epoch })).status).toBe(404);
    expect(await bench.money(evaluator)).toEqual(money);
  });

  it('are paid once when they are repeated under one key', async () => {
    const { id } = await claimed();
    const key = { 'Idempotency-Key': `answer-${id}` };
    const send = () => bench.post(`submit/${id}`, ANSWER, evaluator, key);
    const first = await send();
    const money = await bench.money(evaluator);
    const again = await send();
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([
      200,
      200,
      'true',
    ]);
    expect(again.text).toBe(first.text);
    expect(await bench.money(evaluator)).toEqual(money);
  });

  it('may be paid in the very last moment and move no money one later', async () => {
    const [first, second] = [await claimed(), await claimed()];
    bench.clock.jump(LEASE_MS);
    expect((await bench.submit(first.id, evaluator)).status).toBe(200);
    const money = await bench.money(evaluator);
    bench.clock.jump(1);
    const late = await bench.submit(second.id, evaluator, { lease_epoch: second.epoch });
    expect([late.status, late.body.type]).toEqual([408, 'urn:prediction-provider:problem:lease-expired']);
    expect((await bench.progress(second.id, {}, evaluator)).status).toBe(408);
    // The sweep that comes next returns the order to the queue; it stays too late.
    await bench.untilReturned(second.id);
    expect((await bench.submit(second.id, evaluator, { lease_epoch: second.epoch })).status).toBe(408);
    expect((await bench.submit(second.id, evaluator)).status).toBe(408);
    expect(await bench.money(evaluator)).toEqual(money);
    expect(money.violations).toEqual([]);
    await bench.cancel(second.id);
  });

  it('move no money under an older claim, also when the same evaluator claimed again', async () => {
    const { id, epoch } = await claimed();
    bench.clock.jump(LEASE_MS);
    await bench.untilReturned(id);
    expect(await claim(id)).toBe(epoch + 1);
    const money = await bench.money(evaluator);
    const stale = await bench.submit(id, evaluator, { lease_epoch: epoch });
    expect([stale.status, stale.body.type]).toEqual([409, 'urn:prediction-provider:problem:stale-lease']);
    expect((await bench.progress(id, { lease_epoch: epoch }, evaluator)).status).toBe(409);
    expect((await bench.release(id, evaluator, { lease_epoch: epoch })).status).toBe(409);
    expect(await bench.money(evaluator)).toEqual(money);
    expect((await bench.submit(id, evaluator, { lease_epoch: epoch + 1 })).status).toBe(200);
    expect((await bench.money(evaluator)).violations).toEqual([]);
  });

  it('are taken from the one who claimed only, administrators not excepted', async () => {
    const { id } = await claimed();
    for (const by of [other, bench.admin]) {
      const answer = await bench.submit(id, by);
      expect([answer.status, answer.body.type]).toEqual([403, 'urn:prediction-provider:problem:not-claimer']);
      expect((await bench.progress(id, {}, by)).status).toBe(403);
    }
    expect((await bench.submit('no-such-request', evaluator)).status).toBe(404);
    expect((await bench.submit((await bench.ask()).id, evaluator)).status).toBe(404);
    expect((await bench.submit(id, evaluator)).status).toBe(200);
  });

  it('are refused with every fault of their form at once', async () => {
    const { id } = await claimed();
    const answer = await bench.post(
      `submit/${id}`,
      {
        predictions: [1, 'two', 3],
        uncertainties: 'none',
        confidence_intervals: { lower_95: [1, null] },
        processing_log: 7,
        resource_usage: [],
        lease_epoch: 0,
      },
      evaluator,
    );
    expect(answer.status).toBe(422);
    expect(faultsOf(answer.body).sort()).toEqual([
      'confidence_intervals.lower_95.1',
      'lease_epoch',
      'model_metadata',
      'predictions.1',
      'processing_log',
      'resource_usage',
      'uncertainties',
    ]);
    expect((await bench.post(`submit/${id}`, undefined, evaluator)).body.detail[0].loc).toEqual(['body']);
    expect((await bench.submit(id, evaluator)).status).toBe(200);
  });

  it('are refused with every fault of their content at once, and nothing is kept', async () => {
    const { id } = await claimed();
    const before = await bench.money(evaluator);
    const answer = await bench.submit(id, evaluator, {
      predictions: [1, 2],
      uncertainties: [0.1, -0.1, 0.1],
      confidence_intervals: { lower_95: [1, 2, 3], upper_95: [1, 1, 4], odd: [1, 2, 3] },
    });
    expect(answer.status).toBe(422);
    const faults = faultsOf(answer.body);
    expect(faults).toEqual(
      expect.arrayContaining(['predictions', 'uncertainties.1', 'confidence_intervals.odd']),
    );
    const text = await bench.post(
      `submit/${id}`,
      JSON.stringify({ ...ANSWER, predictions: 'X' }).replace('"X"', '[1e400, 1, 1]'),
      evaluator,
    );
    expect([text.status, faultsOf(text.body)]).toEqual([422, ['predictions.0']]);
    const outside = await bench.submit(id, evaluator, { predictions: [9, 2, 3.25] });
    expect([outside.status, faultsOf(outside.body)[0]]).toEqual([422, expect.stringMatching(/^confidence/)]);
    expect(await bench.money(evaluator)).toEqual(before);
    expect((await bench.get('assigned', evaluator)).body.assigned_requests).toMatchObject([{ id }]);
    expect((await bench.submit(id, evaluator)).status).toBe(200);
  });

  it('are announced by progress, which leaves the deadline alone', async () => {
    const { id, epoch } = await claimed();
    const timeoutAt = new Date(bench.clock.now() + LEASE_MS).toISOString();
    await bench.clock.advance(MINUTE_MS);
    const report = { progress_percentage: 40, current_step: 'computing', estimated_remaining: 90.5 };
    const answer = await bench.progress(id, { ...report, lease_epoch: epoch }, evaluator);
    expect([answer.status, answer.body]).toEqual([
      200,
      { success: true, request_id: id, lease_epoch: epoch, timeout_at: timeoutAt, time_remaining: 29 * 60 },
    ]);
    await bench.progress(id, { current_step: 'writing' }, evaluator);
    const { body } = await bench.get('assigned', evaluator);
    expect(body.assigned_requests).toMatchObject([{ id, ...report, current_step: 'writing' }]);
    const wrong = { progress_percentage: 101, current_step: '', estimated_remaining: -1 };
    const refused = await bench.progress(id, wrong, evaluator);
    expect([refused.status, faultsOf(refused.body)]).toEqual([422, Object.keys(wrong)]);
    expect((await bench.submit(id, evaluator)).status).toBe(200);
  });
});
