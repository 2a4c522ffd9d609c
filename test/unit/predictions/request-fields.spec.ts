import { compileValidator, type DtoClass } from '#libs/http';
import { describe, expect, it } from '@jest/globals';
import { LegacyPredict } from '../../../src/predictions/legacy-prediction.dto.js';
import { CreatePrediction, PredictionId } from '../../../src/predictions/prediction.dto.js';

function check<T extends object>(dto: DtoClass<T>, raw: unknown, source: 'body' | 'path' = 'body') {
  const result = compileValidator(dto)(raw, source);
  return 'violations' in result
    ? { faults: result.violations.map(({ type, loc }) => `${loc.join('.')} ${type}`) }
    : { value: { ...result.value } };
}

const create = (raw: unknown) => check(CreatePrediction, raw);
const faultsOf = (changes: Record<string, unknown>) => create({ symbol: 'AAPL', ...changes }).faults;

describe('the body of a new prediction', () => {
  it('fills every field that was not sent', () => {
    expect(create({ ticker: 'AAPL' }).value).toEqual({
      symbol: null,
      ticker: 'AAPL',
      interval: null,
      prediction_type: 'short_term',
      model_name: null,
      prediction_horizon: 1,
      baseline_datetime: null,
      baseline_means: null,
      horizons: null,
      date_column: null,
      target_column: null,
    });
  });

  it.each([
    'AAPL',
    'A',
    'EURUSD=X',
    '^GSPC',
    'BRK.B',
    'EUR_USD',
    'BTC-USD',
    'TRANSCRIPT',
    'EUR/USD',
    '7203.T',
    'x'.repeat(32),
  ])('takes the symbol %s', (symbol) => {
    expect(create({ symbol }).faults).toBeUndefined();
    expect(create({ ticker: symbol }).faults).toBeUndefined();
  });

  it.each([
    '../../../etc/passwd',
    'A..B',
    '<script>alert(1)</script>',
    "'; DROP TABLE predictions; --",
    'javascript:alert(1)',
    'AAPL\n',
    ' AAPL',
    '.AAPL',
    '=cmd()',
    '-A',
    'A B',
    'É',
    'A\u0000',
    'x'.repeat(33),
    '',
  ])('refuses the symbol %j', (symbol) => {
    expect(create({ symbol }).faults).toEqual([
      expect.stringMatching(/^body\.symbol (string_too_|value_error)/),
    ]);
    expect(create({ ticker: symbol }).faults).toEqual([
      expect.stringMatching(/^body\.ticker (string_too_|value_error)/),
    ]);
  });

  it('needs a symbol or a ticker, and says so only when the fields themselves are right', () => {
    expect(create({}).faults).toEqual(['body value_error']);
    expect(create({ symbol: null, ticker: null }).faults).toEqual(['body value_error']);
    expect(create({ prediction_type: 'invalid_type' }).faults).toEqual(['body.prediction_type value_error']);
    expect(create({ symbol: 7 }).faults).toEqual(['body.symbol string_type']);
  });

  it.each([
    '1m',
    '2m',
    '5m',
    '15m',
    '30m',
    '60m',
    '1h',
    '90m',
    '4h',
    '1d',
    '5d',
    '1w',
    '1wk',
    '1M',
    '1mo',
    '3mo',
    'H1',
    'H4',
    'D1',
    'M15',
    'M30',
  ])('takes the interval %s', (interval) => {
    expect(faultsOf({ interval })).toBeUndefined();
  });

  it.each(['', '1D', 'h1', '7h', 'javascript:alert(1)'])('refuses the interval %j', (interval) => {
    expect(faultsOf({ interval })).toEqual(['body.interval string_pattern_mismatch']);
  });

  it('takes 1 to 1,000 distinct horizons from 1 to 1,000', () => {
    const all = Array.from({ length: 1000 }, (_, index) => index + 1);
    expect(faultsOf({ horizons: all })).toBeUndefined();
    expect(create({ symbol: 'A', horizons: [20, '5', 1] }).value).toMatchObject({ horizons: [20, 5, 1] });
    expect(faultsOf({ horizons: [] })).toEqual(['body.horizons too_short']);
    expect(faultsOf({ horizons: [...all, 1] })?.[0]).toMatch(/^body\.horizons/);
    expect(faultsOf({ horizons: [0] })).toEqual(['body.horizons.0 greater_than_equal']);
    expect(faultsOf({ horizons: [1, 1001] })).toEqual(['body.horizons.1 less_than_equal']);
    expect(faultsOf({ horizons: [5, 5] })?.[0]).toMatch(/^body\.horizons/);
    expect(faultsOf({ horizons: [1.5] })).toEqual(['body.horizons.0 int_from_float']);
    expect(faultsOf({ horizons: 5 })).toEqual(['body.horizons list_type']);
  });

  it('takes 0 and null as "the configured horizon", and nothing below or above the range', () => {
    for (const prediction_horizon of [0, null, 1, 1000, '5', 5.0])
      expect(faultsOf({ prediction_horizon })).toBeUndefined();
    expect(faultsOf({ prediction_horizon: -1 })).toEqual(['body.prediction_horizon greater_than_equal']);
    expect(faultsOf({ prediction_horizon: 1001 })).toEqual(['body.prediction_horizon less_than_equal']);
    expect(faultsOf({ prediction_horizon: 'soon' })).toEqual(['body.prediction_horizon int_parsing']);
  });

  it('takes a baseline that is a date and time, with or without an offset', () => {
    for (const baseline_datetime of [
      '2020-04-01',
      '2020-04-01 00:00:00',
      '2020-04-01T00:00:00Z',
      '2020-04-01T00:00:00+02:00',
    ]) {
      expect(faultsOf({ baseline_datetime })).toBeUndefined();
    }
    for (const baseline_datetime of ['yesterday', '2020-13-01', '2020-02-30', '']) {
      expect(faultsOf({ baseline_datetime })).toEqual(['body.baseline_datetime value_error']);
    }
  });

  it.each(['CLOSE', 'S&P500_Close', 'Stochastic_%K', 'DI+', 'close price'])(
    'takes the column %s',
    (target_column) => {
      expect(faultsOf({ target_column, date_column: target_column })).toBeUndefined();
    },
  );

  it.each(['<b>', 'javascript:x', '../x', "a'b", 'a"b', '', 'x'.repeat(65)])(
    'refuses the column %j',
    (target_column) => {
      expect(faultsOf({ target_column })).toEqual([expect.stringMatching(/^body\.target_column string_/)]);
      expect(faultsOf({ date_column: target_column })).toEqual([
        expect.stringMatching(/^body\.date_column string_/),
      ]);
    },
  );

  it('takes an empty model name for none, and refuses one that could be markup', () => {
    expect(faultsOf({ model_name: '' })).toBeUndefined();
    expect(faultsOf({ model_name: '@acme/lstm' })).toBeUndefined();
    expect(faultsOf({ model_name: '<script>' })).toEqual(['body.model_name string_pattern_mismatch']);
    expect(faultsOf({ predictor_plugin: '' })).toEqual(['body.predictor_plugin string_too_short']);
  });

  it('drops what it does not know', () => {
    expect(Object.keys(create({ symbol: 'A', owner: 1, status: 'completed' }).value ?? {})).not.toContain(
      'owner',
    );
  });
});

