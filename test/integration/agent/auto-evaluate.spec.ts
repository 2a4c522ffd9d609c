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
    const { id } = await here.submit({ predictorPlugin: 'binary_ideal_oracle' });
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

  it('is silent unless it is switched on', async () => {
    const here = (market = await MarketOfOne.start(kind, { agent_idle_seconds: 0.05 }));
    const { id } = await here.submit();
    await here.app.get('/health');
    expect((await here.find(id)).status).toBe('pending');
  });
});
