import type { Model, ModelDescription, TensorDescription } from '#libs/keras-onnx';
import type { Normalisation } from '#libs/timeseries';
import { inputLayout, type InputLayout } from './input-layout.js';
import { fileFault, modelFault, type NamedFile } from './model-fault.js';
import { metadataPath, type ModelMetadata } from './model-metadata.js';
import { passesOf, type PassOptions, type Passes } from './passes.js';

/** What a predictor knows of its models beyond their files. */
export interface ServingRules {
  /** Monte-Carlo passes that will be asked for; a model that cannot be sampled is refused when it is opened. */
  readonly samples: number;
  /** Bars of a window where neither metadata nor model say. */
  readonly fallbackSize?: number | null;
  /** Columns that the predictor adds behind the feature columns. */
  readonly extraColumns?: number;
  /** Outputs that may be served together, in the model's order, where the metadata name none; default one. */
  readonly outputsTogether?: number;
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
    private readonly model: Model,
    readonly metadata: ModelMetadata,
    readonly normalisation: Normalisation | null,
    rules: ServingRules,
  ) {
    this.description = model.describe();
    this.layout = inputLayout(file, this.description, metadata, rules);
    this.outputs = this.#chosenOutputs(rules.outputsTogether ?? 1);
    this.#refuseUselessNormalisation();
    const { samplingRefused } = this.description;
    if (rules.samples > 0 && samplingRefused !== null) {
      throw fileFault(file, `${samplingRefused}; mc_samples 0 serves it without sampling`);
    }
  }

  /** The output that is served, or the first of them. */
  get output(): TensorDescription {
    return this.outputs[0];
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

  async #passesOf(
    outputs: readonly string[],
    window: Float32Array,
    options: PassOptions,
  ): Promise<readonly Passes[]> {
    try {
      return await passesOf(this.model, window, this.layout, outputs, options);
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
    const [first, ...others] = outputs;
    if (first !== undefined && outputs.length <= most) return [first, ...others];
    const metadata = metadataPath(this.file.path).replace(/^.*[\\/]/, '');
    throw fileFault(
      this.file,
      `it has several outputs (${names}); say in ${metadata} which is served (output)`,
    );
  }

  /** A normalisation that knows none of the columns would silently do nothing. */
  #refuseUselessNormalisation(): void {
    const { normalisation, metadata } = this;
    const columns = metadata.featureColumns;
    if (normalisation === null || columns === null || columns.some((name) => normalisation.has(name))) return;
    const known = normalisation.names.slice(0, 10).join(', ');
    throw fileFault(this.file, `its normalisation knows none of feature_columns; it knows ${known}`);
  }
}
