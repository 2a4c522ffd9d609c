import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { answer, ClientDesk, MINUTE, NOW, ROOT } from './client-desk.js';
import type { DatabaseKind } from '../../harness/databases.js';

const at = (minutes: number): string => encodeURIComponent(new Date(NOW + minutes * MINUTE).toISOString());

describe.each(['sqlite', 'postgres'] as const)('listing orders [%s]', (database: DatabaseKind) => {
  let desk: ClientDesk;
  /** Ids by name. */
  const made: Record<string, string> = {};
  const nameOf = (id: string): string => Object.keys(made).find((name) => made[name] === id) ?? id;

  /** Five orders a minute apart, of every state that a client can bring about. */
  beforeAll(async () => {
    desk = await ClientDesk.start(database);
    made['waiting'] = await desk.submitted({ priority: 2 });
    desk.clock.jump(MINUTE);
    made['claimed'] = await desk.submitted({ symbol: 'EURUSD', priority: 9 });
    desk.clock.jump(MINUTE);
    made['cancelled'] = await desk.submitted({ symbol: 'EURUSD', prediction_type: 'custom', priority: 3 });
    desk.clock.jump(MINUTE);
    made['early'] = await desk.submitted({ prediction_type: 'long_term', priority: 6 });
    desk.clock.jump(MINUTE);
    made['late'] = await desk.submitted({
      prediction_type: 'long_term',
      prediction_horizon: 11,
      priority: 7,
    });
    await desk.submitted({}, 'client2_key');
    await desk.claim(made['claimed']);
    await desk.complete(made['early']);
    desk.clock.jump(MINUTE);
    await desk.send('DELETE', `/${made['cancelled']}`);
    desk.clock.jump(MINUTE);
    await desk.complete(made['late'], answer(11));
  }, 60_000);
  afterAll(() => desk.close());

  const names = async (query: string): Promise<string[]> => {
    const { status, body } = await desk.get(`/?${query}`);
    expect(status).toBe(200);
    return body.predictions.map(({ id }: { id: string }) => nameOf(id));
  };

  it('shows own orders, newest first, with all that a line has', async () => {
    expect(await names('')).toEqual(['late', 'early', 'cancelled', 'claimed', 'waiting']);
    const { body } = await desk.get('/?status=cancelled');
    expect(body).toEqual({
      predictions: [
        {
          id: made['cancelled'],
          task_id: expect.any(String),
          status: 'cancelled',
          symbol: 'EURUSD',
          prediction_type: 'custom',
          priority: 3,
          estimated_cost: 8,
          actual_cost: null,
          currency: 'USD',
          created_at: new Date(NOW + 2 * MINUTE).toISOString(),
          completed_at: new Date(NOW + 5 * MINUTE).toISOString(),
        },
      ],
      total_count: 1,
      page: 1,
      pages: 1,
      has_next: false,
      has_prev: false,
    });
  });

  it.each([
    ['status=pending', ['waiting']],
    ['status=processing', ['claimed']],
    ['status=completed', ['late', 'early']],
    ['status=failed', []],
    ['symbol=EURUSD', ['cancelled', 'claimed']],
    ['symbol=EUR', []],
    ['prediction_type=long_term', ['late', 'early']],
    ['prediction_type=short_term&status=pending', ['waiting']],
    [`start_date=${at(2)}`, ['late', 'early', 'cancelled']],
    [`end_date=${at(1)}`, ['claimed', 'waiting']],
    [`start_date=${at(1)}&end_date=${at(3)}`, ['early', 'cancelled', 'claimed']],
    ['start_date=2023-03-14T09:34:00', ['late']],
    ['unknown=1', ['late', 'early', 'cancelled', 'claimed', 'waiting']],
  ])('filters by %s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it.each([
    ['sort=created_at&order=asc', ['waiting', 'claimed', 'cancelled', 'early', 'late']],
    ['sort=completed_at&order=asc', ['early', 'cancelled', 'late', 'claimed', 'waiting']],
    ['sort=completed_at', ['late', 'cancelled', 'early', 'claimed', 'waiting']],
    ['sort=priority', ['claimed', 'late', 'early', 'cancelled', 'waiting']],
    ['sort=priority&order=asc', ['waiting', 'cancelled', 'early', 'late', 'claimed']],
    ['sort=cost', ['late', 'early', 'cancelled', 'claimed', 'waiting']],
    ['sort=cost&order=asc', ['waiting', 'claimed', 'cancelled', 'early', 'late']],
  ])('sorts by %s', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it('goes through the pages by its links, each order once', async () => {
    const seen: string[] = [];
    let path: string | undefined = '/?limit=2&sort=priority';
    const pages: unknown[] = [];
    while (path !== undefined) {
      const { body, headers } = await desk.get(path);
      seen.push(...body.predictions.map(({ id }: { id: string }) => nameOf(id)));
      pages.push([body.page, body.pages, body.total_count, body.has_next, body.has_prev]);
      expect(headers.get('x-total-count')).toBe('5');
      path = /<([^>]+)>; rel="next"/.exec(headers.get('link') ?? '')?.[1]?.replace(ROOT, '');
    }
    expect(seen).toEqual(['claimed', 'late', 'early', 'cancelled', 'waiting']);
    expect(pages).toEqual([
      [1, 3, 5, true, false],
      [2, 3, 5, true, true],
      [3, 3, 5, false, true],
    ]);
  });

  it('is empty without pages when nothing matches', async () => {
    const { body } = await desk.get('/?symbol=NOTHING');
    expect(body).toEqual({
      predictions: [],
      total_count: 0,
      page: 1,
      pages: 0,
      has_next: false,
      has_prev: false,
    });
  });

  it('shows everybody’s to administrators and operators, nobody else’s to others', async () => {
    const totals = [];
    for (const apiKey of ['admin_key', 'operator_key', 'client2_key', 'provider_key'] as const)
      totals.push((await desk.get('/', apiKey)).body.total_count);
    expect(totals).toEqual([6, 6, 1, 0]);
    expect((await desk.app.get(`${ROOT}/`)).status).toBe(401);
  });

  it.each([
    'status=open',
    'prediction_type=medium_term',
    'start_date=yesterday',
    'limit=0',
    'limit=101',
    'offset=-1',
    'sort=symbol',
    'order=up',
    `start_date=${at(2)}&end_date=${at(1)}`,
  ])('refuses %s', async (query) => {
    const { status, body } = await desk.get(`/?${query}`);
    expect([status, body.detail[0].loc]).toEqual([422, ['query', query.split('=')[0]]]);
  });
});
