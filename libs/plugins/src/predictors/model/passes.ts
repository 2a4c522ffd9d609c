import { randomInt } from 'node:crypto';
import type { Model, OutputTensor, SampledOutput } from '#libs/keras-onnx';
import { PluginError } from '#libs/plugin-sdk';
import type { InputLayout } from './input-layout.js';

/** How often a model is asked about one window. */
export interface PassOptions {
  /** Passes with the random layers active; 0 for a single one with them at rest. */
  readonly samples: number;
  /** Seed of all masks; null draws one, which the answer tells. */
  readonly seed: number | null;
  /** Most passes computed together, which bounds memory; the draws do not depend on it. */
  readonly batch?: number;
  /** Levels in [0, 1]. */
  readonly quantiles?: readonly number[];
  /** Hand over every pass as well. */
  readonly keepValues?: boolean;
}

/** What a model answers about one window; arrays are flat over `shape`, in the units of the model. */
export interface Passes {
  /** Of one answer, without the axis of rows. */
  readonly shape: readonly number[];
  readonly mean: Float32Array;
  /** Population standard deviation over the passes; 0 without random layers. */
  readonly std: Float32Array;
  /** One array for each asked level. */
  readonly quantiles: readonly Float32Array[];
  /** All passes, one after the other, when they were asked for. */
  readonly values: Float32Array | null;
  /** Random passes that were made; 0 when the model has no random layers or none were asked for. */
  readonly samples: number;
  /** Makes the same answer again, bit for bit; null when nothing was random. */
  readonly seed: number | null;
}

/** Seeds that JSON, every client and the generator keep exactly: whole numbers below this. */
export const SEEDS = 2 ** 32;

/**
 * Asks a model about one window and answers for each of the named outputs, all from the same passes. `window` is flat in
 * the layout's shape.
 */
export async function passesOf(
  model: Model,
  window: Float32Array,
  layout: InputLayout,
  outputs: readonly string[],
  options: PassOptions,
): Promise<Passes[]> {
  const inputs = [{ shape: layout.shape, data: window }];
  const { samples, batch, quantiles = [], keepValues = false } = options;
  if (samples === 0 || !model.describe().stochastic) {
    const answers = await model.run(inputs);
    return outputs.map((name) => certain(named(answers, name), quantiles.length, keepValues));
  }
  const seed = options.seed ?? randomInt(SEEDS);
  const answers = await model.sample(inputs, { samples, seed, batch, quantiles, keepSamples: keepValues });
  return outputs.map((name) => sampled(named(answers, name), samples, seed));
}

function sampled(answer: SampledOutput, samples: number, seed: number): Passes {
  return {
    shape: answer.shape.slice(1),
    mean: answer.mean,
    std: answer.std,
    quantiles: answer.quantiles,
    values: answer.values ?? null,
    samples,
    seed,
  };
}

function certain({ shape, data }: OutputTensor, levels: number, keepValues: boolean): Passes {
  return {
    shape: shape.slice(1),
    mean: data,
    std: new Float32Array(data.length),
    quantiles: Array.from({ length: levels }, () => data),
    values: keepValues ? data : null,
    samples: 0,
    seed: null,
  };
}

function named<T extends { readonly name: string }>(outputs: readonly T[], name: string): T {
  const found = outputs.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new PluginError('not_configured', `the model has no output "${name}"`);
}
