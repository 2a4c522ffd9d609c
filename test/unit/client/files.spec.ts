import { describe, expect, it } from '@jest/globals';
import { completedOrder, forecastTimes } from '../../../src/client/completed-order.js';
import { logsText, resultsCsv } from '../../../src/client/download-texts.js';
import { faultOfParameters } from '../../../src/client/order.dto.js';
import type { Order, OrderInterval, OrderResult } from '../../../src/marketplace/marketplace.port.js';

const asked = (moment: string, interval: OrderInterval, predictionHorizon = 3) => ({
  datetimeRequested: new Date(moment),
  interval,
  predictionHorizon,
});
const result = (changes: Partial<OrderResult> = {}): OrderResult => ({
  predictions: [1, 2, 3],
  uncertainties: [0, 0.1, 0.2],
  confidenceIntervals: {},
  modelMetadata: {},
  processingLog: null,
  resourceUsage: null,
  qualityMetrics: null,
  ...changes,
});
const isoOf = (times: readonly number[]): string[] => times.map((time) => new Date(time).toISOString());

describe('the times of a forecast', () => {
  it.each([
    ['2024-01-31T05:00:00Z', '1h', ['2024-01-31T05:00', '2024-01-31T06:00', '2024-01-31T07:00']],
    ['2024-02-28T05:00:00Z', '1d', ['2024-02-28T05:00', '2024-02-29T05:00', '2024-03-01T05:00']],
    ['2024-12-25T00:00:00Z', '1w', ['2024-12-25T00:00', '2025-01-01T00:00', '2025-01-08T00:00']],
    ['2024-12-31T23:00:00Z', '1M', ['2024-12-31T23:00', '2025-01-31T23:00', '2025-02-28T23:00']],
    ['2024-01-30T23:00:00Z', '1M', ['2024-01-30T23:00', '2024-02-29T23:00', '2024-03-30T23:00']],
  ] as const)('%s by %s', (moment, interval, expected) => {
    const { times, source } = forecastTimes(asked(moment, interval), result());
    expect([source, isoOf(times).map((text) => text.slice(0, 16))]).toEqual(['request', expected]);
  });

  it.each([
    [['2024-01-01', '2024-01-02']],
    [['2024-01-01', '2024-01-01', '2024-01-02']],
    [['2024-01-02', '2024-01-01', '2024-01-03']],
    [['2024-01-01', 'soon', '2024-01-03']],
    [[1, 2, 3]],
    ['2024-01-01'],
  ])('are those of the order when the evaluator names %j', (future_datetimes) => {
    const named = result({ modelMetadata: { future_datetimes } });
    expect(forecastTimes(asked('2024-01-31T05:00:00Z', '1h'), named).source).toBe('request');
  });
});

const AT = new Date('2024-01-01T00:00:00Z');
const completed = (changes: Partial<OrderResult>) =>
  completedOrder(
    {
      ...asked('2024-01-02T00:00:00Z', '1d'),
      symbol: 'EURUSD',
      priority: 5,
      modelName: 'm\u0085odel',
      estimatedCost: 5_000_000,
      currency: 'USD',
      createdAt: AT,
      completedAt: AT,
      resultHash: 'ab',
      evaluatorId: 1,
      claimedAt: AT,
      timeoutAt: AT,
      result: result(changes),
    } as Order,
    [],
  );

describe('results.csv', () => {
  it('writes intervals of every spelling by level, narrowest first', () => {
    const csv = resultsCsv(
      completed({
        confidenceIntervals: {
          '95%': [0, 9, 1, 9, 2, 9],
          '0.5_lower': [0.5, 1.5, 2.5],
          '0.5_upper': [1.5, 2.5, 3.5],
          lower: [-1, -1, -1],
          upper: [10, 10, 10],
        },
      }),
    );
    expect(csv.split('\r\n')).toEqual([
      'step,time,prediction,uncertainty,lower_50,upper_50,lower_95,upper_95,lower,upper',
      '1,2024-01-02T00:00:00Z,1,0,0.5,1.5,0,9,-1,10',
      '2,2024-01-03T00:00:00Z,2,0.1,1.5,2.5,1,9,-1,10',
      '3,2024-01-04T00:00:00Z,3,0.2,2.5,3.5,2,9,-1,10',
      '',
    ]);
  });
});

describe('logs.txt', () => {
  it('writes out what could rewrite a screen', () => {
    const text = logsText(completed({ processingLog: 'a\u0000b\u009bc\u2028d\u2066e\ud800f\rg' }));
    expect(text).toContain('| a\\u0000b\\u009bc\\u2028d\\u2066e\\ud800f\\u000dg\n');
    expect(text).toContain('by m\\u0085odel,');
  });

  it('says when the evaluator wrote none', () => {
    expect(logsText(completed({}))).toMatch(/\n\nThe evaluator wrote no log\.\n$/);
  });
});

describe('the fault of free parameters', () => {
  it.each([
    ['seven levels', { a: { b: { c: { d: { e: { f: { g: 1 } } } } } } }, null],
    ['nine levels', { a: { b: { c: { d: { e: { f: { g: { h: {} } } } } } } } }, /levels deep/],
    ['16,384 characters', { text: 'x'.repeat(16_373) }, null],
    ['16,385 characters', { text: 'x'.repeat(16_374) }, /16384 characters/],
  ])('is found, if there is one, in those of %s', (_, parameters, expected) => {
    const fault = faultOfParameters(parameters);
    if (expected === null) expect(fault).toBeNull();
    else expect(fault).toMatch(expected);
  });
});
