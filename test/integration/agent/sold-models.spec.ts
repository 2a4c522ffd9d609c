import { afterAll, afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { modelFolder } from '../../unit/predictors/trained-models.js';
import { MarketOfOne } from './market-of-one.js';
import { DATABASE_KINDS } from '../../harness/databases.js';

const folder = modelFolder();
afterAll(() => folder.remove());

/** Answers 42, whatever the bars are. */
const file = folder.model(
  'fast',
  { bars: 4, columns: 1, outputs: 6, kernel: () => 0, bias: () => 42 },
  {
    feature_columns: ['CLOSE'],
    window_size: 4,
    target_column: 'CLOSE',
    normalization: { CLOSE: { mean: 0, std: 1 } },
  },
);

describe.each(DATABASE_KINDS)('models that a service evaluates by itself [%s]', (kind) => {
  let market: MarketOfOne | null = null;
  afterEach(async () => {
    await market?.app.close();
    market = null;
  });
  const start = async () =>
    (market = await MarketOfOne.start(kind, {
      auto_evaluate: true,
      agent_idle_seconds: 0.05,
      model_files: { fast: file },
      mc_samples: 0,
    }));
  const done = (here: MarketOfOne, id: string) =>
    eventually('the order is completed', async () => (await here.find(id)).status === 'completed');
  /** Everybody's models can be bought here; whether they can be computed is another question. */
  const price = (here: MarketOfOne, model_name: string) =>
    here.app.post(
      '/api/v1/provider/pricing',
      { model_name, price_per_request: 2 },
      { apiKey: 'provider_key' },
    );

  it('are the model files that clients pay for, whatever predictor they name', async () => {
    const here = await start();
    const { id } = await here.submit({ customParameters: { model_name: 'fast' } });
    await done(here, id);
    const order = await here.find(id);
    expect(order.modelName).toBe('fast');
    expect(order.result?.predictions).toEqual([42, 42, 42, 42, 42, 42]);
    expect(order.result?.modelMetadata).toMatchObject({
      mode: 'model',
      model_name: 'fast',
      plugins: { predictor: { id: 'default_predictor' } },
    });
    expect((await here.verify()).violations).toEqual([]);
  });

  it('are never others than those paid for: what is only priced waits for somebody who has it', async () => {
    const here = await start();
    expect((await price(here, 'lstm_1h')).status).toBe(201);
    const { id } = await here.submit({ customParameters: { model_name: 'lstm_1h' } });
    const behind = await here.submit();
    await done(here, behind.id);
    expect(await here.find(id)).toMatchObject({
      status: 'pending',
      modelName: 'lstm_1h',
      evaluatorId: null,
      result: null,
    });
    const claims = await here.app.database.query<{ prediction_id: string }>(
      'SELECT prediction_id FROM prediction_claims',
    );
    expect(claims.map(({ prediction_id }) => prediction_id)).toEqual([behind.id]);
    await here.cancel(id);
    expect((await here.verify()).violations).toEqual([]);
  });
});
