import { describe, expect, it } from '@jest/globals';
import { checkRuntimeSettings, isConfigKey, isRuntimeKey, RUNTIME_KEYS } from '#libs/config';
import { nearest, suggestion } from '#libs/kernel';

describe('settings that change while the service runs', () => {
  it('are settings', () => {
    expect(RUNTIME_KEYS.filter((key) => !isConfigKey(key))).toEqual([]);
    expect([isRuntimeKey('rate_limits'), isRuntimeKey('port'), isRuntimeKey('toString')]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('are taken within their ranges', () => {
    const change = { prediction_timeout: 60, rate_limits: { auth: 5 }, default_plugins: { feeder: 'x' } };
    expect(checkRuntimeSettings(change)).toEqual({ values: change, faults: [] });
  });

  it.each<[string, object, RegExp]>([
    [
      'a time limit under a minute',
      { prediction_timeout: 59 },
      /^prediction_timeout: 59 .* from 60 to 3600$/,
    ],
    ['too much concurrency', { max_concurrent_predictions: 101 }, /^max_concurrent_predictions: 101/],
    ['a rate that is text', { rate_limits: { auth: 'x' } }, /^rate_limits: .* whose values are integers$/],
    [
      'a rate of no group',
      { rate_limits: { predict: 5 } },
      /^rate_limits: "predict" is not a group of routes/,
    ],
    ['a rate of nothing', { rate_limits: { auth: 0 } }, /^rate_limits: 0 for "auth"/],
    ['an unknown kind', { default_plugins: { oracle: 'x' } }, /^default_plugins: "oracle"/],
    ['a setting that needs a restart', { port: 1 }, /^port: cannot be changed/],
    ['no setting at all', { toString: 1 }, /^toString: cannot be changed/],
    ['null', { prediction_timeout: null }, /^prediction_timeout: must not be null/],
  ])('refuse %s', (_, change, fault) => {
    expect(checkRuntimeSettings({ ...change }).faults).toEqual([expect.stringMatching(fault)]);
  });

  it('report all faults together and keep the good values', () => {
    const { values, faults } = checkRuntimeSettings({
      port: 1,
      prediction_timeout: 1,
      max_concurrent_predictions: 7,
    });
    expect(faults).toHaveLength(2);
    expect(values).toEqual({ max_concurrent_predictions: 7 });
  });
});

describe('suggestions', () => {
  it.each([
    ['prot', ['port']],
    ['predict', ['predictor', 'prediction_timeout']],
    ['zzzzzz', []],
    ['', []],
  ])('for %j are %j', (name, expected) => {
    expect(nearest(name, ['port', 'host_name', 'prediction_timeout', 'predictor'])).toEqual(expected);
  });

  it('are worded as a question', () => {
    expect(suggestion('prot', ['port', 'host_name'])).toBe('; did you mean port?');
    expect(suggestion('window_siz', ['window_size', 'window_size'])).toBe('; did you mean window_size?');
    expect(suggestion('zzz', ['port'])).toBe('');
  });
});
