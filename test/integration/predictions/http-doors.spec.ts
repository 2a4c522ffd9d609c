import { describe, expect, it } from '@jest/globals';
import { describeOnServers } from './prediction-server.js';
import type { OriginalKey } from '../../harness/original.js';

type Asker = OriginalKey | 'anonymous';
interface Statuses {
  readonly owned: number;
  readonly ownerless: number;
}

/** What each caller gets for a row of `client1` and for an ownerless one. */
const FLEXIBLE: readonly (readonly [Asker, Statuses])[] = [
  ['client1_key', { owned: 200, ownerless: 200 }],
  ['client2_key', { owned: 403, ownerless: 200 }],
  ['operator_key', { owned: 403, ownerless: 200 }],
  ['admin_key', { owned: 200, ownerless: 200 }],
  ['anonymous', { owned: 403, ownerless: 200 }],
];
const SECURE: readonly (readonly [Asker, Statuses])[] = [
  ['client1_key', { owned: 200, ownerless: 403 }],
  ['client2_key', { owned: 403, ownerless: 403 }],
  ['operator_key', { owned: 403, ownerless: 403 }],
  ['admin_key', { owned: 200, ownerless: 200 }],
  ['anonymous', { owned: 401, ownerless: 401 }],
];

const keyOf = (asker: Asker) => (asker === 'anonymous' ? {} : { apiKey: asker });

