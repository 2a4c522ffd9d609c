import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { computeFeatures, Frame, loadCsv } from '#libs/timeseries';
import { bandPower } from '../../../libs/timeseries/src/decomposition/spectrum.js';
import { Stl } from '../../../libs/timeseries/src/decomposition/stl.js';
import { stationaryWavelet } from '../../../libs/timeseries/src/decomposition/wavelet.js';
import { REPLICATOR_DECOMPOSITION } from '../../../libs/plugins/src/feeders/original/column-sets.js';

const FEATURES = '../shared/data/indicators_eurusd_1h_2005.csv';

interface Expected {
  readonly long: number[];
  readonly short: number[];
  readonly stl: {
    readonly options: { period: number; seasonal: number; trend: number; robust: boolean };
    readonly trend: number[];
    readonly seasonal: number[];
  }[];
  readonly swt: {
    readonly level: number;
    readonly approximations: number[][];
    readonly details: number[][];
  }[];
  readonly welch: { readonly frequencies: number[]; readonly density: number[] };
}
/** Made by test/resources/decomposition.py with statsmodels, PyWavelets and SciPy. */
const expected = JSON.parse(readFileSync('test/resources/decomposition.json', 'utf8')) as Expected;
const [long, short] = [Float64Array.from(expected.long), Float64Array.from(expected.short)];

const worst = (actual: Iterable<number>, wanted: readonly number[] = []): number =>
  Math.max(...[...actual].map((value, at) => Math.abs(value - (wanted[at] ?? NaN))));

describe('decompositions', () => {
  it.each(expected.stl.map((one) => [JSON.stringify(one.options), one] as const))(
    'by STL equal those of statsmodels: %s',
    (_, { options, trend, seasonal }) => {
      const values = trend.length === short.length ? short : long;
      const stl = new Stl(values.length, options);
      const parts = stl.parts(values);
      expect(worst(parts.trend, trend)).toBeLessThan(1e-12);
      expect(worst(parts.seasonal, seasonal)).toBeLessThan(1e-12);
      expect(worst(stl.last(values), [trend.at(-1) ?? NaN, seasonal.at(-1) ?? NaN])).toBeLessThan(1e-12);
    },
  );

  it('by stationary wavelets equal those of PyWavelets', () => {
    for (const { level, approximations, details } of expected.swt) {
      const values = level === 2 ? short.subarray(0, 16) : long.subarray(0, 32);
      for (const [at, { approximation, detail }] of stationaryWavelet(values, level).entries()) {
        expect(worst(approximation, approximations[level - 1 - at])).toBeLessThan(1e-14);
        expect(worst(detail, details[level - 1 - at])).toBeLessThan(1e-14);
      }
    }
  });

  it('by spectrum equal the densities of SciPy', () => {
    for (const [at, density] of expected.welch.density.entries()) {
      const frequency = expected.welch.frequencies[at] ?? NaN;
      const near = [frequency - 1e-9, frequency + 1e-9] as const;
      expect(bandPower(long, 'welch', near)).toBeCloseTo(density, 12);
    }
    const { frequencies, density } = expected.welch;
    const inside = density.filter(
      (_, at) => (frequencies[at] ?? 0) >= 0.01 && (frequencies[at] ?? 0) <= 0.06,
    );
    const mean = inside.reduce((sum, one) => sum + one, 0) / inside.length;
    expect(bandPower(long, 'welch', [0.01, 0.06])).toBeCloseTo(mean, 12);
    expect(bandPower(short, 'welch', [0.001, 0.002])).toBe(NaN);
  });

  it('of plain power are the squared sizes of the transform', () => {
    const wave = Float64Array.from({ length: 8 }, (_, at) => 3 * Math.cos((2 * Math.PI * at) / 8));
    expect(bandPower(wave, 'plain', [0.1, 0.15])).toBeCloseTo((3 * 4) ** 2, 9);
    expect(bandPower(wave, 'plain', [0.2, 0.5])).toBeCloseTo(0, 9);
  });
});

describe('columns of a decomposition', () => {
  const options = {
    decomposition: {
      ...REPLICATOR_DECOMPOSITION,
      scale: 'close' as const,
      spectrum: {
        window: 10,
        step: 3,
        method: 'plain' as const,
        bands: [{ name: 'band', from: 0.1, to: 0.5 }],
      },
    },
  };
  const names = ['CLOSE_stl_trend', 'CLOSE_stl_resid', 'CLOSE_wav_detail_L2', 'band', 'band_lag_1'];
  const of = (length: number) =>
    computeFeatures(
      Frame.of(
        Float64Array.from({ length }, (_, row) => row),
        { CLOSE: long.subarray(0, length) },
      ),
      names,
      options,
    );

  it('never look ahead, and begin when their window is full', () => {
    const [whole, part] = [of(80), of(60)];
    const firsts = names.map((name) => whole.get(name)?.findIndex((value) => !Number.isNaN(value)));
    expect(firsts).toEqual([48, 48, 18, 9, 10]);
    for (const name of names) expect(part.get(name)).toEqual(whole.get(name)?.slice(0, 60));
  });

  it('keep a spectrum until the next one is due', () => {
    const band = [...(of(20).get('band') ?? [])].slice(9, 16);
    expect([band[0] === band[2], band[2] === band[3], band[3] === band[5]]).toEqual([true, false, true]);
  });
});

(existsSync(FEATURES) ? describe : describe.skip)('against the published feature file,', () => {
  it('every part equals its column, which was rounded to 32 bits', async () => {
    const { frame } = await loadCsv(FEATURES, { dateColumn: 'DATE_TIME' });
    const prices = frame.select(['CLOSE']).slice(0, 400);
    const parts = frame.names.filter((name) => /^CLOSE_(?:stl|wav|mtm)/.test(name));
    expect(parts).toHaveLength(10);
    const made = computeFeatures(prices, parts, { decomposition: REPLICATOR_DECOMPOSITION });
    for (const name of parts) {
      const published = frame.column(name).subarray(0, prices.length);
      const differences = [...(made.get(name) ?? [])].map((value, row) =>
        Math.abs(value - (published[row] ?? NaN)),
      );
      const known = differences.filter((one) => !Number.isNaN(one));
      expect([name, known.length, Math.max(...known) < 1e-6]).toEqual([
        name,
        published.filter((value) => !Number.isNaN(value)).length,
        true,
      ]);
    }
  });
});
