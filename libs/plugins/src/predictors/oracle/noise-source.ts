import { choice, integer, type ParameterDeclarations } from '#libs/kernel';
import { keyedNormal, keyedUniform, NumpyGenerator } from '#libs/numpy-random';

/** Where randomness comes from: parameters of every predictor with noise. */
export const noiseParameters = {
  noise_seed: integer({ default: 42, min: 0 }, 'Seed of the noise, from 0 to 2^53 - 1.'),
  noise_mode: choice(
    { default: 'keyed', oneOf: ['keyed', 'sequential'] },
    'How noise is drawn: "keyed" depends only on seed, symbol, bar, horizon and signal; "sequential" takes the next number of one stream for each question, the same stream as in NumPy.',
  ),
} as const satisfies ParameterDeclarations;

/** Where the randomness of a noisy oracle comes from; see {@link createNoise}. */
export type NoiseMode = 'keyed' | 'sequential';

/** Draws for one signal of one bar: `time` epoch ms of the bar, `horizon` bars ahead, `signal` the name of what is disturbed. */
export interface NoiseSource {
  /** Uniform from [0, 1). */
  uniform(symbol: string, time: number, horizon: number, signal: string): number;
  /** Normal with mean 0 and the given standard deviation. */
  normal(symbol: string, time: number, horizon: number, signal: string, sigma: number): number;
  /** Starts the stream anew; nothing to do where there is none. */
  reseed(): void;
}

/**
 * `keyed`: every draw is a pure function of seed, symbol, bar, horizon and signal, so neither order nor concurrency nor
 * other callers matter. `sequential`: one stream in the order of the calls, equal to NumPy's `default_rng(seed)`.
 */
export function createNoise(mode: NoiseMode, seed: number): NoiseSource {
  return mode === 'keyed' ? keyedNoise(seed) : sequentialNoise(seed);
}

const keyedNoise = (seed: number): NoiseSource => ({
  uniform: (symbol, time, horizon, signal) => keyedUniform(seed, symbol, time, horizon, signal),
  normal: (symbol, time, horizon, signal, sigma) => sigma * keyedNormal(seed, symbol, time, horizon, signal),
  reseed: () => {},
});

function sequentialNoise(seed: number): NoiseSource {
  const generator = NumpyGenerator.fromSeed(seed);
  return {
    uniform: () => generator.random(),
    normal: (_symbol, _time, _horizon, _signal, sigma) => generator.normal(0, sigma),
    reseed: () => generator.reseed(seed),
  };
}
