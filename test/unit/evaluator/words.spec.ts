import { describe, expect, it } from '@jest/globals';
import { durationText } from '../../../src/evaluator/pending.dto.js';
import { modelFacts } from '../../../src/evaluator/processing-details.service.js';

const MINUTE = 60_000;

describe('an estimated length of time', () => {
  it.each([
    [0, 'less than a minute'],
    [29_999, 'less than a minute'],
    [30_000, 'about 1 minute'],
    [4.4 * MINUTE, 'about 4 minutes'],
    [89 * MINUTE, 'about 89 minutes'],
    [90 * MINUTE, 'about 2 hours'],
    [47 * 60 * MINUTE, 'about 47 hours'],
    [72 * 60 * MINUTE, 'about 3 days'],
  ])('of %i ms is %s', (ms, text) => expect(durationText(ms)).toBe(text));
});

describe('what is told of a model', () => {
  const digest = 'AB'.repeat(32);

  it('comes from the parameters and the description', () => {
    const parameters = {
      model_path: 'eurusd.keras',
      normalization_params_path: 'norm.json',
      mc_samples: 100,
    };
    const info = {
      window_size: 256,
      feature_columns: ['CLOSE', 'RSI'],
      required_columns: [],
      sha256: digest,
    };
    expect(modelFacts(parameters, info)).toEqual({
      modelPath: 'eurusd.keras',
      modelSha256: digest.toLowerCase(),
      normalizationParams: 'norm.json',
      featureColumns: 2,
      featureNames: ['CLOSE', 'RSI'],
      sequenceLength: 256,
    });
    expect(modelFacts({}, { ...info, model_sha256: 'cd'.repeat(32) }).modelSha256).toBe('cd'.repeat(32));
  });

  it('is about the model file that is named', () => {
    const parameters = { model_path: 'eurusd.keras', model_files: { fast: 'fast.keras' } };
    expect(modelFacts(parameters, null, 'fast').modelPath).toBe('fast.keras');
    expect(modelFacts(parameters, { model_path: 'told.keras' }, 'other').modelPath).toBe('told.keras');
  });

  it('leaves out the target of a model whose metadata name its columns', () => {
    const info = {
      model_path: 'eurusd.keras',
      required_columns: ['RSI', 'ATR', 'CLOSE'],
      metadata: { feature_columns: ['RSI', 'ATR'] },
    };
    expect(modelFacts({}, info)).toMatchObject({
      modelPath: 'eurusd.keras',
      featureColumns: 2,
      featureNames: ['RSI', 'ATR'],
    });
    expect(modelFacts({}, { ...info, metadata: { feature_columns: null } })).toMatchObject({
      featureColumns: 3,
    });
  });

  it('is null where they say nothing, or something else than that', () => {
    const nothing = {
      modelPath: null,
      modelSha256: null,
      normalizationParams: null,
      featureColumns: null,
      featureNames: null,
      sequenceLength: null,
    };
    expect(modelFacts({ model_path: null }, null)).toEqual(nothing);
    const odd = { window_size: -1, feature_columns: [1], required_columns: [], sha256: 'a digest' };
    expect(modelFacts({ model_path: '', use_normalization_json: 3 }, odd)).toEqual(nothing);
    expect(modelFacts({}, { required_columns: ['CLOSE'] })).toMatchObject({ featureNames: ['CLOSE'] });
  });
});
