import { randomInt } from 'node:crypto';
import { basename } from 'node:path';
import type {
  Model,
  ModelDescription,
  OutputTensor,
  SampledOutput,
  TensorDescription,
} from '#libs/keras-onnx';
import type { Normalisation } from '#libs/timeseries';
import { PluginError } from '#libs/plugin-sdk';
import { classOutput } from './class-output.js';
import { inputLayout, type InputLayout } from './input-layout.js';
import { fileFault, modelFault, type NamedFile, noteOn, servedFacts } from './model-file.js';
import { metadataName, type ModelMetadata } from './model-metadata.js';

/** How often a model is asked about one window. */
interface PassOptions {
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
  /** Draw the cheap end of the model several times for each pass through the rest. */
  readonly nested?: boolean;
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
  /** Where passes were nested: how many went through the costly part of the model, and how many draws there were. */
  readonly nesting?: { readonly bodies: number; readonly passes: number };
  /** Makes the same answer again, bit for bit; null when nothing was random. */
  readonly seed: number | null;
}

/** Seeds that JSON, every client and the generator keep exactly: whole numbers below this. */
export const SEEDS = 2 ** 32;

function sampled(answer: SampledOutput, samples: number, seed: number): Passes {
  return {
    shape: answer.shape.slice(1),
    mean: answer.mean,
    std: answer.std,
    quantiles: answer.quantiles,
    values: answer.values ?? null,
    samples: answer.samples ?? samples,
    ...(answer.nesting !== undefined && { nesting: answer.nesting }),
    seed: answer.seed === undefined ? seed : answer.seed,
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

/** What a predictor knows of its models beyond their files. */
export interface ServingRules {
  /** Monte-Carlo passes that will be asked for; a model that cannot be sampled is refused when it is opened. */
  readonly samples: number;
  /** Bars of a window where neither metadata nor model say. */
  readonly fallbackSize?: number | null;
  /** Numbers that the predictor adds behind the feature columns, each with the names that metadata may give it. */
  readonly extras?: readonly ExtraInput[];
  /** Outputs that may be served together, in the model's order, where the metadata name none; default one. */
  readonly outputsTogether?: number;
}

/** Names of one number that a question adds to every bar; the first is ours. */
export type ExtraInput = readonly [name: string, ...aliases: string[]];

/**
 * The metadata without the numbers of the question: those of exit models of the original name them as the last of the
 * `feature_columns`.
 * @throws PluginError `not_configured` where they stand elsewhere, in another order, or not all of them
 */
export function withoutExtras(
  file: NamedFile,
  metadata: ModelMetadata,
  extras: readonly ExtraInput[],
): ModelMetadata {
  const { featureColumns } = metadata;
  if (featureColumns === null || extras.length === 0) return metadata;
  const placeOf = (column: string): number =>
    extras.findIndex((names) => names.some((name) => name.toLowerCase() === column.toLowerCase()));
  const places = featureColumns.map(placeOf);
  const found = places.filter((place) => place !== -1);
  if (found.length === 0) return metadata;
  const count = featureColumns.length - extras.length;
  if (found.length === extras.length && extras.every((_, at) => places[count + at] === at)) {
    return { ...metadata, featureColumns: featureColumns.slice(0, count) };
  }
  const misplaced = featureColumns.filter((_, at) => places[at] !== -1).join(', ');
  throw fileFault(
    file,
    `${metadataName(file)} names ${misplaced}; the numbers of a question are the last of feature_columns: ${extras.map(([name]) => name).join(', ')}`,
  );
}

/** The fault of a normalisation that knows none of the model's columns. */
export function uselessNormalisation(
  file: NamedFile,
  { names }: Normalisation,
  columns: string,
): PluginError {
  const known = names.slice(0, 10).join(', ');
  return fileFault(file, `its normalisation knows none of ${columns}; it knows ${known}`);
}

/** A loaded model with everything that is needed to ask it about bars. */
export class ServedModel {
  readonly description: ModelDescription;
  readonly layout: InputLayout;
  /** The outputs that are served; one, unless the rules allow more. */
  readonly outputs: readonly [TensorDescription, ...TensorDescription[]];

  /** @throws PluginError `not_configured` for a model that does not fit its metadata or the rules */
  constructor(
    readonly file: NamedFile,
    readonly model: Model,
    readonly metadata: ModelMetadata,
    readonly normalisation: Normalisation | null,
    rules: ServingRules,
  ) {
    this.description = model.describe();
    const { fallbackSize = null, extras = [] } = rules;
    this.layout = inputLayout(file, this.description, metadata, {
      fallbackSize,
      extraColumns: extras.length,
    });
    this.outputs = this.#chosenOutputs(rules.outputsTogether ?? 1);
    this.#refuseUselessNormalisation(extras.flat());
    const { samplingRefused } = this.description;
    if (rules.samples > 0 && samplingRefused !== null) {
      throw fileFault(file, `${samplingRefused}; mc_samples 0 serves it without sampling`);
    }
  }

  /** The output that is served, or the first of them. */
  get output(): TensorDescription {
    return this.outputs[0];
  }

  /** What its operator should know before it is trusted; null for most. */
  get note(): string | null {
    return noteOn(this.file, this.description);
  }

  /** What the model info tells of the file and the model's input, in wire names. */
  get facts(): Readonly<Record<string, unknown>> {
    const { description } = this;
    return {
      model_loaded: true,
      model_type: description.format,
      model_path: basename(this.file.path),
      model_sha256: description.sha256,
      ...servedFacts(description),
      written_by: description.writtenBy,
      input_shape: description.inputs[0]?.shape ?? [],
    };
  }

  /**
   * Asks about one window, flat in the layout's shape; answers for {@link output}.
   * @throws PluginError with the model's fault
   */
  async passes(window: Float32Array, options: PassOptions): Promise<Passes> {
    const [only] = await this.#passesOf([this.output.name], window, options);
    if (only === undefined) throw new Error('invariant broken: one output was asked for');
    return only;
  }

  /** As {@link passes} for all {@link outputs}, from the same passes. */
  allPasses(window: Float32Array, options: PassOptions): Promise<readonly Passes[]> {
    return this.#passesOf(
      this.outputs.map(({ name }) => name),
      window,
      options,
    );
  }

  /**
   * Asks about several windows, which lie one after the other, in as few calls as the model allows: one, unless its file
   * fixes the number of rows.
   * @param seeds one for each window: its passes are those of {@link passes} with that seed
   */
  async passesOfRows(
    windows: Float32Array,
    seeds: readonly number[],
    options: Omit<PassOptions, 'seed'>,
  ): Promise<readonly Passes[]> {
    const { samples, batch, quantiles = [], keepValues = false, nested = false } = options;
    const [first, ...rest] = this.layout.shape;
    const size = windows.length / seeds.length;
    const takesRows = this.description.inputs[0]?.shape[0] === null && first === 1;
    if (!takesRows)
      return Promise.all(
        seeds.map((seed, row) =>
          this.passes(windows.subarray(row * size, (row + 1) * size), { ...options, seed }),
        ),
      );
    const inputs = [{ shape: [seeds.length, ...rest], data: windows }];
    const { name } = this.output;
    try {
      if (samples === 0 || !this.description.stochastic) {
        const { shape, data } = named(await this.model.run(inputs), name);
        const width = data.length / seeds.length;
        return seeds.map((_, row) => {
          const own = {
            name,
            shape: [1, ...shape.slice(1)],
            data: data.subarray(row * width, (row + 1) * width),
          };
          return certain(own, quantiles.length, keepValues);
        });
      }
      const settings = { samples, seeds, batch, quantiles, keepSamples: keepValues, nested };
      const answers = await this.model.sampleRows(inputs, settings);
      return answers.map((answer, row) => sampled(named(answer, name), samples, seeds[row] ?? NaN));
    } catch (error) {
      throw modelFault(this.file, error);
    }
  }

  async #passesOf(
    outputs: readonly string[],
    window: Float32Array,
    options: PassOptions,
  ): Promise<readonly Passes[]> {
    const inputs = [{ shape: this.layout.shape, data: window }];
    const { samples, batch, quantiles = [], keepValues = false, nested = false } = options;
    try {
      if (samples === 0 || !this.description.stochastic) {
        const answers = await this.model.run(inputs);
        return outputs.map((name) => certain(named(answers, name), quantiles.length, keepValues));
      }
      const seed = options.seed ?? randomInt(SEEDS);
      const settings = { samples, seed, batch, quantiles, keepSamples: keepValues, nested };
      const answers = await this.model.sample(inputs, settings);
      return outputs.map((name) => sampled(named(answers, name), samples, seed));
    } catch (error) {
      throw modelFault(this.file, error);
    }
  }

  #chosenOutputs(most: number): readonly [TensorDescription, ...TensorDescription[]] {
    const { outputs } = this.description;
    const { output } = this.metadata;
    const names = outputs.map(({ name }) => name).join(', ');
    const found = outputs.find(({ name }) => name === output);
    if (found !== undefined) return [found];
    if (output !== null) throw fileFault(this.file, `it has no output "${output}"; its outputs are ${names}`);
    const probabilities = classOutput(this.description);
    if (probabilities !== undefined) return [probabilities];
    const [first, ...others] = outputs;
    if (first !== undefined && outputs.length <= most) return [first, ...others];
    throw fileFault(
      this.file,
      `it has several outputs (${names}); say in ${metadataName(this.file)} which is served (output)`,
    );
  }

  /** A normalisation that knows none of the columns would silently do nothing. */
  #refuseUselessNormalisation(extras: readonly string[]): void {
    const { normalisation, metadata } = this;
    const columns = metadata.featureColumns;
    if (normalisation === null || columns === null) return;
    if ([...columns, ...extras].some((name) => normalisation.has(name))) return;
    throw uselessNormalisation(this.file, normalisation, 'feature_columns');
  }
}
