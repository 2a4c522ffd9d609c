import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { MarketOfOne } from './market-of-one.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

describe.each(DATABASE_KINDS)('a service that evaluates by itself [%s]', (kind) => {
  let market: MarketOfOne | null = null;
  afterEach(async () => {
    await market?.app.close();
    market = null;
  });

  it('computes what is asked for at once, and settles it to the micro-unit', async () => {
    const here = (market = await MarketOfOne.start(kind, { auto_evaluate: true, agent_idle_seconds: 3600 }));
    const { id } = await here.submit();
    await eventually('the order is completed', async () => (await here.find(id)).status === 'completed');
    const order = await here.find(id);
    expect(order).toMatchObject({ evaluatorId: 0, leaseEpoch: 1 });
    expect(order.actualCost).toBe(order.estimatedCost);
    const { predictions, uncertainties, confidenceIntervals, modelMetadata } = order.result ?? {};
    expect(predictions).toHaveLength(6);
    expect(uncertainties?.every((sigma, step) => step === 0 || sigma > (uncertainties[step - 1] ?? 0))).toBe(
      true,
    );
    expect(Object.keys(confidenceIntervals ?? {})).toEqual(['lower_95', 'upper_95']);
    expect(modelMetadata).toMatchObject({
      mode: 'random_walk',
      plugins: { predictor: { id: 'random_walk_predictor' } },
      source: { source: 'file', bars: 300 },
    });
    expect((await here.verify()).violations).toEqual([]);
  });

  it('works off many orders, several at a time', async () => {
    const here = (market = await MarketOfOne.start(kind, { auto_evaluate: true, agent_parallel: 4 }));
    await Promise.all(Array.from({ length: 40 }, () => here.submit()));
    await eventually('all are completed', async () => {
      const [done] = await here.app.database.query<{ n: number | string }>(
        "SELECT COUNT(*) AS n FROM prediction_jobs WHERE status = 'completed'",
      );
      return Number(done?.n) === 40;
    });
    const verdict = await here.verify();
    expect(verdict).toMatchObject({ orders: 40, violations: [] });
  });

  it('gives back what it cannot compute, and does not ask for it again at once', async () => {
    const here = (market = await MarketOfOne.start(kind, { auto_evaluate: true, agent_idle_seconds: 0.05 }));
    const { id } = await here.submit({
      predictorPlugin: 'default_predictor',
      customParameters: { as_of: '2025-01-01T00:00:00Z' },
    });
    await eventually('it was claimed and given back', async () => {
      const [claims] = await here.app.database.query<{ n: number | string }>(
        "SELECT COUNT(*) AS n FROM prediction_claims WHERE outcome = 'released'",
      );
      return Number(claims?.n) === 1;
    });
    const after = await here.submit();
    await eventually('the next one is done', async () => (await here.find(after.id)).status === 'completed');
    expect(await here.find(id)).toMatchObject({ status: 'pending', result: null });
    await here.cancel(id);
    expect((await here.verify()).violations).toEqual([]);
  });

  it('fails an order about the present on old data, and returns the price', async () => {
    const settings = { auto_evaluate: true, agent_idle_seconds: 0.05, max_data_age: 3 };
    const here = (market = await MarketOfOne.start(kind, settings));
    const { id } = await here.submit();
    await eventually('it failed', async () => (await here.find(id)).status === 'failed');
    expect(await here.find(id)).toMatchObject({
      failureReason: 'stale_data',
      errorMessage: expect.stringContaining('max_data_age'),
      actualCost: null,
      evaluatorId: null,
    });
    const [claims] = await here.app.database.query<{ outcome: string }>(
      'SELECT outcome FROM prediction_claims',
    );
    expect(claims).toEqual({ outcome: 'failed' });
    const past = await here.submit({ customParameters: { as_of: '2023-06-01T00:00:00Z' } });
    await eventually('it is done', async () => (await here.find(past.id)).status === 'completed');
    expect((await here.verify()).violations).toEqual([]);
  });

  it('refuses what its data or its predictors cannot answer, and asks for the bars that the data have', async () => {
    const config = {
      data_file_path: null,
      data_files: { SYNTHFX: resolve('examples/data/synthetic_fx_1h_2023.csv') },
    };
    const here = (market = await MarketOfOne.start(kind, config));
    for (const [field, change] of [
      ['symbol', { symbol: 'SYNTHFY' }],
      ['predictor_plugin', { predictorPlugin: 'binary_ideal_oracle' }],
    ] as const)
      await expect(here.submit(change)).rejects.toMatchObject({
        kind: 'invalid',
        violations: [expect.objectContaining({ loc: ['body', field] })],
      });
    expect((await here.submit({ interval: null })).interval).toBe('1h');
  });

  it('is silent unless it is switched on', async () => {
    const here = (market = await MarketOfOne.start(kind, { agent_idle_seconds: 0.05 }));
    const { id } = await here.submit();
    await here.app.get('/health');
    expect((await here.find(id)).status).toBe('pending');
  });
});
