import { DEFAULT_LIMITS, type ModelFormat, type ModelLimits } from './containers/source.js';
import { ModelError } from './errors.js';
import type { OnnxFacts } from './foreign/compile-foreign.js';
import type { Port } from './graph/compile.js';
import type { CompiledModel } from './isolate/compile-file.js';
import type { ModelFacts } from './isolate/facts.js';
import { compileIsolated, DEFAULT_ISOLATION } from './isolate/compile-isolated.js';
import { forbidReports, type IsolationLimits } from './isolate/isolate.js';
import type { CompiledModels } from './isolate/compiled-models.js';
import type { RowSampleOptions, SampledOutput, SampleOptions } from './runtime/sample-summary.js';
import { OPSET } from './onnx/protobuf.js';
import { InferenceThread, type Inference } from './runtime/inference-thread.js';
import type { InputTensor, OutputTensor } from './runtime/tensors.js';

/** How a model is loaded; every setting has a default. */
export interface LoadOptions {
  /** What the file may ask for. */
  readonly limits?: Partial<ModelLimits> | undefined;
  /** Memory and time of the compiling process. */
  readonly isolation?: Partial<IsolationLimits> | undefined;
  /**
   * `thread` (default) computes in a thread of the model's own, so that the caller's event loop never waits; `inline`
   * computes in the calling thread and saves the message, about 0.1 ms.
   */
  readonly inference?: 'thread' | 'inline' | undefined;
  /** Threads inside one computation, default 1; 0 lets ONNX Runtime choose. More help large models only. */
  readonly threads?: number | undefined;
  /** Compiled models of earlier loads. One that is found there is opened with its first use; without, every load compiles. */
  readonly compiled?: CompiledModels | undefined;
}

/** A named tensor of a model; null is a length that may vary. The first axis counts rows. */
export interface TensorDescription {
  readonly name: string;
  readonly shape: readonly (number | null)[];
  readonly dtype: string;
}

/** What a model is. */
export interface ModelDescription {
  readonly name: string;
  readonly format: ModelFormat | 'inference_server';
  /** Of a model that is computed by a server elsewhere; absent for files. */
  readonly served?: {
    /** The server's word for the version; null when it has none. */
    readonly version: string | null;
    /** What `sha256` is the digest of: the model's own, or what the server says of it. */
    readonly digestOf: 'model' | 'metadata';
  };
  /** Identifies the model: SHA-256 of its file, in hexadecimal. */
  readonly sha256: string;
  /** Names of the files it was read from, beside each other. */
  readonly files: readonly string[];
  /** The version of Keras (or of the converter) that wrote the file, when it says so. */
  readonly writtenBy: string | null;
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  /** Numbers in all weights; null for ONNX files, which mix weights with other constants. */
  readonly parameters: { readonly total: number; readonly trainable: number } | null;
  /** Whether sampling varies: the model has random layers that can fan out. */
  readonly stochastic: boolean;
  /** Why sampling is refused although the model has random layers. */
  readonly samplingRefused: string | null;
  /** The version of the operator set that its graph is computed by; null where it is computed elsewhere. */
  readonly opset: number | null;
  /** Masking, precision, quantization, random and custom layers, and weights that are no numbers. */
  readonly facts: ModelFacts;
  /** Of an ONNX file of another tool: its operator set, and what of its inputs and outputs is not as written; else null. */
  readonly onnx: OnnxFacts | null;
}

/** A loaded model. Calls may overlap; after `dispose` every call fails with `model_disposed`. */
export interface Model {
  /** Names, shapes, dtypes and parameter counts. */
  describe(): ModelDescription;
  /**
   * One deterministic pass. Inputs are matched by name, or by order when no name fits; all have the same number of rows.
   * Throws `model_input` for wrong shapes, `model_run_failed` when ONNX Runtime reports an error.
   */
  run(inputs: readonly InputTensor[]): Promise<OutputTensor[]>;
  /**
   * Monte-Carlo passes with only the random layers active (Gal & Ghahramani 2016). Each row gets its own draws; the same
   * seed, inputs and number of samples give the same bits. Throws as `run` does, and `model_unsupported` when a random
   * layer is followed by one that mixes rows.
   */
  sample(inputs: readonly InputTensor[], options: SampleOptions): Promise<SampledOutput[]>;
  /**
   * As {@link sample} for each row by itself, in one message to the model's thread: row `n` has the bits that a call with
   * that row alone and the seed `seeds[n]` has. Throws `model_input` when there are not as many seeds as rows.
   */
  sampleRows(inputs: readonly InputTensor[], options: RowSampleOptions): Promise<SampledOutput[][]>;
  /** Frees memory and thread once the calls under way have finished. Calling it again does nothing. */
  dispose(): Promise<void>;
}

