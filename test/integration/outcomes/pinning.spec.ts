import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { PayByScore } from '../../../src/marketplace/pay-by-score.service.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { OutcomesBench, type Row } from './outcomes-bench.js';

const list = (row: Row | undefined, column: string): number[] =>
  JSON.parse(String(row?.[column])) as number[];

describe.each(DATABASE_KINDS)('forecasts are pinned when they are made [%s]', (kind) => {
  let bench: OutcomesBench;
  beforeAll(async () => {
    bench = await OutcomesBench.open(kind, { auto_evaluate: true });
  });
  afterAll(() => bench.close());

  const pinOf = async (source: string, subjectId: number | string): Promise<Row | undefined> =>
    (await bench.pins()).find((row) => row['source'] === source && row['subject_id'] === String(subjectId));

  it('with targets, numbers, scale, plugin, parameters and digest of the bars', async () => {
    const id = await bench.predict();
    const { body } = await bench.app.get(`/api/v1/predictions/${id}`, bench.client);
    const { output } = body.result;
    const pin = await pinOf('prediction', id);
    expect(pin).toMatchObject({
      standing: 'live',
      model: 'random_walk_predictor',
      symbol: 'SP500',
      interval: '1d',
      feeder: 'default_feeder',
      issued_at: '2019-01-16T12:00:00.000Z',
      target_column: output.target_column,
      baseline_at: '2019-01-15T00:00:00.000Z',
      baseline_closed_at: '2019-01-16T00:00:00.000Z',
      baseline_value: output.baseline_value,
      predictor: 'random_walk_predictor',
      predictor_version: '1.0.0',
      model_sha256: null,
      seed: null,
      window_bars: 1024,
      due_at: '2019-01-17T00:00:00.000Z',
    });
    expect(list(pin, 'horizons')).toEqual([1, 2, 3, 4, 5]);
    expect(list(pin, 'target_times')).toEqual(
      output.future_datetimes.map((time: string) => Date.parse(`${time.replace(' ', 'T')}Z`)),
    );
    expect(list(pin, 'points')).toEqual(output.predictions);
    expect(list(pin, 'deviations')).toEqual(output.uncertainty);
    expect(list(pin, 'intervals')).toEqual(output.intervals);
    expect(JSON.parse(String(pin?.['quantiles']))).toEqual(output.quantiles);
    expect(pin?.['volatility']).toBeCloseTo(output.metadata.volatility_per_bar, 9);
    expect(Number(pin?.['naive_mae'])).toBeGreaterThan(0);
    expect(pin?.['window_sha256']).toMatch(/^[0-9a-f]{64}$/);
    const [parameters] = await bench.app.database.query<Row>(
      `SELECT parameters FROM pinned_parameters WHERE sha256 = '${pin?.['parameters_sha256']}'`,
    );
    expect(JSON.parse(String(parameters?.['parameters']))).toMatchObject({ volatility_window: 256 });
  });

  it('with the same digest for the same bars, and another one for others', async () => {
    const [first, second] = [await bench.predict(), await bench.predict({ prediction_horizon: 2 })];
    bench.clock.jump(24 * 3_600_000);
    const third = await bench.predict();
    const digest = async (id: number) => (await pinOf('prediction', id))?.['window_sha256'];
    expect(await digest(second)).toBe(await digest(first));
    expect(await digest(third)).not.toBe(await digest(first));
  });

  it('orders with who answered and who provides, and how the service made them', async () => {
    const order = await bench.app.post(
      '/api/v1/client/predict',
      {
        symbol: 'SP500',
        prediction_type: 'short_term',
        datetime_requested: new Date(bench.clock.now() + 2 * 86_400_000).toISOString(),
        interval: '1d',
        prediction_horizon: 3,
        custom_parameters: { model_name: 'random_walk_predictor' },
      },
      bench.client,
    );
    expect(order.status).toBe(200);
    await eventually('the order is pinned', async () => (await pinOf('order', order.body.id)) !== undefined);
    const pin = await pinOf('order', order.body.id);
    expect(pin).toMatchObject({
      standing: 'live',
      model: 'random_walk_predictor',
      evaluator_id: 0,
      provider_id: 0,
      predictor_version: '1.0.0',
    });
    expect(list(pin, 'horizons')).toEqual([1, 2, 3]);
    expect(pin?.['window_sha256']).toMatch(/^[0-9a-f]{64}$/);
  });

  it('as excluded, where the predictor sees what comes', async () => {
    const id = await bench.predict({ predictor_plugin: 'noisy_ideal_predictor' });
    expect(await pinOf('prediction', id)).toMatchObject({ standing: 'looks_ahead', due_at: null });
    // and what is held of an order returns whole
    const provider = await bench.accounts.make('provider');
    const price = { model_name: 'noisy_ideal_predictor', price_per_request: 4, score_share: 0.5 };
    await bench.app.post('/api/v1/provider/pricing', price, { apiKey: provider.apiKey });
    const order = await bench.order('noisy_ideal_predictor');
    await eventually('the order is pinned', async () => (await pinOf('order', order)) !== undefined);
    expect(await pinOf('order', order)).toMatchObject({ standing: 'looks_ahead', due_at: null });
    await bench.app.app.get(PayByScore, { strict: false }).pay();
    const { cost_info: cost } = (
      await bench.app.get(`/api/v1/client/predictions/${order}`, { apiKey: bench.client.apiKey })
    ).body;
    expect(cost.score).toMatchObject({ state: 'unresolvable', earned: 0, returned: cost.score.held });
    expect(cost.score.held).toBeGreaterThan(0);
  });

  it('as a hindcast, where its targets were over', async () => {
    const id = await bench.predict({ baseline_datetime: '2015-06-01 00:00:00' });
    expect(await pinOf('prediction', id)).toMatchObject({ standing: 'hindcast' });
  });

  it('for good: neither changed nor deleted, also when the prediction is', async () => {
    const id = await bench.predict();
    const where = `WHERE source = 'prediction' AND subject_id = '${id}'`;
    for (const change of [
      `UPDATE forecast_pins SET points = '[1]' ${where}`,
      `UPDATE forecast_pins SET standing = 'hindcast' ${where}`,
      `DELETE FROM forecast_pins ${where}`,
      `DELETE FROM pinned_parameters`,
    ])
      await expect(
        bench.app.database.run(async ({ manager }) => void (await manager.query(change))),
      ).rejects.toThrow('append-only');
    const gone = await bench.app.request('DELETE', `/api/v1/predictions/${id}`, {
      apiKey: bench.client.apiKey,
    });
    expect(gone.status).toBeLessThan(300);
    expect(await pinOf('prediction', id)).toBeDefined();
  });
});
