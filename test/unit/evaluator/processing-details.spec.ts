import { defineFeeder, definePredictor, PluginError, type ModelInfo } from '#libs/plugin-sdk';
import { describe, expect, it } from '@jest/globals';
import { ProcessingDetails } from '../../../src/evaluator/processing-details.service.js';
import type { PendingOrder } from '../../../src/marketplace/order-queue.port.js';
import { flatForecast, stage } from '../plugin-host/stage.js';

const common = { apiVersion: 1, version: '2.1.0', description: 'For tests.' } as const;
const INFO: ModelInfo = {
  model_name: 'told',
  window_size: 64,
  supported_types: ['forecast'],
  entry_directions: [],
  exit_directions: [],
  prediction_scope: 'test',
  required_columns: [],
  accepts_ohlc_window: false,
  feature_columns: ['CLOSE', 'RSI'],
  model_sha256: 'a'.repeat(64),
};

const predictor = (describeIt: () => ModelInfo | Promise<ModelInfo>) =>
  definePredictor({
    ...common,
    id: 'default_predictor',
    parameters: { model_path: { type: 'string', default: '/models/eurusd.keras', help: 'A file.' } },
    capabilities: ['forecast', 'describe'],
    create: () => ({ forecast: flatForecast, describe: describeIt }),
  });

const keyed = defineFeeder({
  ...common,
  id: 'keyed_feeder',
  parameters: { vendor_key: { type: 'string', default: 'hidden', secret: true, help: 'A key.' } },
  create: () => ({
    fetch: () => Promise.reject(new Error('nothing is fetched here')),
    resolve: (symbol) => {
      if (symbol === 'NONE') throw new PluginError('invalid_request', 'NONE is not mapped');
      return { source: 'vendor', symbol: `V:${symbol}` };
    },
  }),
});

const order = (changes: Partial<PendingOrder> = {}): PendingOrder => ({
  id: 'id',
  taskId: 'task',
  modelName: 'eurusd_1h',
  currency: 'USD',
  estimatedPayment: 1,
  effort: 'low',
  clientTier: 'basic',
  createdAt: new Date(0),
  expiresAt: new Date(1),
  symbol: 'EURUSD',
  predictionType: 'short_term',
  datetimeRequested: new Date(2),
  lookbackTicks: 100,
  predictorPlugin: 'default_predictor',
  feederPlugin: 'default_feeder',
  pipelinePlugin: 'default_pipeline',
  interval: '1h',
  predictionHorizon: 6,
  priority: 5,
  customParameters: null,
  ...changes,
});

describe('what an evaluator is told', () => {
  it('is what the plugins of this server say, without folders and secrets', async () => {
    const { registry, clock } = await stage({ plugins: [predictor(() => INFO), keyed] });
    const details = await new ProcessingDetails(registry, clock).of(order({ feederPlugin: 'keyed_feeder' }));
    expect(details.plugins.feeder).toEqual({ id: 'keyed_feeder', version: '2.1.0' });
    expect(details.dataSourceConfig).toEqual({
      provider: 'vendor',
      sourceSymbol: 'V:EURUSD',
      apiKeyRequired: true,
      rateLimit: null,
      reason: null,
    });
    expect(details.modelConfig).toEqual({
      modelName: 'eurusd_1h',
      modelPath: 'eurusd.keras',
      modelSha256: 'a'.repeat(64),
      normalizationParams: null,
      featureColumns: 2,
      featureNames: ['CLOSE', 'RSI'],
      sequenceLength: 64,
      looksAhead: false,
      reason: null,
    });
    expect(JSON.stringify(details)).not.toMatch(/hidden|\/models/);
  });

  it('is about the configured predictor when an order names a model only', async () => {
    const { registry, clock } = await stage({ plugins: [predictor(() => INFO)] });
    const details = await new ProcessingDetails(registry, clock).of(order({ predictorPlugin: 'eurusd_1h' }));
    expect(details.plugins.predictor).toEqual({ id: 'default_predictor', version: '2.1.0' });
    expect(details.modelConfig).toMatchObject({ modelName: 'eurusd_1h', sequenceLength: 64 });
  });

  it('names the reason where a plugin fails or is not loaded', async () => {
    const broken = predictor(() => {
      throw new Error('a stack that stays here');
    });
    const { registry, clock } = await stage({ plugins: [broken, keyed] });
    const asked = new ProcessingDetails(registry, clock);
    const details = await asked.of(order({ feederPlugin: 'keyed_feeder', symbol: 'NONE' }));
    expect(details.dataSourceConfig).toMatchObject({ provider: null, reason: 'NONE is not mapped' });
    expect(details.modelConfig).toMatchObject({ sequenceLength: null, reason: expect.any(String) });
    expect(details.modelConfig.reason).not.toContain('stack');
    const gone = await asked.of(order({ feederPlugin: 'gone_feeder' }));
    expect(gone.plugins.feeder).toEqual({ id: 'gone_feeder', version: null });
    expect(gone.dataSourceConfig.reason).toBe('the feeder gone_feeder is not loaded here');
  });

  it('does not keep a claim waiting for a plugin that takes its time', async () => {
    const { registry, clock } = await stage({ plugins: [predictor(() => new Promise(() => undefined))] });
    const answer = new ProcessingDetails(registry, clock).of(order());
    await clock.advance(5_000);
    expect((await answer).modelConfig).toMatchObject({
      sequenceLength: null,
      reason: 'the predictor default_predictor did not answer within 5 s',
    });
  });
});
