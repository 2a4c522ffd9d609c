import {
  Summary,
  type InputTensor,
  type OutputTensor,
  type SampledOutput,
  type SampleOptions,
} from '#libs/keras-onnx';
import { readCheckedTfjs, tfjsSamplingRefusal } from './tfjs-file.js';
import type { TfjsLayer, TfjsLayersModel, TfjsLibrary } from './tfjs-library.js';

/** Multiplier that spreads the seeds of layers and chunks apart (Knuth, TAOCP vol. 2, §3.3.4). */
const SPREAD = 2_654_435_761;
const DEFAULT_BATCH = 256;

/** Computes a model with TensorFlow.js in the calling thread. */
export class TfjsEngine {
  readonly samplingRefusal: string | null;
  readonly #dropouts: readonly TfjsLayer[];

  private constructor(
    private readonly tf: TfjsLibrary,
    private readonly model: TfjsLayersModel,
    topology: object,
  ) {
    this.#dropouts = model.layers.filter((layer) =>
      /^(SpatialDropout1D|Dropout)$/.test(layer.getClassName()),
    );
    this.samplingRefusal = tfjsSamplingRefusal(topology, this.#dropouts.length);
  }

  /** Loads the file if it still is the one with this SHA-256. */
  static async open(tf: TfjsLibrary, path: string, sha256: string): Promise<TfjsEngine> {
    const artifacts = await readCheckedTfjs(path, sha256);
    const model = await tf.loadLayersModel(tf.io.fromMemory(artifacts));
    return new TfjsEngine(tf, model, artifacts.modelTopology);
  }

  /** One deterministic pass. */
  run(input: InputTensor): OutputTensor[] {
    return this.#apply(input, 1, false);
  }

  /** Passes over one row with dropout active; the same seed draws the same masks. */
  sample(
    input: InputTensor,
    { samples, seed, batch = DEFAULT_BATCH, quantiles = [], keepSamples }: SampleOptions,
  ): SampledOutput[] {
    const keep = keepSamples === true || quantiles.length > 0;
    let sums: { readonly name: string; readonly shape: readonly number[]; readonly sum: Summary }[] = [];
    for (let done = 0; done < samples; done += batch) {
      this.#dropouts.forEach((layer, index) => {
        layer.seed = (seed + (index + 1) * SPREAD + done * 0x10001) % 2 ** 31;
      });
      const outputs = this.#apply(input, Math.min(batch, samples - done), true);
      if (done === 0) {
        sums = outputs.map(({ name, shape }) => {
          const size = shape.slice(1).reduce((product, length) => product * length, 1);
          return { name, shape: [1, ...shape.slice(1)], sum: new Summary(size, samples, keep) };
        });
      }
      outputs.forEach(({ data }, at) => sums[at]?.sum.add(data));
    }
    return sums.map(({ name, shape, sum }) => {
      sum.finish();
      return {
        name,
        shape,
        mean: sum.mean,
        std: sum.std,
        quantiles: quantiles.length === 0 ? [] : sum.quantiles(quantiles),
        values: keepSamples === true ? sum.values : undefined,
      };
    });
  }

  close(): void {
    this.model.dispose();
  }

  #apply({ shape, data }: InputTensor, rows: number, training: boolean): OutputTensor[] {
    const row = Float32Array.from(data);
    const tiled = new Float32Array(row.length * rows);
    for (let index = 0; index < rows; index += 1) tiled.set(row, index * row.length);
    return this.tf.tidy(() => {
      const answer = this.model.apply(this.tf.tensor(tiled, [rows, ...shape.slice(1)]), { training });
      const tensors = Array.isArray(answer) ? answer : [answer];
      return tensors.map((tensor: Exclude<typeof answer, readonly unknown[]>, at: number) => ({
        name: this.model.outputNames[at] ?? String(at),
        shape: [...tensor.shape],
        data: Float32Array.from(tensor.dataSync()),
      }));
    });
  }
}
