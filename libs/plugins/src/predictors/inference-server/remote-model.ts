import {
  NO_FACTS,
  type InputTensor,
  joinRows,
  type Model,
  type ModelDescription,
  ModelError,
  type OutputTensor,
  type RowSampleOptions,
  type SampledOutput,
  type SampleOptions,
  Summary,
  type TensorDescription,
} from '#libs/keras-onnx';
import { DTYPES, type NumberTensor, type TensorPort } from '#libs/open-inference';
import { PluginError } from '#libs/plugin-sdk';
import type { InferenceProtocol, RemoteAnswer, RemoteFacts } from './inference-protocol.js';
import type { InferenceServerSettings } from './parameters.js';
import { RowBatches } from './row-batches.js';

/** Name of an output that the server does not name. */
const UNNAMED = 'output';

const described = ({ name, datatype, shape }: TensorPort): TensorDescription => ({
  name,
  shape: shape.map((length) => (length < 0 ? null : length)),
  dtype: DTYPES[datatype] ?? datatype,
});

/** A model that a server elsewhere computes, as the service knows models. */
export class RemoteModel implements Model {
  readonly #description: ModelDescription;
  readonly #batches: RowBatches;

  /** @param stale hears of the version that an answer told where it is another one than the description's */
  constructor(
    name: string,
    private readonly facts: RemoteFacts,
    private readonly protocol: InferenceProtocol,
    private readonly settings: InferenceServerSettings,
    private readonly stale: (version: string) => void,
  ) {
    const { platform, version, sha256, digestOf, inputs, input, output } = facts;
    const others = inputs.filter((one) => one.name !== input.name);
    this.#description = {
      name,
      format: 'inference_server',
      sha256,
      files: [],
      writtenBy: platform,
      inputs: [input, ...others].map(described),
      outputs: [described({ ...(output ?? { name: UNNAMED, shape: [-1, -1] }), datatype: 'FP32' })],
      parameters: null,
      stochastic: settings.inference_sample_output !== null,
      samplingRefused: null,
      opset: null,
      facts: NO_FACTS,
      onnx: null,
      served: { version, digestOf },
    };
    const takesRows = (input.shape[0] ?? 1) < 0;
    this.#batches = new RowBatches(
      takesRows ? settings.inference_batch_rows : 1,
      settings.inference_concurrency,
      (rows, shape) => this.#plain(rows, shape),
    );
  }

  describe(): ModelDescription {
    return this.#description;
  }

  async run(inputs: readonly InputTensor[]): Promise<OutputTensor[]> {
    const { shape, data } = this.#fitting(inputs);
    const answer = await this.#batches.run(shape, data);
    return [{ name: this.#outputName, ...answer }];
  }

  /** The passes of the server, summed up as those of a model beside the service are. */
  async sample(inputs: readonly InputTensor[], options: SampleOptions): Promise<SampledOutput[]> {
    const { samples, seed, quantiles = [], keepSamples = false } = options;
    const { shape, data } = this.#fitting(inputs);
    const output = this.settings.inference_sample_output;
    const parameters = this.settings.inference_send_samples ? { samples, seed } : {};
    const answer = await this.protocol.infer(this.facts, this.#tensor(shape, data), { output, parameters });
    const passes = this.#checked(answer, shape[0] ?? 1, 3);
    const [rows = 1, made = 1, ...rest] = passes.shape;
    const size = rest.reduce((product, length) => product * length, 1);
    const summaries = Array.from({ length: rows }, (_, row) => {
      const summary = new Summary(size, made, keepSamples || quantiles.length > 0);
      summary.add(passes.data.subarray(row * made * size, (row + 1) * made * size));
      summary.finish();
      return summary;
    });
    const isRepeatable = answer.parameters['seed'] === seed && answer.parameters['samples'] === made;
    const joined = joinRows(this.#outputName, rest, summaries, quantiles, keepSamples);
    return [{ ...joined, samples: made, seed: isRepeatable ? seed : null }];
  }

  /** A request for each row: its seed is its own. */
  sampleRows(
    inputs: readonly InputTensor[],
    { seeds, ...options }: RowSampleOptions,
  ): Promise<SampledOutput[][]> {
    const { shape, data } = this.#fitting(inputs);
    const size = data.length / seeds.length;
    return Promise.all(
      seeds.map((seed, row) =>
        this.sample([{ shape: [1, ...shape.slice(1)], data: data.subarray(row * size, (row + 1) * size) }], {
          ...options,
          seed,
        }),
      ),
    );
  }

  dispose(): Promise<void> {
    return Promise.resolve();
  }

  get #outputName(): string {
    return this.facts.output?.name ?? UNNAMED;
  }

  /** @throws ModelError `model_input` for a shape that the server says it does not take */
  #fitting(inputs: readonly InputTensor[]): { shape: readonly number[]; data: Float32Array } {
    const [input, ...others] = inputs;
    const { name, shape: wanted } = this.facts.input;
    const fits =
      input?.shape.length === wanted.length &&
      wanted.every((length, axis) => length < 0 || length === input.shape[axis]);
    if (input === undefined || others.length > 0 || !fits)
      throw new ModelError(
        'model_input',
        `the input '${name}' must have the shape (${wanted.join(', ')}), not (${input?.shape.join(', ') ?? ''})`,
      );
    return {
      shape: input.shape,
      data: input.data instanceof Float32Array ? input.data : Float32Array.from(input.data),
    };
  }

  #tensor(shape: readonly number[], numbers: Float32Array): NumberTensor {
    const { name, datatype } = this.facts.input;
    return { name, datatype, shape, numbers };
  }

  async #plain(numbers: Float32Array, shape: readonly number[]) {
    const output = this.facts.output?.name ?? null;
    const answer = await this.protocol.infer(this.facts, this.#tensor(shape, numbers), { output });
    return this.#checked(answer, shape[0] ?? 1, 1);
  }

  /**
   * The numbers of an answer that is one to the question.
   * @throws ModelError `model_disposed` for one of another version: who asked asks again, with what that one says of itself
   */
  #checked({ version, output }: RemoteAnswer, rows: number, axes: number) {
    this.#refuseOtherVersion(version);
    const { name, shape, datatype, numbers } = output;
    const told = `the output "${name}" of the inference server has`;
    const known = this.facts.output;
    if (axes === 1 && known !== null && this.facts.inputs.length > 0 && datatype !== known.datatype)
      throw new PluginError(
        'source_unavailable',
        `${told} the type ${datatype}; its metadata say ${known.datatype}`,
      );
    if (shape[0] !== rows || shape.length < axes || numbers.length === 0)
      throw new PluginError(
        'source_unavailable',
        `${told} the shape (${shape.join(', ')}), which is no answer to ${rows} rows${axes > 1 ? ' and their passes' : ''}`,
      );
    return { shape, data: numbers instanceof Float32Array ? numbers : Float32Array.from(numbers) };
  }

  #refuseOtherVersion(version: string | null): void {
    if (version === null || version === this.facts.version) return;
    const { inference_version: pinned } = this.settings;
    if (pinned !== null)
      throw new PluginError(
        'not_configured',
        `inference_version: the inference server answers with version ${version}, not ${pinned}`,
      );
    this.stale(version);
    throw new ModelError('model_disposed', `the inference server has changed to version ${version}`);
  }
}
