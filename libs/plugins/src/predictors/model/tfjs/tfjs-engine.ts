import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import {
  type InputTensor,
  type OutputTensor,
  type SampledOutput,
  type SampleOptions,
  Summary,
} from '#libs/keras-onnx';

/** The parts of TensorFlow.js that are used; `@tensorflow/tfjs-node` has them all, and so have its pure siblings together. */
export interface TfjsLibrary {
  readonly io: { fromMemory(artifacts: TfjsArtifacts): unknown };
  loadLayersModel(handler: unknown): Promise<TfjsLayersModel>;
  tensor(data: Float32Array, shape: readonly number[]): TfjsTensor;
  tidy<T>(work: () => T): T;
}

export interface TfjsTensor {
  readonly shape: readonly number[];
  dataSync(): ArrayLike<number>;
}

export interface TfjsLayer {
  getClassName(): string;
  /** Of dropout layers. */
  seed?: number;
}

export interface TfjsLayersModel {
  readonly layers: readonly TfjsLayer[];
  readonly outputNames: readonly string[];
  apply(input: TfjsTensor, options: { readonly training: boolean }): TfjsTensor | readonly TfjsTensor[];
  dispose(): unknown;
}

export interface TfjsArtifacts {
  readonly modelTopology: object;
  readonly weightSpecs: readonly unknown[];
  readonly weightData: ArrayBuffer;
}

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

interface ModelJson {
  readonly modelTopology: object;
  readonly weightsManifest: readonly {
    readonly paths: readonly string[];
    readonly weights: readonly unknown[];
  }[];
}

/**
 * Reads a TensorFlow.js layers model that was checked before: its SHA-256 over model.json and the shards in order must
 * still be the one of that check, so a file that was changed in between is never computed.
 */
async function readCheckedTfjs(path: string, sha256: string): Promise<TfjsArtifacts> {
  const hash = createHash('sha256');
  const json = await readFile(path);
  hash.update(json);
  const { modelTopology, weightsManifest } = JSON.parse(json.toString('utf8')) as ModelJson;
  const shards: Buffer[] = [];
  for (const shard of weightsManifest.flatMap(({ paths }) => paths)) {
    if (basename(shard) !== shard) throw new Error('a shard lies outside the folder of model.json');
    const bytes = await readFile(join(dirname(path), shard));
    hash.update(bytes);
    shards.push(bytes);
  }
  if (hash.digest('hex') !== sha256) throw new Error('the model file changed while it was loaded');
  const weights = Buffer.concat(shards);
  return {
    modelTopology,
    weightSpecs: weightsManifest.flatMap((group) => group.weights),
    weightData: new Uint8Array(weights).buffer,
  };
}

const UNSEEDED = ['GaussianNoise', 'GaussianDropout', 'AlphaDropout'];

/**
 * Why TensorFlow.js can't sample a model as it should: it has one switch for all of training, which batch normalization
 * follows too, and only plain dropout layers take a seed. Null where it can.
 */
export function tfjsSamplingRefusal(topology: object, topLevelDropouts: number): string | null {
  let dropouts = 0;
  let reason: string | null = null;
  JSON.stringify(topology, (key, value: unknown) => {
    if (key === 'class_name' && (value === 'Dropout' || value === 'SpatialDropout1D')) dropouts += 1;
    if (key === 'class_name' && value === 'BatchNormalization') {
      reason = 'its batch normalization would follow the batch while dropout is active';
    }
    const isUnseeded = key === 'class_name' && UNSEEDED.includes(String(value));
    const isRecurrent = (key === 'dropout' || key === 'recurrent_dropout') && Number(value) > 0;
    if (isUnseeded || isRecurrent) reason = 'it has random layers without a seed';
    return value;
  });
  if (reason === null && dropouts !== topLevelDropouts) reason = 'it has dropout inside of other layers';
  return reason === null ? null : `TensorFlow.js can't sample this model: ${reason}; model_runtime onnx can`;
}

/** What the thread of a model is asked. */
export interface TfjsTask {
  /** Address of the library's module. */
  readonly library: string;
  readonly path: string;
  readonly sha256: string;
  /** Null opens the model only. */
  readonly input: InputTensor | null;
  /** Null for one deterministic pass. */
  readonly options: SampleOptions | null;
}

let engine: Promise<TfjsEngine> | null = null;

async function openEngine({ library, path, sha256 }: TfjsTask): Promise<TfjsEngine> {
  const module = (await import(library)) as TfjsLibrary & { readonly default?: TfjsLibrary };
  // The package is CommonJS: its parts may only be on the default export.
  const tf = typeof module.loadLayersModel === 'function' ? module : (module.default ?? module);
  return TfjsEngine.open(tf, path, sha256);
}

/** The worker thread's entry: one thread computes one model. */
export default async function computeInThread(task: TfjsTask): Promise<unknown> {
  engine ??= openEngine(task);
  const { input, options } = task;
  const open = await engine;
  if (input === null) return open.samplingRefusal;
  return options === null ? open.run(input) : open.sample(input, options);
}
