import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { PluginRegistry } from '#libs/plugin-host';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { ComputeAnswer } from '../../../src/agent/compute-answer.js';
import { EvaluatorAgent } from '../../../src/agent/evaluator-agent.js';
import { ClaimedWork, OrderQueue } from '../../../src/marketplace/order-queue.port.js';
import type { Account } from '../../security/accounts.js';
import { modelFolder } from '../../unit/predictors/trained-models.js';
import { EvaluatorBench, HOUR_MS } from './evaluator-bench.js';

const folder = modelFolder();
afterAll(() => folder.remove());

/** A model that answers the same number whatever the bars are. */
const modelOf = (name: string, value: number, bars: number): string =>
  folder.model(
    name,
    { bars, columns: 1, outputs: 3, kernel: () => 0, bias: () => value },
    {
      feature_columns: ['CLOSE'],
      window_size: bars,
      target_column: 'CLOSE',
      normalization: { CLOSE: { mean: 0, std: 1 } },
    },
  );

describe.each(DATABASE_KINDS)('the model that an evaluator is told of [%s]', (kind) => {
  let bench: EvaluatorBench;
  let evaluator: Account;
  beforeAll(async () => {
    bench = await EvaluatorBench.open(kind, {
      predictor_plugin: 'default_predictor',
      model_path: modelOf('main', 7, 4),
      model_files: { fast: modelOf('fast', 42, 5) },
      mc_samples: 0,
    });
    const { apiKey } = await bench.accounts.make('provider');
    const price = { model_name: 'lstm_1h', price_per_request: 2 };
    const answer = await bench.app.post('/api/v1/provider/pricing', price, { apiKey });
    expect(answer.status).toBe(201);
  }, 60_000);
  beforeEach(async () => {
    evaluator = await bench.evaluator();
  });
  afterAll(() => bench.close());

  const submit = (predictor_plugin: string, model_name: string | null) =>
    bench.app.post(
      '/api/v1/client/predict',
      {
        symbol: 'SP500',
        prediction_type: 'short_term',
        datetime_requested: new Date(bench.clock.now() + 48 * HOUR_MS).toISOString(),
        interval: '1d',
        prediction_horizon: 3,
        predictor_plugin,
        custom_parameters: model_name === null ? null : { model_name },
      },
      { apiKey: bench.client.apiKey },
    );

  /** What an evaluator hears when it claims the order, which it gives back. */
  const told = async (id: string) => {
    const { status, body } = await bench.claim(id, evaluator);
    expect([status, (await bench.release(id, evaluator)).status]).toEqual([200, 200]);
    return body.processing_details;
  };

  /** The order after the built-in agent has worked off the queue. */
  const computed = async (id: string) => {
    const { app } = bench.app;
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
    const agent = new EvaluatorAgent(
      app.get(OrderQueue, { strict: false }),
      app.get(ClaimedWork, { strict: false }),
      new ComputeAnswer(app.get(PluginRegistry, { strict: false }), bench.clock),
      { parallel: 1, idleMs: 1_000, heartbeatMs: 10_000, untilIdle: true },
      bench.clock,
      silent,
    );
    await agent.run();
    const { body } = await bench.app.get(`/api/v1/client/predictions/${id}`, {
      apiKey: bench.client.apiKey,
    });
    return body;
  };

  const main = { predictor: 'default_predictor', file: 'main.json', window: 4, answer: 7 };
  const fast = { predictor: 'default_predictor', file: 'fast.json', window: 5, answer: 42 };
  const walk = { predictor: 'random_walk_predictor', file: null, window: null, answer: null };

  it.each([
    ['the predictor, when no model is named', 'default_predictor', null, main],
    ['another predictor that is named as the model', 'default_predictor', 'random_walk_predictor', walk],
    ['the trained predictor, when it is the model', 'random_walk_predictor', 'default_predictor', main],
    ['the configured predictor by its old name', 'random_walk_predictor', 'default', main],
    ['the configured predictor by its other old name', 'random_walk_predictor', 'default_model', main],
    ['the model file that is named as the model', 'default_predictor', 'fast', fast],
    ['the model file beside a predictor that has none', 'random_walk_predictor', 'fast', fast],
    ['the model file that is named as the predictor', 'fast', null, fast],
  ])('is what the built-in agent computes: %s', async (_, predictor, model, expected) => {
    const { status, body } = await submit(predictor, model);
    expect(status).toBe(200);
    const details = await told(body.id);
    const order = await computed(body.id);
    expect(order.status).toBe('completed');
    const { model_metadata: answered, predictions } = order.result;

    expect(details.plugins.predictor).toEqual(answered.plugins.predictor);
    expect(details.model_config).toMatchObject({
      model_name: model ?? predictor,
      model_path: answered.details.model_path ?? null,
      reason: null,
    });
    expect(answered.plugins.predictor.id).toBe(expected.predictor);
    expect(details.model_config.model_path).toBe(expected.file);
    expect(details.model_config.looks_ahead).toBe(false);
    if (expected.file === null) {
      expect(details.model_config.model_sha256).toBeNull();
    } else {
      expect(details.model_config.model_sha256).toBe(answered.details.model_sha256);
      expect(details.model_config.sequence_length).toBe(expected.window);
      expect(predictions).toEqual(Array(3).fill(expected.answer));
    }
  });

  it('is the predictor of the order when the model is only priced, which the agent leaves alone', async () => {
    const { status, body } = await submit('random_walk_predictor', 'lstm_1h');
    expect(status).toBe(200);
    const details = await told(body.id);
    expect(details.plugins.predictor.id).toBe('random_walk_predictor');
    expect(details.model_config.model_name).toBe('lstm_1h');
    expect(await computed(body.id)).toMatchObject({ status: 'pending', result: null });
  });

  it('is known: an order for another one is refused with the known names', async () => {
    const { status, body } = await submit('default_predictor', 'nobody_has_it');
    expect([status, body.detail[0].loc]).toEqual([422, ['body', 'custom_parameters', 'model_name']]);
    expect(body.detail[0].ctx.known).toEqual(expect.arrayContaining(['default_predictor', 'fast']));
  });
});
