import { type HttpAnswer } from '#libs/testing';
import { expect, it } from '@jest/globals';
import { describeOriginal } from '../harness/original.js';

/** Work is paused, so that predictions are in flight long enough to reach the limit [P9] and keep their status [P16]. */
const CONFIG = { initial_user_password: 'password', skip_background_tasks: true };
const MEGABYTE = 1024 * 1024;

describeOriginal(
  'the original’s production suite',
  (app) => {
    const createUser = (username: string, role = 'client') =>
      app().request('POST', '/api/v1/admin/users', {
        apiKey: 'admin_key',
        body: { username, email: `${username}@test.com`, role },
      });
    const activate = (username: string) =>
      app().request('POST', `/api/v1/admin/users/${username}/activate`, { apiKey: 'admin_key' });
    /** A new active user's key. */
    const newKey = async (username: string, role?: string): Promise<string> => {
      const { status, body } = await createUser(username, role);
      expect(status).toBe(201);
      expect((await activate(username)).status).toBe(200);
      return body.api_key as string;
    };
    const login = (username: string, password: string) =>
      app().request('POST', '/api/v1/auth/login', { body: { username, password } });
    const predict = (ticker: string, apiKey: string): Promise<HttpAnswer> =>
      app().request('POST', '/api/v1/predict', { apiKey, body: { ticker, model_name: 'default_model' } });
    const admin = (path: string) => app().request('GET', `/api/v1/admin/${path}`, { apiKey: 'admin_key' });

    it('lets a user in after activation only [P1]', async () => {
      expect((await createUser('testuser')).status).toBe(201);
      expect((await login('testuser', 'password')).status).toBe(401);
      expect((await activate('testuser')).status).toBe(200);
      const { status, body } = await login('testuser', 'password');
      expect(status).toBe(200);
      expect(body).toMatchObject({ access_token: expect.any(String), token_type: 'bearer' });
    });

    it('lets a user change the first password [P2]', async () => {
      const apiKey = await newKey('pwduser');
      const { status } = await app().request('PUT', '/api/v1/users/password', {
        apiKey,
        body: { old_password: 'password', new_password: 'newpassword123' },
      });
      expect(status).toBe(200);
    });

    it('gives each role its rights [P3]', async () => {
      const client = await newKey('role_client', 'client');
      const administrator = await newKey('role_admin', 'admin');
      const operator = await newKey('role_operator', 'operator');
      const get = async (path: string, apiKey: string) =>
        (await app().request('GET', path, { apiKey })).status;
      expect(await get('/api/v1/admin/users', client)).toBe(403);
      expect(await get('/api/v1/admin/users', administrator)).toBe(200);
      expect(await get('/api/v1/admin/logs', operator)).toBe(200);
    });

    it('keeps a client’s prediction from another client [P4]', async () => {
      const { id } = (await predict('AAPL', 'client1_key')).body;
      const { status } = await app().request('GET', `/api/v1/predictions/${id as number}`, {
        apiKey: 'client2_key',
      });
      expect(status).toBe(403);
    });

    it('keeps who predicted what, when, from where and how long it took [P5]', async () => {
      await predict('AAPL', 'audit_user_key');
      const { status, body } = await admin('logs?user=audit_user');
      expect(status).toBe(200);
      const rows = (body.logs as { endpoint: string }[]).filter(
        ({ endpoint }) => endpoint === '/api/v1/predict',
      );
      expect(rows).toEqual([
        expect.objectContaining({
          user_id: expect.any(Number),
          request_timestamp: expect.any(String),
          response_time_ms: expect.any(Number),
          request_payload: expect.objectContaining({ ticker: 'AAPL' }),
          ip_address: '127.0.0.1',
        }),
      ]);
    });

    it('keeps failed logins [P6]', async () => {
      await login('nobody1', 'wrong1');
      await login('nobody2', 'wrong2');
      const { status, body } = await admin('logs?endpoint=/api/v1/auth/login');
      expect(status).toBe(200);
      const failed = (body.logs as { response_status_code: number }[]).filter(
        (row) => row.response_status_code === 401,
      );
      expect(failed.length).toBeGreaterThanOrEqual(2);
    });

    it('counts what a user used [P7]', async () => {
      for (let index = 0; index < 5; index += 1) {
        expect((await predict(`USE${index}`, 'billing_user_key')).status).toBe(201);
      }
      const { status, body } = await admin('usage/billing_user');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        total_requests: expect.any(Number),
        total_predictions: 5,
        total_processing_time_ms: expect.any(Number),
        cost_estimate: expect.any(Number),
      });
      expect(body.total_requests).toBeGreaterThanOrEqual(5);
    });

    it('lets nobody delete or change a log row, administrators neither [P8]', async () => {
      const path = '/api/v1/admin/logs/1';
      expect((await app().request('DELETE', path, { apiKey: 'admin_key' })).status).toBe(405);
      const changed = await app().request('PUT', path, {
        apiKey: 'admin_key',
        body: { endpoint: '/changed' },
      });
      expect(changed.status).toBe(405);
    });

    it('takes as many predictions at once as allowed and refuses the others with 429 [P9]', async () => {
      const answers = await Promise.all(
        Array.from({ length: 15 }, (_, index) => predict(`MANY${index}`, 'integrity_user_key')),
      );
      const statuses = answers.map(({ status }) => status).sort();
      expect(statuses).toEqual([...Array<number>(10).fill(201), ...Array<number>(5).fill(429)]);
    });

    it('answers an unknown key at once [P10]', async () => {
      expect((await predict('AAPL', 'unknown_key')).status).toBe(401);
    });

    it('answers fifty readers on twenty connections [P11]', async () => {
      const statuses: number[] = [];
      let left = 50;
      const reader = async (): Promise<void> => {
        while (left > 0) {
          left -= 1;
          const { status } = await app().request('GET', '/api/v1/predictions/', { apiKey: 'test_key' });
          statuses.push(status);
        }
      };
      await Promise.all(Array.from({ length: 20 }, reader));
      expect(statuses).toEqual(Array<number>(50).fill(200));
    });

    it('does not grow with a hundred refused predictions [P12]', async () => {
      const before = process.memoryUsage().rss;
      for (let index = 0; index < 100; index += 1) {
        expect((await predict(`LEAK${index}`, 'bad_key')).status).toBe(401);
      }
      expect(process.memoryUsage().rss - before).toBeLessThan(100 * MEGABYTE);
    });

    it('takes no markup for a ticker [P14]', async () => {
      expect((await predict('<script>alert("xss")</script>', 'test_key')).status).toBe(422);
    });

    it('lets a client neither list users nor promote itself [P15]', async () => {
      const listed = await app().request('GET', '/api/v1/admin/users', { apiKey: 'client_key' });
      expect(listed.status).toBe(403);
      const promoted = await app().request('PUT', '/api/v1/users/profile', {
        apiKey: 'client_key',
        body: { role: 'admin' },
      });
      expect(promoted.status).toBe(403);
    });

    it('gives the same answer each time a prediction is read, one after another and all at once [P16]', async () => {
      const { prediction_id } = (await predict('AAPL', 'data_user_key')).body;
      const read = () =>
        app().request('GET', `/api/v1/predictions/${prediction_id as number}`, { apiKey: 'data_user_key' });
      const answers: HttpAnswer[] = [];
      for (let index = 0; index < 5; index += 1) answers.push(await read());
      answers.push(...(await Promise.all(Array.from({ length: 10 }, read))));
      for (const { status, body } of answers) {
        expect(status).toBe(200);
        expect(body).toMatchObject({ prediction_id, status: 'pending', ticker: 'AAPL' });
      }
    });

    it('is let in neither by SQL nor by guessing [P13]', async () => {
      expect((await login("admin' OR '1'='1", 'x')).status).toBe(401);
      const statuses: number[] = [];
      for (let index = 0; index < 10; index += 1) {
        statuses.push((await login('admin_user', `guess${index}`)).status);
      }
      expect(statuses).toEqual([401, 401, 401, ...Array<number>(7).fill(429)]);
    });
  },
  CONFIG,
);
