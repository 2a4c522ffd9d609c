import { describe, expect, it } from '@jest/globals';
import { faultOfAnswer } from '../../../src/marketplace/check-answer.js';
import type { OrderResult } from '../../../src/marketplace/marketplace.port.js';

const answer = (changes: Partial<OrderResult> = {}): OrderResult => ({
  predictions: [10, 20],
  uncertainties: [1, 2],
  confidenceIntervals: {},
  modelMetadata: {},
  processingLog: null,
  resourceUsage: null,
  qualityMetrics: null,
  ...changes,
});

const faultOf = (confidenceIntervals: OrderResult['confidenceIntervals']): string | null =>
  faultOfAnswer(answer({ confidenceIntervals }), 2)?.detail ?? null;

describe('intervals of an answer', () => {
  it.each([
    [{}],
    [{ lower_95: [8, 18], upper_95: [12, 22] }],
    [{ '95_lower': [8, 18], '95_upper': [12, 22] }],
    [{ 'lower_97.5%': [8, 18], 'upper_97.5%': [12, 22] }],
    [{ lower: [8, 18], upper: [12, 22] }],
    [{ 'lower_0.95': [8, 18], 'upper_0.95': [12, 22] }],
    [{ '95%': [8, 12, 18, 22], '80': [9, 11, 19, 21] }],
    [{ '95%': [8, 12, 18, 22], lower_80: [9, 19], upper_80: [11, 21] }],
    [{ '50%': [10, 10, 20, 20] }],
  ])('may be %j', (intervals) => {
    expect(faultOf(intervals)).toBeNull();
  });

  it.each([
    [{ p95: [8, 18] }, /'p95' is not an interval; allowed are 'lower_95' with 'upper_95'/],
    [{ '0%': [8, 12, 18, 22] }, /is not an interval/],
    [{ '100%': [8, 12, 18, 22] }, /is not an interval/],
    [{ lower_95: [8, 18] }, /'95%' has no upper bounds/],
    [{ lower_95: [8], upper_95: [12, 22] }, /'lower_95' has 1 values instead of 2/],
    [{ '95%': [8, 12] }, /'95%' has 2 values instead of 4/],
    [{ '95%': [12, 8, 18, 22] }, /lower bound above the upper one at bar 1/],
    [{ '95%': [8, 12, 21, 22] }, /does not contain the prediction at bar 2/],
    [{ '95%': [9, 11, 18, 22], '80%': [8, 12, 19, 21] }, /'95%' does not contain 80% at bar 1/],
    [{ '95%': [8, 12, 18, 22], '0.95': [8, 12, 18, 22] }, /has the same level as/],
    [{ '95%': [8, Infinity, 18, 22] }, /finite numbers/],
    [{ '95%': [8, 1e16, 18, 22] }, /between -1e15 and 1e15/],
  ])('may not be %j', (intervals, fault) => {
    expect(faultOf(intervals)).toMatch(fault);
  });

  it('are not more than forty', () => {
    const many = Object.fromEntries(Array.from({ length: 41 }, (_, index) => [`${index + 1}%`, []]));
    expect(faultOf(many)).toMatch(/has 41 keys; 40 are allowed/);
  });
});

describe('an answer', () => {
  it('has one finite value a bar, no negative uncertainty and no endless text', () => {
    const faultsOf = (changes: Partial<OrderResult>) =>
      faultOfAnswer(answer(changes), 2)?.violations.map(({ loc }) => loc.join('.'));
    expect(faultsOf({})).toBeUndefined();
    expect(faultsOf({ predictions: [1], uncertainties: [1, 2, 3] })).toEqual([
      'body.predictions',
      'body.uncertainties',
    ]);
    expect(faultsOf({ predictions: [Number.NaN, 1], uncertainties: [-1, 0] })).toEqual([
      'body.predictions.0',
      'body.uncertainties.0',
    ]);
    expect(
      faultsOf({ processingLog: 'x'.repeat(100_001), modelMetadata: { text: 'x'.repeat(65_536) } }),
    ).toEqual(['body.model_metadata', 'body.processing_log']);
  });
});
