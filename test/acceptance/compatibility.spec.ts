import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually, type HttpAnswer } from '#libs/testing';
import { expect, it } from '@jest/globals';
import { describeOriginal } from '../harness/original.js';
import { runFolder } from '../harness/test-resources.js';
import { FOURTEEN_BARS } from '../unit/predictors/predictor-context.js';

const csv_file = join(runFolder(), `compatibility-bars-${process.pid}.csv`);
writeFileSync(csv_file, FOURTEEN_BARS);

/** What a moved installation sets; everything else is the switch's. */
const MOVED = {
  compatibility: 'original',
  core_plugin: 'sync_core',
  predictor_plugin: 'direction_ideal_oracle',
  csv_file,
  initial_user_password: 'password',
  max_concurrent_predictions: 3,
  // Predictions of POST /api/v1/predict stay in flight, so that the limit is met.
  skip_background_tasks: true,
};

const FUTURE = '2999-01-01T00:00:00Z';
const MISSING_ID = '00000000-0000-4000-8000-000000000000';
const PROBLEM = 'urn:prediction-provider:problem:';

describeOriginal(
  'with compatibility=original, the clients of the original',
  (app) => {
    const call = (
      method: string,
      path: string,
      body?: unknown,
      apiKey?: string,
      headers: Readonly<Record<string, string>> = {},
    ) =>
      app().request(method, path, {
        ...(body !== undefined && { body }),
        ...(apiKey !== undefined && { apiKey }),
        headers,
      });
    /** The whole body is what the original answered. */
    const expectError = (answer: HttpAnswer, status: number, detail: unknown) => {
      expect([answer.status, answer.body]).toEqual([status, { detail }]);
      expect(answer.headers.get('content-type')).toMatch(/^application\/json(?:;|$)/);
      expect(answer.headers.get('x-problem-type')).toContain(PROBLEM);
    };
    const entry = (datetime: string, tp: number, sl: number) =>
      call('POST', '/api/v1/predict/entry', { datetime, tp, sl });
    const setNoise = (noise_std: number) => call('POST', '/api/v1/predict/set_noise', { noise_std });
    const metrics = () => call('GET', '/api/v1/predict/metrics');

    it('ask a model for its window, and get the original’s', async () => {
      const { status, body } = await call('GET', '/api/v1/model/info');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        model_name: 'direction_ideal_oracle',
        window_size: 256,
        horizon_mode: 'original',
        noise_mode: 'sequential',
      });
    });

    it.each([
      ['10.01.2024 08:00:00.000', 40, 100, 1, 0, 7],
      ['10.01.2024 08:00:00.000', 60, 110, 0, 0, 7],
      ['12.01.2024 20:00:00.000', 100, 100, 0, 1, 1],
      ['12.01.2024 21:00:00.000', 100, 100, 0, 1, 2],
      ['15.01.2024 00:00:00.000', 100, 300, 0, 1, 2],
      ['15.01.2024 01:00:00.000', 100, 300, 1, 0, 6],
      ['14.01.2024 12:00:00.000', 60, 300, 0, 1, 2],
    ])(
      'back-test an entry at %s with tp %d and sl %d: %d/%d, %d bars left',
      async (datetime, tp, sl, buy, sell, left) => {
        expect((await setNoise(0)).text).toBe('{"noise_std":0.0,"status":"ok"}');
        expect((await entry(datetime, tp, sl)).text).toBe(
          `{"buy_entry_binary":${buy},"sell_entry_binary":${sell},"bars_remaining":${left},"buy_confidence":1.0,"sell_confidence":1.0}`,
        );
      },
    );

    it('back-test exits, and hear of a wrong moment and direction in the original’s words', async () => {
      const ask = (more: object = {}) =>
        call('POST', '/api/v1/predict/exit', {
          datetime: '10.01.2024 08:00:00.000',
          direction: 'buy',
          tp_price: 1.1005,
          sl_price: 1.099,
          ...more,
        });
      expect((await ask()).text).toBe('{"exit_binary":1,"exit_confidence":1.0}');
      expect((await ask({ direction: 'SELL', tp_price: 1.0995, sl_price: 1.1006 })).body.exit_binary).toBe(0);
      expectError(await ask({ datetime: '2024-01-10' }), 400, 'Invalid timestamp format: 2024-01-10');
      expectError(await ask({ direction: 'up' }), 400, "Invalid direction: up. Use 'buy' or 'sell'.");
      expectError(await ask({ tp_price: 'far' }), 422, [
        expect.objectContaining({ type: 'float_parsing', loc: ['body', 'tp_price'], input: 'far' }),
      ]);
    });

    it('sweep the noise without a key, each step from the same numbers as in NumPy', async () => {
      const sweep = async () => {
        await setNoise(1);
        await entry('10.01.2024 08:00:00.000', 40, 100);
        await entry('12.01.2024 20:00:00.000', 100, 100);
        await entry('15.01.2024 01:00:00.000', 100, 300);
        return (await metrics()).body;
      };
      // default_rng(42): 0.30, -1.04, 0.75, 0.94, -1.95, -1.30 on the truths 1, 0, 0, 1, 1, 0.
      const third = 0.666667;
      const counted = { tp: 2, fp: 1, tn: 2, fn: 1, total_predictions: 6 };
      const rates = { precision: third, recall: third, f1: third, accuracy: third, noise_std: 1 };
      expect(await sweep()).toEqual({ ...counted, ...rates });
      expect(await sweep()).toEqual({ ...counted, ...rates });
      expect((await setNoise(0)).status).toBe(200);
      expect((await metrics()).body).toMatchObject({ total_predictions: 0, noise_std: 0 });
    });

    it('call from pages of any origin', async () => {
      const origin = { Origin: 'https://anywhere.example' };
      const preflight = { ...origin, 'Access-Control-Request-Method': 'POST' };
      const asked = await call('OPTIONS', '/api/v1/predict', undefined, undefined, preflight);
      expect([asked.status, asked.text]).toEqual([200, 'OK']);
      const answer = await call('GET', '/health', undefined, undefined, origin);
      expect(answer.headers.get('access-control-allow-origin')).toBe('*');
      expect(answer.body).toEqual({ status: 'ok' });
    });

    it('predict, poll, and find nothing after a deletion [A3, A4, A8]', async () => {
      const made = await call('POST', '/api/v1/predictions/', {
        symbol: 'NVDA',
        interval: '1d',
        predictor_plugin: 'default_predictor',
        favourite_colour: 'blue',
      });
      expect([made.status, made.body.status]).toEqual([201, 'pending']);
      expect(made.body).not.toHaveProperty('warnings');
      expect(made.headers.get('x-warnings')).toContain('favourite_colour');
      const path = `/api/v1/predictions/${made.body.id as number}`;
      await eventually('the prediction completed', async () => {
        const { body } = await call('GET', path);
        return body.status === 'completed' && body.result.prediction.length > 0;
      });
      expect((await call('DELETE', path)).body).toEqual({ message: 'Prediction deleted successfully' });
      expectError(await call('GET', path), 404, 'Prediction not found');
      expectError(await call('GET', '/api/v1/predictions/0'), 404, 'Prediction not found');
      expectError(await call('GET', '/api/v1/nothing'), 404, 'Not Found');
      expectError(await call('PATCH', path), 405, 'Method Not Allowed');
    });

    it('predict over an interval that the data do not have, which fails with the reason [A6]', async () => {
      const made = await call('POST', '/api/v1/predictions/', {
        symbol: 'TSLA',
        interval: '30m',
        predictor_plugin: 'default_predictor',
      });
      expect([made.status, made.body.status]).toEqual([201, 'pending']);
      await eventually('the prediction failed', async () => {
        const { body } = await call('GET', `/api/v1/predictions/${made.body.id as number}`);
        return body.status === 'failed' && /30m/.test(body.result.error as string);
      });
    });

    it('predict in the old way [A1, A2]', async () => {
      const made = await call('POST', '/predict', {
        instrument: 'EUR_USD',
        timeframe: 'H1',
        prediction_id: 'chosen-by-the-client',
        parameters: { n_steps: 60, plugin: 'default_predictor' },
      });
      expect(made.body).toEqual({
        prediction_id: 'chosen-by-the-client',
        status: 'pending',
        message: expect.any(String),
      });
      await eventually('the old prediction completed', async () => {
        const { body } = await call('GET', '/status/chosen-by-the-client');
        return body.status === 'completed' && body.prediction.length === body.uncertainty.length;
      });
    });

    it('are let in, and refused, in the original’s words [B2, P1, S16]', async () => {
      const login = (password: string) =>
        call('POST', '/api/v1/auth/login', { username: 'moved_user', password });
      const account = { username: 'moved_user', email: 'moved_user@test.com', role: 'client' };
      const made = await call('POST', '/api/v1/admin/users', account, 'admin_key');
      expect([made.status, made.body.is_active]).toEqual([201, false]);
      expectError(await login('password'), 401, 'User account is not active');
      const activate = '/api/v1/admin/users/moved_user/activate';
      expect((await call('POST', activate, undefined, 'admin_key')).status).toBe(200);
      expectError(await login('wrong'), 401, 'Invalid username or password');
      expect((await login('password')).body).toMatchObject({ token_type: 'bearer' });
      const key = made.body.api_key as string;
      const change = (old_password: string) =>
        call('PUT', '/api/v1/users/password', { old_password, new_password: 'another-password' }, key);
      expectError(await change('wrong'), 400, 'Invalid old password');
      expect((await change('password')).body).toEqual({ message: 'Password changed successfully' });
      expectError(await call('GET', '/api/v1/predictions/', undefined, 'unknown'), 403, 'Invalid API key');
      expectError(await call('GET', '/api/v1/users/profile'), 401, 'API key required');
      expectError(
        await call('GET', '/api/v1/admin/logs', undefined, 'test_key'),
        403,
        'Insufficient permissions. Required roles: administrator, admin, operator',
      );
      expectError(
        await call('DELETE', '/api/v1/admin/logs/1', undefined, 'admin_key'),
        405,
        'Audit logs cannot be deleted',
      );
    });

    it('keep to the limit of running predictions [P9], and to a role that predicts', async () => {
      const predict = (apiKey: string) =>
        call('POST', '/api/v1/predict', { ticker: 'AAPL', model_name: 'default_predictor' }, apiKey);
      expectError(await predict('admin_key'), 403, 'Admin users cannot create predictions');
      const answers = await Promise.all(Array.from({ length: 8 }, () => predict('user_key')));
      const refused = answers.filter(({ status }) => status === 429);
      expect([answers.length - refused.length, refused.length]).toEqual([3, 5]);
      for (const answer of refused) {
        expectError(answer, 429, 'Too many concurrent predictions. Please wait for some to complete.');
      }
    });

    it('order, change and cancel in the original’s words', async () => {
      const order = (more: object = {}) =>
        call(
          'POST',
          '/api/v1/client/predict',
          { symbol: 'EURUSD', prediction_type: 'short_term', datetime_requested: FUTURE, ...more },
          'client1_key',
        );
      const { body: first, status } = await order();
      expect(status).toBe(200);
      expectError(
        await order({ max_cost: 0.01 }),
        402,
        `Estimated cost (${(first.estimated_cost as number).toFixed(1)}) exceeds maximum (0.01)`,
      );
      for (let more = 1; more < 5; more += 1) expect((await order()).status).toBe(200);
      expectError(await order(), 429, 'Maximum concurrent predictions (5) exceeded');

      const path = `/api/v1/client/predictions/${first.id as string}`;
      expectError(await call('GET', path, undefined, 'client2_key'), 403, 'Access denied to this prediction');
      expectError(
        await call('GET', `${path}/download/results.csv`, undefined, 'client1_key'),
        409,
        'Prediction must be completed to download files',
      );
      expectError(
        await call('GET', `${path}/download/results.exe`, undefined, 'client1_key'),
        400,
        'Invalid file type. Allowed: results.csv, plot.png, metadata.json, logs.txt',
      );
      const cancelled = await call('DELETE', path, undefined, 'client1_key');
      expect(cancelled.body).toMatchObject({ success: true, currency: 'USD' });
      expectError(
        await call('DELETE', path, undefined, 'client1_key'),
        409,
        'Can only cancel pending predictions',
      );
      expectError(
        await call('PUT', path, { priority: 1 }, 'client1_key'),
        409,
        'Can only update pending predictions',
      );
      const missing = `/api/v1/client/predictions/${MISSING_ID}`;
      expectError(await call('GET', missing, undefined, 'client1_key'), 404, 'Prediction not found');
    });

    it('evaluate in the original’s words', async () => {
      const { body } = await call('GET', '/api/v1/evaluator/pending', undefined, 'admin_key');
      const [offered] = body.pending_requests as { readonly id: string }[];
      const on = (action: string, sent: object = {}, id = offered?.id ?? '') =>
        call('POST', `/api/v1/evaluator/${action}/${id}`, sent, 'admin_key');
      expectError(await on('claim', {}, MISSING_ID), 404, 'Pending request not found or already claimed');
      const answer = {
        predictions: [1, 1, 1, 1, 1, 1],
        uncertainties: [0, 0, 0, 0, 0, 0],
        confidence_intervals: {},
        model_metadata: {},
      };
      expectError(await on('submit', answer), 404, 'Processing request not found');
      expect((await on('claim')).body).toMatchObject({ success: true, request_id: offered?.id });
      expectError(await on('claim'), 404, 'Pending request not found or already claimed');
      expect((await on('submit', answer)).body).toMatchObject({ success: true, status: 'completed' });
      expectError(await on('release', { reason: 'other' }), 404, 'Processing request not found');
    });

    it('hear of a malformed request in the original’s form', async () => {
      const broken = await call('POST', '/api/v1/predictions/', '{"symbol":');
      expect(broken.status).toBe(422);
      expect(Object.keys(broken.body as object)).toEqual(['detail']);
      expect(broken.body.detail[0]).toMatchObject({ type: 'json_invalid' });
      expectError(await call('GET', '/api/%zz'), 400, expect.stringContaining('percent-encoded'));
    });
  },
  MOVED,
);
