import { expect, it } from '@jest/globals';
import { describeOriginal } from '../harness/original.js';

const CONFIG = { initial_user_password: 'password' };

describeOriginal(
  'the original’s behavioral suite',
  (app) => {
    const createUser = (username: string, role = 'client') =>
      app().request('POST', '/api/v1/admin/users', {
        apiKey: 'admin_key',
        body: { username, email: `${username}@test.com`, role },
      });
    const activate = (username: string) =>
      app().request('POST', `/api/v1/admin/users/${username}/activate`, { apiKey: 'admin_key' });
    const predict = (ticker: string, apiKey?: string) =>
      app().request('POST', '/api/v1/predict', {
        body: { ticker, model_name: 'default_model' },
        ...(apiKey !== undefined && { apiKey }),
      });
    const login = (username: string, password: string) =>
      app().request('POST', '/api/v1/auth/login', { body: { username, password } });

    it('takes a new user from creation over activation to a first prediction [B1]', async () => {
      const created = await createUser('newcomer');
      expect(created.status).toBe(201);
      expect(created.body).toMatchObject({ api_key: expect.any(String), is_active: false });
      expect((await activate('newcomer')).status).toBe(200);
      const predicted = await predict('AAPL', created.body.api_key as string);
      expect(predicted.status).toBe(201);
      expect(predicted.body).toMatchObject({
        prediction_id: expect.any(Number),
        status: 'pending',
        ticker: 'AAPL',
      });
    });

    it('lets a user change the password: the old one is refused, the new one lets in [B2]', async () => {
      const { api_key } = (await createUser('changer')).body;
      await activate('changer');
      const changed = await app().request('PUT', '/api/v1/users/password', {
        apiKey: api_key as string,
        body: { old_password: 'password', new_password: 'new_password_123' },
      });
      expect(changed.status).toBe(200);
      expect((await login('changer', 'password')).status).toBe(401);
      const { status, body } = await login('changer', 'new_password_123');
      expect(status).toBe(200);
      expect(body).toMatchObject({ access_token: expect.any(String) });
    });

    it('shows a prediction to its owner and to no other user [B3]', async () => {
      const { prediction_id } = (await predict('AAPL', 'client1_key')).body;
      const read = (apiKey: string) =>
        app().request('GET', `/api/v1/predictions/${prediction_id as number}`, { apiKey });
      expect((await read('client2_key')).status).toBe(403);
      const own = await read('client1_key');
      expect(own.status).toBe(200);
      expect(own.body.prediction_id).toBe(prediction_id);
    });

    it('lets an administrator manage users, but not predict [B4]', async () => {
      expect((await createUser('managed')).status).toBe(201);
      expect((await predict('AAPL', 'admin_key')).status).toBe(403);
    });

    it('lets a client predict, but not manage users [B5]', async () => {
      expect((await predict('AAPL', 'client_key')).status).toBe(201);
      const { status } = await app().request('POST', '/api/v1/admin/users', {
        apiKey: 'client_key',
        body: { username: 'sneaked', email: 'sneaked@test.com', role: 'client' },
      });
      expect(status).toBe(403);
    });

    it('shows administrators what was asked of the server [B6]', async () => {
      await predict('AAPL', 'audit_user_key');
      const { status, body } = await app().request('GET', '/api/v1/admin/logs', { apiKey: 'admin_key' });
      expect(status).toBe(200);
      expect(body.logs).toContainEqual(
        expect.objectContaining({ endpoint: '/api/v1/predict', method: 'POST', response_status_code: 201 }),
      );
    });

    it('takes or politely refuses each of fifteen predictions of one user [B7]', async () => {
      const statuses: number[] = [];
      for (let index = 0; index < 15; index += 1) {
        statuses.push((await predict(`STOCK${index}`, 'data_user_key')).status);
      }
      expect(statuses.filter((status) => status !== 201 && status !== 429)).toEqual([]);
      expect(statuses).toContain(201);
    });

    it('takes no markup for a ticker [B8]', async () => {
      const { status } = await predict('<script>alert("xss")</script>', 'test_key');
      expect(status).toBe(422);
    });

    it('keeps user management from callers without a key or with a bad one [B9]', async () => {
      expect((await app().request('GET', '/api/v1/admin/users')).status).toBe(401);
      expect((await app().request('GET', '/api/v1/admin/users', { apiKey: 'invalid_key' })).status).toBe(401);
    });

    it('takes a prediction of an anonymous caller [B10]', async () => {
      const { status, body } = await predict('AAPL');
      expect(status).toBe(201);
      expect(body).toMatchObject({ ticker: 'AAPL', status: 'pending' });
    });
  },
  CONFIG,
);