describeOnServers('the doors of predictions', (server) => {
  const create = async (asker: Asker, body: object = {}): Promise<number> => {
    const { status, body: created } = await server().submit({ body, ...keyOf(asker) });
    expect(status).toBe(201);
    return created.id as number;
  };
  const ask = async (method: string, path: string, asker: Asker): Promise<number> =>
    (await server().app.request(method, path, keyOf(asker))).status;

  describe.each([
    ['/api/v1/predictions', FLEXIBLE],
    ['/api/v1/secure/predictions', SECURE],
  ])('%s', (path, matrix) => {
    it.each(matrix)('answers %s by whose prediction it is', async (asker, expected) => {
      const [owned, ownerless] = [await create('client1_key'), await create('anonymous')];
      expect({
        owned: await ask('GET', `${path}/${owned}`, asker),
        ownerless: await ask('GET', `${path}/${ownerless}`, asker),
      }).toEqual(expected);
      expect({
        owned: await ask('DELETE', `${path}/${owned}`, asker),
        ownerless: await ask('DELETE', `${path}/${ownerless}`, asker),
      }).toEqual(expected);
      expect(await ask('GET', `/api/v1/predictions/${owned}`, 'admin_key')).toBe(
        expected.owned === 200 ? 404 : 200,
      );
    });

    it('tells an unknown id from a malformed one', async () => {
      for (const method of ['GET', 'DELETE']) {
        expect(await ask(method, `${path}/2147483647`, 'client1_key')).toBe(404);
        expect(await ask(method, `${path}/99999999999`, 'client1_key')).toBe(404);
        expect(await ask(method, `${path}/abc`, 'client1_key')).toBe(422);
        expect(await ask(method, `${path}/0`, 'client1_key')).toBe(404);
      }
    });
  });

  it.each([
    '/api/v1/predict',
    '/api/v1/predictions/',
    '/api/v1/secure/predictions/',
    '/api/v1/auth/predictions/',
  ])('takes a prediction at %s in both slash forms, owned by the caller', async (path) => {
    for (const form of [path.replace(/\/$/, ''), `${path.replace(/\/$/, '')}/`]) {
      const { status, body } = await server().submit({
        path: form,
        apiKey: 'user_key',
        body: { symbol: 'DOOR', target_column: 'Último' },
      });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        status: 'pending',
        symbol: 'DOOR',
        ticker: 'DOOR',
        result: { request: { symbol: 'DOOR', target_column: 'Último' } },
      });
      expect(body.id).toBe(body.prediction_id);
      expect(await ask('GET', `/api/v1/secure/predictions/${body.id as number}`, 'user_key')).toBe(200);
    }
  });

  it('refuses administrators at two doors and takes them at the others', async () => {
    const statusAt = async (path: string) => (await server().submit({ path, apiKey: 'admin_key' })).status;
    expect(await statusAt('/api/v1/predict')).toBe(403);
    expect(await statusAt('/api/v1/predictions/')).toBe(403);
    expect(await statusAt('/api/v1/secure/predictions/')).toBe(201);
    expect(await statusAt('/api/v1/auth/predictions/')).toBe(201);
  });

  it('tells a bad key by 401 or 403, as each door always did', async () => {
    const statusAt = async (path: string, key: string) =>
      (await server().submit({ path, headers: { 'X-API-KEY': key } })).status;
    expect(await statusAt('/api/v1/predict', 'bad')).toBe(401);
    expect(await statusAt('/api/v1/predict', '')).toBe(401);
    expect(await statusAt('/api/v1/predictions/', 'bad')).toBe(403);
    expect(await statusAt('/api/v1/predictions/', '')).toBe(403);
    expect(await statusAt('/api/v1/secure/predictions/', 'bad')).toBe(401);
    expect(await statusAt('/api/v1/secure/predictions/', '')).toBe(401);
  });

  it('answers 422 for a plugin that is not loaded, naming those that are', async () => {
    const { status, body } = await server().submit({ body: { feeder_plugin: 'nope' } });
    expect(status).toBe(422);
    expect(body.detail).toEqual([
      expect.objectContaining({
        loc: ['body', 'feeder_plugin'],
        ctx: expect.objectContaining({ known: expect.arrayContaining(['default_feeder']) }),
      }),
    ]);
  });

  it('takes exactly ten of thirty predictions that come at the same moment', async () => {
    server().hold();
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        server().submit({
          apiKey: 'data_user_key',
          path: index % 2 === 0 ? '/api/v1/predict' : '/api/v1/secure/predictions',
          body: { symbol: 'FLOOD' },
        }),
      ),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(10);
    expect(refused).toHaveLength(20);
    expect(await server().countOf('FLOOD')).toBe(10);
    expect(refused[0]?.headers.get('retry-after')).toBe('1');
    expect(refused[0]?.body.type).toMatch(/in-flight-limit$/);
  });

  it('lists in pages with links, beside the bare array', async () => {
    for (const symbol of ['P1', 'P2', 'P3', 'P4', 'P5']) await create('billing_user_key', { symbol });
    const page = async (query: string) => {
      const path = `/api/v1/predictions/${query}`;
      const { status, body, headers } = await server().app.get(path, { apiKey: 'billing_user_key' });
      expect(status).toBe(200);
      const symbols = (body as { symbol: string }[]).map(({ symbol }) => symbol).join(' ');
      return { symbols, link: headers.get('link'), total: headers.get('x-total-count') };
    };
    const at = (offset: number, rel: string) =>
      `</api/v1/predictions/?limit=2&offset=${offset}>; rel="${rel}"`;
    expect(await page('')).toEqual({ symbols: 'P1 P2 P3 P4 P5', link: null, total: '5' });
    expect(await page('?limit=2')).toEqual({ symbols: 'P1 P2', link: at(2, 'next'), total: '5' });
    expect(await page('?limit=2&offset=2')).toEqual({
      symbols: 'P3 P4',
      link: [at(4, 'next'), at(0, 'prev'), at(0, 'first')].join(', '),
      total: '5',
    });
    expect(await page('?limit=2&offset=4')).toMatchObject({
      symbols: 'P5',
      link: `${at(2, 'prev')}, ${at(0, 'first')}`,
    });
    expect(await page('?offset=3')).toMatchObject({ symbols: 'P4 P5', link: null });
    for (const query of ['limit=0', 'limit=1001', 'offset=-1', 'limit=x']) {
      expect(await ask('GET', `/api/v1/predictions/?${query}`, 'billing_user_key')).toBe(422);
    }
  });

  describe('the legacy endpoints', () => {
    const predict = (body: object, asker: Asker = 'anonymous') =>
      server().app.request('POST', '/predict', { body, ...keyOf(asker) });
    const status = (id: string, asker: Asker = 'anonymous') =>
      server().app.get(`/status/${encodeURIComponent(id)}`, keyOf(asker));

    it('work together: what one answers, the other takes', async () => {
      const { body } = await predict({ instrument: 'EUR_USD', timeframe: 'H1' });
      const taskId = body.prediction_id as string;
      expect(taskId).toMatch(/^[0-9a-f-]{36}$/);
      const [row] = await server().app.database.query<{ id: number }>(
        `SELECT id FROM predictions WHERE task_id = '${taskId}'`,
      );
      await server().until(row?.id ?? 0, 'completed');
      const byTask = await status(taskId);
      expect(byTask.body).toMatchObject({
        prediction_id: taskId,
        status: 'completed',
        prediction: expect.any(Array),
        uncertainty: expect.any(Array),
        result: { request: { symbol: 'EUR_USD', interval: 'H1' }, prediction: byTask.body.prediction },
      });
      const byNumber = await status(` ${row?.id} `);
      expect(byNumber.body).toEqual({ ...byTask.body, prediction_id: ` ${row?.id} ` });
    });

    it('take an id of the caller once', async () => {
      const prediction_id = 'desk-7:2026-01-05';
      expect((await predict({ prediction_id })).body).toMatchObject({ prediction_id, status: 'pending' });
      const again = await predict({ prediction_id });
      expect(again.status).toBe(409);
      expect(again.body.type).toMatch(/task-id-used$/);
    });

    it('keep the owner and the question', async () => {
      const { body } = await predict(
        { parameters: { plugin: 'random_walk_predictor', n_steps: 60 } },
        'client1_key',
      );
      const taskId = body.prediction_id as string;
      expect((await status(taskId)).status).toBe(403);
      expect((await status(taskId, 'client2_key')).status).toBe(403);
      const own = await status(taskId, 'client1_key');
      expect(own.status).toBe(200);
      expect(own.body.result.request).toMatchObject({
        symbol: 'EUR_USD',
        predictor_plugin: 'random_walk_predictor',
      });
    });

    it.each([
      [{ instrument: '<b>' }, 422],
      [{ parameters: null }, 422],
      [{ parameters: { plugin: 'nope' } }, 422],
      [{ prediction_id: '17' }, 422],
      [[], 422],
    ])('answer %j with %i', async (body, expected) => {
      expect((await predict(body)).status).toBe(expected);
    });

    it('tell an unknown id from one that can be none', async () => {
      expect((await status('2147483647')).status).toBe(404);
      expect((await status('some-task')).status).toBe(404);
      expect((await status("1' OR '1'='1")).status).toBe(400);
      expect((await status("1' OR '1'='1")).body.detail).toBe('Invalid prediction ID');
    });
  });
});