/**
 * Loads a `.keras`, legacy `.h5`, TensorFlow.js `model.json` or `.onnx` file, or an architecture and its weights. The file is read, parsed and compiled in a
 * process of its own under limits of size, memory and time; hostile files end in a `ModelError` and nothing else.
 */
export async function loadModel(path: string | readonly string[], options: LoadOptions = {}): Promise<Model> {
  forbidReports();
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const isolation = { ...DEFAULT_ISOLATION, ...options.isolation };
  const known = await options.compiled?.find(path, limits);
  if (known !== undefined)
    return new LoadedModel(describe(known), new LaterInference(() => openModel(known, options)));
  const compiled = await compileIsolated(path, limits, isolation);
  await options.compiled?.keep(compiled, path, limits);
  return new LoadedModel(describe(compiled), await openModel(compiled, options));
}

/**
 * The graph of a model as an ONNX file, for use elsewhere: what `run` computes, with everything random at rest. Throws as {@link loadModel}.
 */
export async function convertModel(
  path: string | readonly string[],
  options: LoadOptions = {},
): Promise<Uint8Array> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  return (await compileIsolated(path, limits, { ...DEFAULT_ISOLATION, ...options.isolation })).run.onnx;
}

function openModel(compiled: CompiledModel, { inference, threads = 1 }: LoadOptions): Promise<Inference> {
  return inference === 'inline' ? openInline(compiled, threads) : InferenceThread.open(compiled, threads);
}

/** Opens a model that was proven before with its first use: twenty threads at a start would be felt. */
class LaterInference implements Inference {
  #opened: Promise<Inference> | undefined;

  constructor(private readonly open: () => Promise<Inference>) {}

  async run(inputs: readonly InputTensor[]): Promise<OutputTensor[]> {
    return (await this.#inference()).run(inputs);
  }

  async sample(inputs: readonly InputTensor[], options: SampleOptions): Promise<SampledOutput[]> {
    return (await this.#inference()).sample(inputs, options);
  }

  async sampleRows(inputs: readonly InputTensor[], options: RowSampleOptions): Promise<SampledOutput[][]> {
    return (await this.#inference()).sampleRows(inputs, options);
  }

  async close(): Promise<void> {
    const opened = await this.#opened?.catch(() => undefined);
    await opened?.close();
  }

  #inference(): Promise<Inference> {
    this.#opened ??= this.open();
    return this.#opened;
  }
}

/** ONNX Runtime is loaded here only: with a thread for each model, which has its own, a server starts without it. */
async function openInline(compiled: CompiledModel, threads: number): Promise<Inference> {
  const { Engine } = await import('./runtime/engine.js');
  return Engine.open(compiled, threads);
}

class LoadedModel implements Model {
  readonly #description: ModelDescription;
  readonly #inference: Inference;
  readonly #running = new Set<Promise<unknown>>();
  #disposed: Promise<void> | undefined;

  constructor(description: ModelDescription, inference: Inference) {
    this.#description = description;
    this.#inference = inference;
  }

  describe(): ModelDescription {
    return this.#description;
  }

  run(inputs: readonly InputTensor[]): Promise<OutputTensor[]> {
    return this.#track(() => this.#inference.run(inputs));
  }

  sample(inputs: readonly InputTensor[], options: SampleOptions): Promise<SampledOutput[]> {
    return this.#track(() => this.#inference.sample(inputs, options));
  }

  sampleRows(inputs: readonly InputTensor[], options: RowSampleOptions): Promise<SampledOutput[][]> {
    return this.#track(() => this.#inference.sampleRows(inputs, options));
  }

  dispose(): Promise<void> {
    this.#disposed ??= Promise.allSettled(this.#running).then(() => this.#inference.close());
    return this.#disposed;
  }

  async #track<T>(work: () => Promise<T>): Promise<T> {
    if (this.#disposed !== undefined)
      throw new ModelError('model_disposed', 'the model has been disposed of; load it again');
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }
}

function describe(model: CompiledModel): ModelDescription {
  const ports = (list: readonly Port[]): TensorDescription[] =>
    list.map(({ name, shape, type }) => ({
      name,
      shape: shape.map((dim) => (typeof dim === 'number' ? dim : null)),
      dtype: type,
    }));
  return {
    name: model.name,
    format: model.format,
    sha256: model.sha256,
    files: model.files,
    writtenBy: model.writtenBy ?? null,
    inputs: ports(model.run.inputs),
    outputs: ports(model.run.outputs),
    parameters: model.parameters ?? null,
    stochastic: model.sample !== undefined,
    samplingRefused: model.sampleRefusal ?? null,
    opset: model.onnx?.opset ?? OPSET,
    facts: model.facts,
    onnx: model.onnx ?? null,
  };
}
