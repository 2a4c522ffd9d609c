import { NumpyGenerator } from '#libs/numpy-random';
import { checkFraction, checkList, checkPair, unscorable } from './check.js';

export interface BootstrapOptions {
  readonly seed: number | bigint;
  /** Samples drawn. Default 1,000. */
  readonly replicates?: number;
  /** Of the interval. Default 0.9: `lower` is then the bound that 95 % lie above. */
  readonly confidence?: number;
}

/** A mean with the error that the blocks allow. */
export interface BootstrappedMean {
  readonly mean: number;
  readonly standardError: number;
  readonly lower: number;
  readonly upper: number;
  readonly blocks: number;
  /**
   * How many independent values would give the same error: variance of the values over that of the mean, 1 to their number.
   */
  readonly effectiveCount: number;
}

const DAY_MS = 86_400_000;

/** The block of a value: its symbol and its UTC day, or run of `days` days where horizons reach over several. */
export function symbolDay(symbol: string, timeMs: number, days = 1): string {
  if (!(days >= 1) || !Number.isFinite(timeMs)) throw unscorable('symbolDay needs a time and 1 or more days');
  return `${symbol}@${Math.floor(timeMs / (DAY_MS * days))}`;
}

/**
 * Error of a mean whose values depend on each other within blocks and not between them: whole blocks are drawn with
 * replacement. Forecasts of the same symbol and day share most of their outcome, so their number says little.
 * O(values + replicates × blocks): 500 blocks and 1,000 replicates take 30 ms.
 * Künsch (1989), The jackknife and the bootstrap for general stationary observations, Ann. Stat. 17, 1217–1241; whole clusters: Davison and
 * Hinkley (1997), Bootstrap methods and their application, section 3.8. The interval is that of percentiles.
 * @param blocks the block of each value, see {@link symbolDay}
 */
export function blockBootstrap(
  values: ArrayLike<number>,
  blocks: ArrayLike<string>,
  { seed, replicates = 1_000, confidence = 0.9 }: BootstrapOptions,
): BootstrappedMean {
  checkList('values', values);
  checkFraction('confidence', confidence);
  if (blocks.length !== values.length)
    throw unscorable(`blocks has ${blocks.length} entries for ${values.length} values`);
  if (!Number.isInteger(replicates) || replicates < 2)
    throw unscorable(`replicates must be a whole number of at least 2, not ${replicates}`);
  const { sums, counts } = blockSums(values, blocks);
  const total = sums.reduce((sum, one) => sum + one, 0);
  const mean = total / values.length;
  const means = resampledMeans(sums, counts, replicates, NumpyGenerator.fromSeed(seed)).sort();
  const standardError = deviation(means);
  const tail = (1 - confidence) / 2;
  return {
    mean,
    standardError,
    lower: percentile(means, tail),
    upper: percentile(means, 1 - tail),
    blocks: sums.length,
    effectiveCount: effectiveCount(values, mean, standardError, sums.length),
  };
}

/** A ratio of sums with the error that the blocks allow. */
export interface BootstrappedRatio {
  readonly ratio: number;
  readonly standardError: number;
  readonly lower: number;
  readonly upper: number;
}

/**
 * As {@link blockBootstrap} for Σ numerators / Σ denominators, of sums by block: a skill is 1 − Σ losses / Σ losses of the
 * baseline, and both vary. Blocks may carry weights that both of their sums were multiplied with.
 * @param denominators ≥ 0, their sum above 0; draws in which all are 0 are left out
 */
export function blockBootstrapRatio(
  numerators: ArrayLike<number>,
  denominators: ArrayLike<number>,
  { seed, replicates = 1_000, confidence = 0.9 }: BootstrapOptions,
): BootstrappedRatio {
  checkPair(['numerators', 'denominators'], numerators, denominators);
  checkFraction('confidence', confidence);
  if (!Number.isInteger(replicates) || replicates < 2)
    throw unscorable(`replicates must be a whole number of at least 2, not ${replicates}`);
  const [above, below] = [Float64Array.from(numerators), Float64Array.from(denominators)];
  const total = below.reduce((sum, one) => sum + one, 0);
  if (!(total > 0)) throw unscorable(`denominators must have a sum above 0, not ${total}`);
  const drawn = resampledMeans(above, below, replicates, NumpyGenerator.fromSeed(seed));
  const ratios = drawn.filter((ratio) => Number.isFinite(ratio)).sort();
  const tail = (1 - confidence) / 2;
  return {
    ratio: above.reduce((sum, one) => sum + one, 0) / total,
    standardError: deviation(ratios),
    lower: percentile(ratios, tail),
    upper: percentile(ratios, 1 - tail),
  };
}

function blockSums(values: ArrayLike<number>, blocks: ArrayLike<string>) {
  const places = new Map<string, number>();
  const sums: number[] = [];
  const counts: number[] = [];
  for (let at = 0; at < values.length; at += 1) {
    const name = blocks[at] ?? '';
    const place = places.get(name) ?? places.size;
    places.set(name, place);
    sums[place] = (sums[place] ?? 0) + (values[at] ?? NaN);
    counts[place] = (counts[place] ?? 0) + 1;
  }
  return { sums: Float64Array.from(sums), counts: Float64Array.from(counts) };
}

function resampledMeans(
  sums: Float64Array,
  counts: Float64Array,
  replicates: number,
  generator: NumpyGenerator,
): Float64Array {
  return Float64Array.from({ length: replicates }, () => {
    let sum = 0;
    let count = 0;
    for (let draw = 0; draw < sums.length; draw += 1) {
      const block = Math.floor(generator.random() * sums.length);
      sum += sums[block] ?? NaN;
      count += counts[block] ?? NaN;
    }
    return sum / count;
  });
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Linear between the sorted values, as NumPy's default. */
function percentile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? NaN;
  const above = sorted[Math.ceil(place)] ?? NaN;
  return below + (place - Math.floor(place)) * (above - below);
}

function effectiveCount(
  values: ArrayLike<number>,
  mean: number,
  standardError: number,
  blocks: number,
): number {
  if (standardError === 0) return blocks;
  let squares = 0;
  for (let at = 0; at < values.length; at += 1) squares += ((values[at] ?? NaN) - mean) ** 2;
  const independent = squares / values.length / standardError ** 2;
  return Math.min(Math.max(independent, 1), values.length);
}
