import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Account } from '../../security/accounts.js';
import { EvaluatorBench, HOUR_MS, MINUTE_MS } from './evaluator-bench.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

const LEASE_MS = 30 * MINUTE_MS;
const problem = (code: string): string => `urn:prediction-provider:problem:${code}`;

describe.each(DATABASE_KINDS)('claims of evaluators [%s]', (kind) => {
  let bench: EvaluatorBench;
  let evaluator: Account;
  let other: Account;
  beforeAll(async () => {
    bench = await EvaluatorBench.open(kind, { evaluator_claim_limit: 4 });
  }, 60_000);
  beforeEach(async () => {
    [evaluator, other] = (await bench.accounts.makeMany('evaluator', 2)) as [Account, Account];
  });
  afterAll(() => bench.close());

  it('tell everything that is needed to compute the answer', async () => {
    const customParameters = { note: 'as usual' };
    const { id, taskId, datetimeRequested } = await bench.ask({
      predictorPlugin: 'random_walk_predictor',
      customParameters,
    });
    const { status, body } = await bench.claim(id, evaluator, {
      estimated_completion: '2026-01-14T12:10:00Z',
      processing_node_info: { host: 'node-1' },
    });
    expect([status, body]).toEqual([
      200,
      {
        success: true,
        request_id: id,
        task_id: taskId,
        lease_epoch: 1,
        claimed_at: new Date(bench.clock.now()).toISOString(),
        timeout_at: new Date(bench.clock.now() + LEASE_MS).toISOString(),
        expected_payment: 3.5,
        currency: 'USD',
        processing_details: {
          symbol: 'SP500',
          prediction_type: 'short_term',
          datetime_requested: datetimeRequested.toISOString(),
          lookback_ticks: 1_000,
          interval: '1d',
          prediction_horizon: 3,
          custom_parameters: customParameters,
          plugins: {
            feeder: { id: 'default_feeder', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
            pipeline: { id: 'default_pipeline', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
            predictor: { id: 'random_walk_predictor', version: expect.stringMatching(/^\d+\.\d+\.\d+$/) },
          },
          data_source_config: {
            provider: 'file',
            source_symbol: 'SP500',
            api_key_required: false,
            rate_limit: null,
            reason: null,
          },
          model_config: {
            model_name: 'random_walk_predictor',
            model_path: null,
            model_sha256: null,
            normalization_params: null,
            feature_columns: 1,
            feature_names: [expect.any(String)],
            sequence_length: expect.any(Number),
            looks_ahead: false,
            reason: null,
          },
          output_requirements: {
            format: 'json',
            values: 3,
            include_uncertainties: true,
            include_confidence_intervals: true,
            include_plots: false,
          },
        },
      },
    ]);
    expect(body.processing_details.model_config.sequence_length).toBeGreaterThan(1);
  });

  it('say why they do not know what a plugin does not tell', async () => {
    const { id } = await bench.ask();
    // The service's own predictors all tell; this one stopped to forecast after the order was taken.
    await bench.app.database.database.writer.query(
      `UPDATE prediction_jobs SET model_name = 'csv_direction_predictor' WHERE id = '${id}'`,
    );
    const { status, body } = await bench.claim(id, evaluator);
    expect(status).toBe(200);
    expect(body.processing_details.model_config).toMatchObject({
      sequence_length: null,
      feature_names: null,
      reason: expect.stringMatching(/csv_direction_predictor/),
    });
    expect(body.processing_details.data_source_config.reason).toBeNull();
  });

  it('are answered with the same when they are repeated under one key', async () => {
    const { id } = await bench.ask();
    const key = { 'Idempotency-Key': `claim-${id}` };
    const first = await bench.post(`claim/${id}`, {}, evaluator, key);
    const again = await bench.post(`claim/${id}`, {}, evaluator, key);
    expect([first.status, again.status, again.headers.get('idempotency-replayed')]).toEqual([
      200,
      200,
      'true',
    ]);
    expect(again.text).toBe(first.text);
    expect(first.body.processing_details.model_config.reason).toBeNull();
  });

  it('give an order to one of eight evaluators who ask at once', async () => {
    const crowd = await bench.accounts.makeMany('evaluator', 8);
    for (let round = 0; round < 3; round += 1) {
      const { id } = await bench.ask();
      const answers = await Promise.all(crowd.map((one) => bench.claim(id, one)));
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([200, ...Array<number>(7).fill(404)]);
      const winner = crowd[answers.findIndex(({ status }) => status === 200)] as Account;
      const held = await bench.get('assigned', winner);
      expect(held.body.assigned_requests.map((one: { id: string }) => one.id)).toContain(id);
    }
  });

  it('need a body, and are refused with every fault of it', async () => {
    const { id } = await bench.ask();
    const send = (body: unknown) => bench.post(`claim/${id}`, body, evaluator);
    expect((await send(undefined)).body.detail).toMatchObject([{ type: 'missing', loc: ['body'] }]);
    expect((await send([])).body.detail).toMatchObject([{ type: 'model_attributes_type', loc: ['body'] }]);
    const wrong = await send({ estimated_completion: 'soon', processing_node_info: 'mine' });
    expect([wrong.status, wrong.body.detail.length]).toEqual([422, 2]);
    const large = await send({ processing_node_info: { text: 'x'.repeat(16_384) } });
    expect([large.status, large.body.detail[0].loc]).toEqual([422, ['body', 'processing_node_info']]);
    expect((await send({ estimated_completion: null, processing_node_info: null })).status).toBe(200);
  });

  it('are refused for what can not be claimed', async () => {
    const gone = await bench.ask();
    await bench.cancel(gone.id);
    for (const id of [gone.id, 'nothing', '00000000-0000-4000-8000-000000000000']) {
      const { status, body } = await bench.claim(id, evaluator);
      expect([status, body.type, body.detail]).toEqual([
        404,
        problem('not-claimable'),
        'Order not found or not available',
      ]);
    }
    const own = await bench.claim((await bench.ask({}, evaluator)).id, evaluator);
    expect([own.status, own.body.type]).toEqual([403, problem('own-request')]);
    const old = await bench.ask();
    bench.clock.jump(24 * HOUR_MS);
    const late = await bench.claim(old.id, evaluator);
    expect([late.status, late.body.type]).toEqual([410, problem('job-expired')]);
  });

  it('are limited in number', async () => {
    for (let held = 0; held < 4; held += 1)
      expect((await bench.claim((await bench.ask()).id, evaluator)).status).toBe(200);
    const { id } = await bench.ask();
    const refused = await bench.claim(id, evaluator);
    expect([refused.status, refused.body.type]).toEqual([429, problem('claim-limit')]);
    expect(refused.body.detail).toContain('4 of 4');
    expect((await bench.claim(id, other)).status).toBe(200);
  });

  it('can be given back, and not be had again at once', async () => {
    const { id } = await bench.ask();
    await bench.claim(id, evaluator);
    expect((await bench.release(id, other)).status).toBe(403);
    const released = await bench.release(id, evaluator, { reason: 'technical_issue', details: 'no\ndata' });
    expect([released.status, released.body]).toEqual([
      200,
      { success: true, message: 'Request released back to queue' },
    ]);
    expect((await bench.release(id, evaluator)).status).toBe(404);
    const again = await bench.claim(id, evaluator);
    expect([again.status, again.body.type, again.headers.get('retry-after')]).toEqual([
      429,
      problem('release-cooldown'),
      '300',
    ]);
    expect((await bench.claim(id, other)).body).toMatchObject({ lease_epoch: 2 });
    expect((await bench.release(id, bench.admin)).status).toBe(200);
    bench.clock.jump(300_000);
    expect((await bench.claim(id, evaluator)).body).toMatchObject({ lease_epoch: 3 });
  });

  it('are given back for one of the known reasons', async () => {
    const { id } = await bench.ask();
    await bench.claim(id, evaluator);
    for (const body of [
      { reason: 'bored' },
      { details: 'x' },
      { reason: 'other', details: 'x'.repeat(2_001) },
    ])
      expect((await bench.post(`release/${id}`, body, evaluator)).status).toBe(422);
    expect((await bench.post(`release/${id}`, undefined, evaluator)).status).toBe(422);
    expect((await bench.get('assigned', evaluator)).body.total_assigned).toBe(1);
  });

  it('are listed for their holder, in time and overdue', async () => {
    const ids = [(await bench.ask()).id, (await bench.ask()).id] as const;
    await bench.claim(ids[0], evaluator);
    bench.clock.jump(20 * MINUTE_MS);
    await bench.claim(ids[1], evaluator);
    bench.clock.jump(15 * MINUTE_MS);
    const list = async (query: string, by: { apiKey: string } = evaluator) =>
      (await bench.get(`assigned${query}`, by)).body;
    const idsIn = (body: { assigned_requests: { id: string }[] }) =>
      body.assigned_requests.map(({ id }) => id);
    const totals = { total_processing: 1, total_overdue: 1 };
    const inTime = await list('');
    expect(inTime).toMatchObject({ total_assigned: 1, ...totals });
    expect(inTime.assigned_requests).toMatchObject([
      {
        id: ids[1],
        status: 'processing',
        time_remaining: 15 * 60,
        progress_percentage: 0,
        expected_payment: 3.5,
      },
    ]);
    const all = await list('?include_expired=true');
    expect([idsIn(all), all.total_assigned]).toEqual([ids, 2]);
    expect(all.assigned_requests[0]).toMatchObject({ status: 'overdue', time_remaining: 0 });
    const overdue = await list('?status=overdue');
    expect([idsIn(overdue), overdue.total_assigned]).toEqual([[ids[0]], 1]);
    expect(idsIn(await list('?status=processing&include_expired=true'))).toEqual([ids[1]]);
    expect(idsIn(await list('?include_expired=true&limit=1'))).toEqual([ids[0]]);
    expect(await list('', other)).toMatchObject({ assigned_requests: [], total_assigned: 0 });
    expect(idsIn(await list('?include_expired=true&limit=1000', bench.admin))).toEqual(
      expect.arrayContaining([...ids]),
    );
    expect((await bench.get('assigned?status=late', evaluator)).status).toBe(422);
    expect((await bench.get('assigned?limit=0', evaluator)).status).toBe(422);
  });
});
