import { eventually } from '#libs/testing';
import { expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { describeOriginal } from '../harness/original.js';
import { ACROSS_SETTINGS, agreeAcrossProcesses } from './across-processes.js';

interface Prediction {
  readonly id: number;
  readonly status: string;
  readonly result: { readonly prediction?: unknown; readonly uncertainty?: unknown };
}

describeOriginal(
  'the original’s acceptance suite',
  (app) => {
    const create = (symbol: string, interval = '1d') =>
      app().request('POST', '/api/v1/predictions/', {
        body: {
          symbol,
          interval,
          predictor_plugin: 'default_predictor',
          feeder_plugin: 'default_feeder',
          pipeline_plugin: 'default_pipeline',
          prediction_type: 'short_term',
        },
      });
    const read = (id: number) => app().request('GET', `/api/v1/predictions/${id}`);
    const list = () => app().request('GET', '/api/v1/predictions/');

    it('takes a legacy prediction under the id that the client chose, and completes it with both lists [A1, A2]', async () => {
      const prediction_id = randomUUID();
      const taken = await app().request('POST', '/predict', {
        body: {
          instrument: 'EUR_USD',
          timeframe: 'H1',
          prediction_id,
          parameters: { n_steps: 60, plugin: 'default_predictor' },
        },
      });
      expect(taken.status).toBe(200);
      expect(taken.body).toEqual({ prediction_id, status: 'pending', message: expect.any(String) });
      let last: Record<string, unknown> = {};
      await eventually('the legacy prediction ended', async () => {
        const { status, body } = await app().request('GET', `/status/${prediction_id}`);
        expect(status).toBe(200);
        last = body as Record<string, unknown>;
        return last['status'] === 'completed' || last['status'] === 'failed';
      });
      expect(last).toMatchObject({ prediction_id, status: 'completed' });
      expect(last['prediction']).toEqual(expect.arrayContaining([expect.any(Number)]));
      expect(last['uncertainty']).toHaveLength((last['prediction'] as unknown[]).length);
    });

    it('answers an unknown prediction with 404 and the exact text [A3]', async () => {
      const { status, body } = await read(9999);
      expect(status).toBe(404);
      expect(body).toMatchObject({ detail: 'Prediction not found' });
    });

    it('creates, deletes and then no longer finds a prediction, without a key [A4]', async () => {
      const created = await create('GOOGL');
      expect(created.status).toBe(201);
      const { id } = created.body as Prediction;
      const deleted = await app().request('DELETE', `/api/v1/predictions/${id}`);
      expect(deleted.status).toBe(200);
      expect(deleted.body).toEqual({ message: 'Prediction deleted successfully' });
      expect((await read(id)).status).toBe(404);
    });

    it('lists nothing after everything listed was deleted [A5]', async () => {
      await create('AMZN');
      const listed = await list();
      expect(listed.status).toBe(200);
      for (const { id } of listed.body as Prediction[]) {
        expect((await app().request('DELETE', `/api/v1/predictions/${id}`)).status).toBe(200);
      }
      const { status, body } = await list();
      expect([status, body]).toEqual([200, []]);
    });

    it('lists what was created [A6]', async () => {
      expect((await create('MSFT', '1h')).status).toBe(201);
      expect((await create('TSLA', '30m')).status).toBe(201);
      const { status, body } = await list();
      expect(status).toBe(200);
      expect((body as unknown[]).length).toBeGreaterThanOrEqual(2);
    });

    it('lists the default plugins [A7]', async () => {
      const { status, body } = await app().request('GET', '/api/v1/plugins/');
      expect(status).toBe(200);
      expect(body).toMatchObject({
        predictor_plugins: expect.arrayContaining(['default_predictor']),
        feeder_plugins: expect.arrayContaining(['default_feeder']),
        pipeline_plugins: expect.arrayContaining(['default_pipeline']),
      });
    });

    it('completes a prediction that is polled, with prediction and uncertainty in its result [A8]', async () => {
      const created = await create('NVDA');
      expect(created.status).toBe(201);
      expect(created.body).toMatchObject({ status: 'pending' });
      const { id } = created.body as Prediction;
      let last = created.body as Prediction;
      await eventually('it ended', async () => {
        const { status, body } = await read(id);
        expect(status).toBe(200);
        last = body as Prediction;
        return ['completed', 'failed'].includes(last.status);
      });
      expect(last.status).toBe('completed');
      expect(last.result.prediction).toEqual(expect.arrayContaining([expect.any(Number)]));
      expect(last.result.uncertainty).toEqual(expect.any(Array));
    });

    it('refuses an unknown type of prediction and spares the valid one before it [A9]', async () => {
      const valid = await create('AAPL');
      expect(valid.status).toBe(201);
      const invalid = await app().request('POST', '/api/v1/predictions/', {
        body: { symbol: 'AAPL', interval: '1d', prediction_type: 'invalid_type' },
      });
      expect(invalid.status).toBe(422);
      const { status, body } = await read((valid.body as Prediction).id);
      expect(status).toBe(200);
      expect(['pending', 'processing', 'completed']).toContain((body as Prediction).status);
    });

    it('is healthy, in exactly these words [A10]', async () => {
      const { status, body } = await app().request('GET', '/health');
      expect([status, body]).toEqual([200, { status: 'ok' }]);
    });
  },
  ACROSS_SETTINGS,
  agreeAcrossProcesses,
);
