import { afterAll, describe, expect, it } from '@jest/globals';
import { modelFolder, type DenseModel } from '../../unit/predictors/trained-models.js';
import { describeOnServers, type PredictionServer } from './prediction-server.js';

const BASELINE = '2024-01-10T00:00:00Z';
const METADATA = {
  feature_columns: ['CLOSE'],
  window_size: 4,
  target_column: 'CLOSE',
  normalization: { CLOSE: { mean: 0, std: 1 } },
};
/** Answers the same whatever the bars are. */
const constant = (value: number): DenseModel => ({
  bars: 4,
  columns: 1,
  outputs: 2,
  kernel: () => 0,
  bias: () => value,
});

const folder = modelFolder();
afterAll(() => folder.remove());

const price = async (server: PredictionServer, model_name: string): Promise<void> => {
  const body = { model_name, price_per_request: 2.5 };
  const options = { body, apiKey: 'provider_key' } as const;
  const { status } = await server.app.request('POST', '/api/v1/provider/pricing', options);
  expect(status).toBe(201);
};

const forecast = async (server: PredictionServer, body: object) => {
  const question = { prediction_horizon: 2, baseline_datetime: BASELINE, ...body };
  const { status, body: created } = await server.submit({ body: question });
  expect(status).toBe(201);
  return server.until(created.id as number, 'completed');
};

describe('models that have a price', () => {
  describeOnServers(
    'without a file of their own',
    (server) => {
      it('are refused until a provider prices them, naming what there is', async () => {
        const { status, body } = await server().submit({ body: { model_name: 'lstm_1h' } });
        expect(status).toBe(422);
        expect(body.detail).toEqual([
          expect.objectContaining({
            loc: ['body', 'model_name'],
            input: 'lstm_1h',
            msg: expect.stringMatching(
              /"lstm_1h" is not loaded; known are default_predictor, .*, steep, plain$/,
            ),
          }),
        ]);
        expect(await server().countOf('AAPL')).toBe(0);
      });

      it('are models of the default predictor once they are priced, under the name that was asked for', async () => {
        await price(server(), 'lstm_4h');
        const row = await forecast(server(), { model_name: 'lstm_4h' });
        expect(row).toMatchObject({
          model_name: 'lstm_4h',
          predictor_plugin: 'default_predictor',
          result: {
            request: { model_name: 'lstm_4h' },
            prediction: [7, 7],
            explanation: { plugins: { predictor: { id: 'default_predictor' } } },
          },
        });
      });

      it('win over a predictor that the request names as well', async () => {
        await price(server(), 'lstm_1d');
        const row = await forecast(server(), {
          model_name: 'lstm_1d',
          predictor_plugin: 'random_walk_predictor',
        });
        expect(row).toMatchObject({ model_name: 'lstm_1d', predictor_plugin: 'default_predictor' });
      });

      it('are refused as a predictor even then, naming what there is', async () => {
        await price(server(), 'lstm_1m');
        const { status, body } = await server().submit({ body: { predictor_plugin: 'lstm_1m' } });
        expect([status, body.detail]).toEqual([
          422,
          [
            expect.objectContaining({
              loc: ['body', 'predictor_plugin'],
              msg: expect.stringMatching(
                /"lstm_1m" is not loaded; known are default_predictor, .*, steep, plain$/,
              ),
            }),
          ],
        ]);
      });

      it.each([
        ['a model file', 'plain', [3, 3], 'default_predictor'],
        ['an alias', 'steep', [11, 11], 'steep'],
      ])('are taken as a predictor when they are %s', async (_, name, values, id) => {
        const row = await forecast(server(), { predictor_plugin: name });
        expect(row).toMatchObject({
          predictor_plugin: name,
          model_name: name,
          result: {
            request: { predictor_plugin: name },
            prediction: values,
            explanation: { plugins: { predictor: { id } } },
          },
        });
        const legacy = await server().submit({
          path: '/predict',
          body: { instrument: 'AAPL', timeframe: '1h', parameters: { plugin: name } },
        });
        expect([legacy.status, legacy.body.status]).toEqual([200, 'pending']);
        const quote = {
          symbol: 'AAPL',
          prediction_type: 'short_term',
          datetime_requested: '2099-01-01T00:00:00Z',
          lookback_ticks: 100,
          predictor_plugin: name,
          feeder_plugin: 'default_feeder',
          pipeline_plugin: 'default_pipeline',
          interval: '1h',
          prediction_horizon: 2,
        };
        const order = await server().app.post('/api/v1/client/predict', quote, { apiKey: 'client1_key' });
        expect([order.status, order.body.detail]).toEqual([200, undefined]);
      });

      it('stay what they are when they are predictors or have a file', async () => {
        await price(server(), 'random_walk_predictor');
        await price(server(), 'plain');
        const walk = await forecast(server(), { model_name: 'random_walk_predictor' });
        expect(walk).toMatchObject({ predictor_plugin: 'random_walk_predictor' });
        const plain = await forecast(server(), { model_name: 'plain' });
        expect(plain).toMatchObject({
          model_name: 'plain',
          predictor_plugin: 'default_predictor',
          result: { prediction: [3, 3] },
        });
      });
    },
    {
      config: {
        model_path: folder.model('main', constant(7), METADATA),
        plugin_aliases: {
          steep: {
            plugin: 'default_predictor',
            parameters: { model_path: folder.model('steep', constant(11), METADATA) },
          },
        },
        model_files: { plain: folder.model('plain', constant(3), METADATA) },
        mc_samples: 0,
      },
    },
  );
});
