import { describe, expect, it } from '@jest/globals';
import { Frame } from '#libs/timeseries';
import { scaleAt } from '#libs/scoring';
import { jsonDigest, windowDigest } from '../../../src/outcomes/pinned-window.js';

const frame = (columns: Readonly<Record<string, readonly number[]>>, times = [1_000, 2_000, 3_000]): Frame =>
  Frame.of(
    Float64Array.from(times),
    Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, Float64Array.from(values)])),
  );

describe('the digest of the bars that a predictor saw', () => {
  it('is that of times and named columns in little-endian doubles, as any language computes it', () => {
    // Python: sha256(pack('<3d', 1000, 2000, 3000) + for CLOSE, HIGH: pack('<d', len) + name + pack('<3d', …))
    const seen = frame({ HIGH: [2, 3.5, NaN], CLOSE: [1.25, 2, -0.5] });
    expect(windowDigest(seen, null)).toEqual({
      sha256: '0512568a7752211a93b3bd50f1872f3c5ff6b57085260135699b12bc249f3f54',
      bars: 3,
    });
  });

  it('does not depend on the order of the columns, and on nothing else', () => {
    const digest = (columns: Readonly<Record<string, readonly number[]>>, times?: number[]) =>
      windowDigest(frame(columns, times), null).sha256;
    const [a, b] = [
      [1, 2, 3],
      [4, 5, 6],
    ];
    const known = digest({ a, b });
    expect(digest({ b, a })).toBe(known);
    const others = [
      digest({ a: b, b: a }),
      digest({ a, b: [4, 5, 6.000000000000001] }),
      digest({ a, c: b }),
      digest({ a }),
      digest({ a, b }, [1_000, 2_000, 3_001]),
    ];
    expect(new Set([known, ...others]).size).toBe(6);
  });

  it('covers as many bars as the model reads, the last 1,024 at least', () => {
    const times = Array.from({ length: 3_000 }, (_, at) => at);
    const whole = frame({ a: times }, times);
    expect(windowDigest(whole, null).bars).toBe(1_024);
    expect(windowDigest(whole, 2_000).bars).toBe(2_000);
    const last = windowDigest(whole.slice(3_000 - 1_024), null);
    expect(windowDigest(whole, 64)).toEqual(last);
  });

  it('tells windows apart that are cut from the same arrays', () => {
    const times = Array.from({ length: 10 }, (_, at) => at);
    const whole = frame({ a: times }, times);
    const first = windowDigest(whole.slice(0, 5), null);
    expect(windowDigest(whole.slice(0, 6), null)).not.toEqual(first);
    expect(windowDigest(whole.slice(0, 5), null)).toEqual(first);
    const other = Float64Array.from(times, (value) => -value);
    expect(windowDigest(whole.slice(0, 5).with({ a: other.subarray(0, 5) }), null)).not.toEqual(first);
  });
});

describe('the scale of a forecast', () => {
  it('is measured from the changes of known values up to the bar it starts from', () => {
    const values = Float64Array.of(1, NaN, 3, 2, 100);
    expect(scaleAt(values, 3)).toEqual({ naiveMae: 1.5, volatility: Math.sqrt(2.5) });
    expect(scaleAt(values, 0)).toBeNull();
    expect(scaleAt(Float64Array.of(2, 2, 2), 2)).toBeNull();
  });

  it('takes the last 256 changes', () => {
    const values = Float64Array.from({ length: 1_000 }, (_, at) => (at < 700 ? at * 50 : at));
    expect(scaleAt(values, 999)).toEqual({ naiveMae: 1, volatility: 1 });
  });
});

it('parameters have the digest of their canonical JSON', () => {
  // Python: sha256(json.dumps({"a": [1, 2.5], "b": None}, sort_keys=True, separators=(",", ":")))
  expect(jsonDigest({ b: null, a: [1, 2.5] })).toBe(
    'f66b2c50ccae61e3f2445d2439f42efc245581b18ed184ce5d3c22fb58eed9c4',
  );
});
