import type { Role } from '#libs/http';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { OrderTerms } from '../../../src/marketplace/marketplace.port.js';
import type { Account } from '../../security/accounts.js';
import { EvaluatorBench, HOUR_MS, MINUTE_MS } from './evaluator-bench.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

/** Name, what is asked, and the evaluator's share of the price: 70 % of 5, 12 or 8 USD and what comes on top. */
const ASKED: readonly (readonly [name: string, Partial<OrderTerms>])[] = [
  ['plain', {}], // 3.50, low
  ['long', { predictionType: 'long_term', priority: 7, predictionHorizon: 8 }], // 8.40, medium
  ['custom', { predictionType: 'custom', priority: 1, symbol: 'EURUSD' }], // 5.60, low
  ['far', { predictionHorizon: 24, priority: 5, predictorPlugin: 'noisy_ideal_predictor' }], // 4.20, high
  ['urgent', { priority: 10, symbol: 'EURUSD' }], // 4.375, low
];

describe.each(DATABASE_KINDS)('orders that wait [%s]', (kind) => {
  let bench: EvaluatorBench;
  let evaluator: Account;
  const names = new Map<string, string>();
  beforeAll(async () => {
    bench = await EvaluatorBench.open(kind);
    evaluator = await bench.evaluator();
    for (const [name, changes] of ASKED) {
      names.set((await bench.ask(changes)).id, name);
      bench.clock.jump(1_000);
    }
  }, 60_000);
  afterAll(() => bench.close());

  const list = async (query = '', by: { apiKey: string } = evaluator) => {
    const { status, body } = await bench.get(`pending${query}`, by);
    expect(status).toBe(200);
    const found = body.pending_requests as { id: string }[];
    return { body, names: found.map(({ id }) => names.get(id) ?? id) };
  };

  it('are shown with all that decides whether to take them', async () => {
    const { body } = await list('?symbol=SP500&prediction_type=long_term');
    const [id] = [...names.keys()].filter((one) => names.get(one) === 'long');
    expect(body).toEqual({
      pending_requests: [
        {
          id,
          task_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          symbol: 'SP500',
          prediction_type: 'long_term',
          datetime_requested: expect.stringMatching(/Z$/),
          lookback_ticks: 1_000,
          predictor_plugin: 'default_predictor',
          feeder_plugin: 'default_feeder',
          pipeline_plugin: 'default_pipeline',
          model_name: 'default_predictor',
          interval: '1d',
          prediction_horizon: 8,
          priority: 7,
          estimated_payment: 8.4,
          currency: 'USD',
          estimated_effort: 'medium',
          data_complexity: null,
          client_tier: 'basic',
          created_at: '2026-01-14T12:00:01.000Z',
          expires_at: '2026-01-15T12:00:01.000Z',
          requirements: { gpu_required: false, memory_gb: 4, processing_timeout: 300 },
        },
      ],
      total_pending: 1,
      estimated_queue_time: null,
      payment_range: { min: 8.4, max: 8.4, average: 8.4 },
    });
  });

  it.each([
    ['', ['urgent', 'long', 'plain', 'far', 'custom']],
    ['?order=asc', ['custom', 'plain', 'far', 'long', 'urgent']],
    ['?sort=created_at', ['urgent', 'far', 'custom', 'long', 'plain']],
    ['?sort=created_at&order=asc', ['plain', 'long', 'custom', 'far', 'urgent']],
    ['?sort=payment', ['long', 'custom', 'urgent', 'far', 'plain']],
    ['?sort=payment&order=asc', ['plain', 'far', 'urgent', 'custom', 'long']],
    ['?sort=effort', ['far', 'long', 'urgent', 'plain', 'custom']],
    ['?sort=effort&order=asc', ['urgent', 'plain', 'custom', 'long', 'far']],
    ['?prediction_type=custom', ['custom']],
    ['?symbol=EURUSD', ['urgent', 'custom']],
    ['?symbol=EUR', []],
    ['?min_priority=7', ['urgent', 'long']],
    ['?max_priority=5', ['plain', 'far', 'custom']],
    ['?min_priority=5&max_priority=5', ['plain', 'far']],
    ['?min_payment=5.6', ['long', 'custom']],
    ['?max_payment=4.2', ['plain', 'far']],
    ['?min_payment=4&max_payment=6&sort=payment', ['custom', 'urgent', 'far']],
    ['?predictor_plugin=noisy_ideal_predictor', ['far']],
    ['?symbol=SP500&min_priority=6&prediction_type=long_term&min_payment=8', ['long']],
  ])('are filtered and ordered by the query "%s"', async (query, expected) => {
    const { body, names: found } = await list(query);
    expect(found).toEqual(expected);
    expect(body.total_pending).toBe(expected.length);
  });

  it('are counted whatever the page, and their payments with them', async () => {
    const { body, names: found } = await list('?sort=payment&limit=2&offset=1');
    expect(found).toEqual(['custom', 'urgent']);
    expect(body).toMatchObject({
      total_pending: 5,
      payment_range: { min: 3.5, max: 8.4, average: 5.22 },
    });
    expect((await list('?symbol=NONE')).body).toMatchObject({
      total_pending: 0,
      payment_range: { min: 0, max: 0, average: 0 },
    });
  });

  it('are told apart by effort', async () => {
    const { body } = await list('?sort=effort');
    const [far, long] = body.pending_requests;
    expect(far).toMatchObject({ estimated_effort: 'high', requirements: { memory_gb: 8 } });
    expect(long).toMatchObject({ estimated_effort: 'medium', requirements: { memory_gb: 4 } });
  });

  it.each([
    'prediction_type=medium_term',
    'sort=size',
    'order=up',
    'limit=0',
    'limit=101',
    'offset=-1',
    'min_priority=0',
    'max_priority=11',
    'min_priority=6&max_priority=5',
    'min_payment=-1',
    'max_payment=lots',
    'min_payment=2&max_payment=1',
    `symbol=${'X'.repeat(33)}`,
    'predictor_plugin=',
  ])('are not looked for with %s', async (query) => {
    const { status, body } = await bench.get(`pending?${query}`, evaluator);
    expect([status, body.detail[0].loc[0]]).toEqual([422, 'query']);
  });

  it('are for evaluators and administrators only', async () => {
    const roles: Role[] = ['client', 'provider', 'operator', 'guest'];
    const paths = [
      ['GET', 'pending'],
      ['GET', 'assigned'],
      ['GET', 'stats'],
      ['POST', 'claim/x'],
      ['POST', 'submit/x'],
      ['POST', 'release/x'],
      ['PUT', 'progress/x'],
    ] as const;
    for (const role of roles) {
      const { apiKey } = await bench.accounts.make(role);
      for (const [method, path] of paths) {
        const answer = await bench.app.request(method, `/api/v1/evaluator/${path}`, {
          apiKey,
          ...(method !== 'GET' && { body: {} }),
        });
        expect([path, answer.status, answer.body.detail]).toEqual([
          path,
          403,
          'Insufficient permissions. Required roles: evaluator, administrator, admin',
        ]);
      }
    }
    for (const role of ['administrator', 'admin'] as const)
      expect((await list('', await bench.accounts.make(role))).body.total_pending).toBe(5);
  });

  it('are hidden from whoever asked for them or released them just now', async () => {
    const { id } = await bench.ask({}, evaluator);
    expect((await list()).names).not.toContain(id);
    const other = await bench.evaluator();
    expect((await list('', other)).names).toContain(id);
    await bench.claim(id, other);
    expect((await list('', other)).names).not.toContain(id);
    await bench.release(id, other);
    expect((await list('', other)).names).not.toContain(id);
    bench.clock.jump(5 * MINUTE_MS);
    expect((await list('', other)).names).toContain(id);
  });

  it('tell how long a new one would wait once there is experience, and end when they are too old', async () => {
    const { id } = await bench.ask({ priority: 10 });
    await bench.claim(id, evaluator);
    await bench.clock.advance(4 * MINUTE_MS);
    expect((await bench.submit(id, evaluator)).status).toBe(200);
    const { body } = await list();
    expect(body.estimated_queue_time).toMatch(/^(less than a minute|about \d+ (minutes?|hours))$/);
    bench.clock.jump(24 * HOUR_MS);
    expect((await list()).body).toMatchObject({ pending_requests: [], total_pending: 0 });
  });
});