describe('the texts that clients of the original match', () => {
  it.each([
    [{ symbol: 'A&B' }, 'Value error, Invalid ticker/symbol format or contains dangerous content'],
    [
      { symbol: 'A', prediction_type: 'weekly' },
      "Value error, prediction_type must be one of ['short_term', 'long_term', 'medium_term']",
    ],
    [{}, 'Value error, Either symbol or ticker must be provided'],
  ])('say of %j what is wrong', (raw, msg) => {
    expect(compileValidator(CreatePrediction)(raw, 'body')).toMatchObject({
      violations: [{ type: 'value_error', msg, ctx: { error: {} } }],
    });
  });
});

describe('the legacy body', () => {
  const legacy = (raw: unknown) => check(LegacyPredict, raw);

  it('fills what was not sent', () => {
    expect(legacy({}).value).toEqual({ instrument: 'EUR_USD', timeframe: null });
  });

  it('takes a body of the original’s clients', () => {
    const body = {
      instrument: 'EUR_USD',
      timeframe: 'H1',
      prediction_id: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
      parameters: { n_steps: 60, plugin: 'default_predictor' },
    };
    expect(legacy(body).value).toMatchObject({
      instrument: 'EUR_USD',
      timeframe: 'H1',
      predictionId: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
      parameters: { plugin: 'default_predictor' },
    });
  });

  it.each([
    [{ instrument: '<script>' }, 'body.instrument string_pattern_mismatch'],
    [{ instrument: null }, 'body.instrument string_type'],
    [{ timeframe: 'H7' }, 'body.timeframe string_pattern_mismatch'],
    [{ parameters: null }, 'body.parameters model_attributes_type'],
    [{ parameters: { plugin: 7 } }, 'body.parameters.plugin string_type'],
    [{ prediction_id: '../x' }, 'body.prediction_id string_pattern_mismatch'],
    [{ prediction_id: '12' }, 'body.prediction_id string_pattern_mismatch'],
    [{ prediction_id: '' }, 'body.prediction_id string_too_short'],
    [[], 'body dict_type'],
  ])('refuses %j', (raw, fault) => {
    expect(legacy(raw).faults).toContain(fault);
  });
});

describe('the id in a path', () => {
  it('is a positive integer', () => {
    expect(check(PredictionId, { prediction_id: '7' }, 'path').value).toEqual({ predictionId: 7 });
    for (const prediction_id of ['abc', '1.5', ''])
      expect(check(PredictionId, { prediction_id }, 'path').faults).toEqual([
        'path.prediction_id int_parsing',
      ]);
    // No row has such an id: the answer is 404.
    for (const prediction_id of ['0', '-1', '9'.repeat(30)])
      expect(check(PredictionId, { prediction_id }, 'path').value).toEqual({ predictionId: 0 });
  });
});
