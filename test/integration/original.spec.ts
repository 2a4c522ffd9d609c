import { expect, it } from '@jest/globals';
import { describeOriginal } from '../harness/original.js';

describeOriginal('the original’s integration suite', (app) => {
  it('answers health, the status of plugins and the options of predict [I1]', async () => {
    const health = await app().request('GET', '/health');
    expect(health.status).toBe(200);
    expect(['ok', 'healthy']).toContain(health.body.status);
    const plugins = await app().request('GET', '/api/v1/plugins/status');
    expect(plugins.status).toBe(200);
    expect(plugins.body.plugins).toBeInstanceOf(Object);
    expect(Object.keys(plugins.body.plugins as object).length).toBeGreaterThan(0);
    const options = await app().request('OPTIONS', '/api/v1/predict');
    expect([200, 204]).toContain(options.status);
  });

  it('takes a prediction by ticker, model and horizon, and tells the task that computes it [I2]', async () => {
    const { status, body } = await app().request('POST', '/api/v1/predict', {
      body: { ticker: 'AAPL', model_name: 'default', prediction_horizon: 1 },
    });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      task_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      status: 'pending',
      ticker: 'AAPL',
      model_name: expect.any(String),
    });
  });

  it('refuses a prediction of nothing and says why [I3]', async () => {
    const { status, body } = await app().request('POST', '/api/v1/predict', { body: { invalid_field: 'x' } });
    expect(status).toBe(422);
    expect(body.detail).toEqual([expect.objectContaining({ loc: expect.arrayContaining(['body']) })]);
  });
});
