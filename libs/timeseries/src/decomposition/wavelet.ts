/** Daubechies' orthogonal wavelet with four vanishing moments (Ten Lectures on Wavelets, 1992, table 6.1), the low-pass filter. */
const DB4 = [
  -0.010597401785069032, 0.0328830116668852, 0.030841381835560764, -0.18703481171909309,
  -0.027983769416859854, 0.6308807679298589, 0.7148465705529157, 0.2303778133088965,
] as const;
/** Its mirror: the high-pass filter. Both are divided by √2, so that the parts of a level keep the energy of the whole. */
const LOW = DB4.map((value) => value / Math.SQRT2);
const HIGH = DB4.map((_, at) => ((at % 2 === 0 ? -1 : 1) * (DB4[DB4.length - 1 - at] ?? NaN)) / Math.SQRT2);

/** One level: as long as the values. */
export interface WaveletLevel {
  readonly approximation: Float64Array;
  readonly detail: Float64Array;
}

/**
 * Stationary wavelet transform with db4 (G. P. Nason, B. W. Silverman, The Stationary Wavelet Transform and some
 * Statistical Applications, 1995), the values continued in a circle, finest level first. Equal to PyWavelets'
 * `swt(x, 'db4', level, norm=True)` read from its end.
 * @param values their number is a multiple of 2^levels
 */
export function stationaryWavelet(values: Float64Array, levels: number): readonly WaveletLevel[] {
  const found: WaveletLevel[] = [];
  let rest = values;
  for (let level = 0; level < levels; level += 1) {
    const step = 2 ** level;
    found.push({ approximation: filtered(rest, LOW, step), detail: filtered(rest, HIGH, step) });
    rest = found.at(-1)?.approximation ?? rest;
  }
  return found;
}

/** Convolution in a circle with a filter whose taps stand `step` apart, centred. */
function filtered(values: Float64Array, filter: readonly number[], step: number): Float64Array {
  const { length } = values;
  const centre = (filter.length / 2) * step;
  return values.map((_, at) => {
    let sum = 0;
    for (let tap = 0; tap < filter.length; tap += 1) {
      const place = (((at + centre - tap * step) % length) + length) % length;
      sum += (filter[tap] ?? NaN) * (values[place] ?? NaN);
    }
    return sum;
  });
}
