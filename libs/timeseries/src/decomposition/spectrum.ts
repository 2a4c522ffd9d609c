/** Sines and cosines of one length, and Hann's window. */
interface Tables {
  readonly window: Float64Array;
  readonly cosines: Float64Array;
  readonly sines: Float64Array;
  /** Sum of the window's squares. */
  readonly power: number;
}

const tables = new Map<number, Tables>();
/** Lengths whose tables are kept; each configured spectrum has one. */
const MOST_TABLES = 16;

function tablesOf(length: number): Tables {
  const known = tables.get(length);
  if (known) return known;
  const angles = Float64Array.from({ length }, (_, at) => (2 * Math.PI * at) / length);
  const cosines = angles.map(Math.cos);
  const window = cosines.map((value) => 0.5 - 0.5 * value);
  const power = window.reduce((sum, value) => sum + value * value, 0);
  const made = { window, cosines, sines: angles.map(Math.sin), power };
  if (tables.size >= MOST_TABLES) tables.clear();
  tables.set(length, made);
  return made;
}

/**
 * How power is measured: `welch`, the density of one segment by P. D. Welch (The Use of Fast Fourier Transform for the
 * Estimation of Power Spectra, 1967): mean removed, periodic Hann window, one-sided, per unit of frequency, equal to SciPy's
 * `welch(x, window='hann', nperseg=len(x), detrend='constant')`; or `plain`, the squared size of the discrete Fourier
 * transform of the values as they are.
 */
export type SpectrumMethod = 'welch' | 'plain';

/** Power at the frequencies k / length from `low` to `high` cycles a value, both included: its mean; NaN where none lies there. */
export function bandPower(
  values: Float64Array,
  method: SpectrumMethod,
  [low, high]: readonly [number, number],
): number {
  const { length } = values;
  const shaped = method === 'welch' ? shapedOf(values) : values;
  let [sum, count] = [0, 0];
  for (
    let frequency = Math.ceil(low * length);
    frequency <= Math.min(high * length, length / 2);
    frequency += 1
  ) {
    sum += powerAt(shaped, frequency, method);
    count += 1;
  }
  return count === 0 ? NaN : sum / count;
}

function shapedOf(values: Float64Array): Float64Array {
  const { window } = tablesOf(values.length);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value, at) => (value - mean) * (window[at] ?? NaN));
}

function powerAt(values: Float64Array, frequency: number, method: SpectrumMethod): number {
  const { length } = values;
  const { cosines, sines, power } = tablesOf(length);
  let [real, imaginary, turn] = [0, 0, 0];
  for (let at = 0; at < length; at += 1) {
    const value = values[at] ?? NaN;
    real += value * (cosines[turn] ?? NaN);
    imaginary += value * (sines[turn] ?? NaN);
    turn += frequency;
    if (turn >= length) turn -= length;
  }
  const size = real * real + imaginary * imaginary;
  if (method === 'plain') return size;
  const isOnce = frequency === 0 || 2 * frequency === length;
  return ((isOnce ? 1 : 2) * size) / power;
}
