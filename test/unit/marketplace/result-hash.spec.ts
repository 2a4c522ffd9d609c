import { describe, expect, it } from '@jest/globals';
import { pythonFloat, pythonJson } from '#libs/kernel';
import { resultHash } from '../../../src/marketplace/result-hash.js';

/** Expected texts and digests were computed with Python 3: `json.dumps(value, sort_keys=True)`, `hashlib.sha256`. */
describe('JSON as Python writes it', () => {
  it('writes floats as repr does', () => {
    const floats: [number, string][] = [
      [1, '1.0'],
      [-0, '-0.0'],
      [0.1, '0.1'],
      [0.0001, '0.0001'],
      [0.00001, '1e-05'],
      [1.5e-7, '1.5e-07'],
      [1e15, '1000000000000000.0'],
      [9999999999999998, '9999999999999998.0'],
      [1e16, '1e+16'],
      [123456789012345680, '1.2345678901234568e+17'],
      [1e22, '1e+22'],
      [5e-324, '5e-324'],
      [1.7976931348623157e308, '1.7976931348623157e+308'],
    ];
    expect(floats.map(([value]) => pythonFloat(value))).toEqual(floats.map(([, text]) => text));
  });

  it('sorts keys by code point and escapes everything but printable ASCII', () => {
    const value = { '😀': 2, '\uff00': 1, z: null, ü: 'é😀\u007f\n\t"\\/\u0001' };
    expect(pythonJson(value)).toBe(
      String.raw`{"z": null, "\u00fc": "\u00e9\ud83d\ude00\u007f\n\t\"\\/\u0001", "\uff00": 1, "\ud83d\ude00": 2}`,
    );
    expect(pythonJson({ list: [1, 0.5, true, [], {}] })).toBe('{"list": [1, 0.5, true, [], {}]}');
    expect(pythonJson({ a: [1, 2] }, { asFloats: true })).toBe('{"a": [1.0, 2.0]}');
  });
});

describe('the hash of a result', () => {
  it('is what Python computes', () => {
    const hash = resultHash(
      {
        predictions: [1, 1.25, 1e-7],
        uncertainties: [0, 0.5, 2],
        confidenceIntervals: { upper_95: [2, 2, 2], lower_95: [0, 0, -1] },
        modelMetadata: { name: 'Modell ü', layers: 3, rate: 0.001, nested: { b: [1, 2.5], a: null } },
        processingLog: 'ready\n',
        resourceUsage: null,
        qualityMetrics: { model_confidence: 0.9 },
      },
      { completedAt: new Date(Date.UTC(2026, 0, 5, 12)), completedBy: 17 },
    );
    expect(hash).toBe('38f0bbb0e5807307e9b8ef304e41feef82e28801988d06734d0b06f98a48b6a2');
  });
});
