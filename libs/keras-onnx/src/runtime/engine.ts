import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { messageOf } from '#libs/kernel';
import { ModelError } from '../errors.js';
import type { CompiledGraph, Port } from '../graph/compile.js';
import { dependsOnSamples, type PassRandom } from '../graph/emitter.js';
import type { Dim } from '../graph/dims.js';
import type { ElementType } from '../onnx/builder.js';
import type { CompiledModel } from '../isolate/compile-file.js';
import { Generator } from './generator.js';
import {
  certain,
  checked,
  joinRows,
  KEPT_ELEMENTS,
  product,
  repeated,
  type RowSampleOptions,
  type SampledOutput,
  type SampleOptions,
  samplePasses,
  Summary,
  tooManySamples,
} from './sample-summary.js';
import {
  fromOrt,
  matchInputs,
  randomShape,
  rowOf,
  toOrt,
  type InputTensor,
  type OutputTensor,
} from './tensors.js';

/**
 * Masks of one chunk hold at most this many numbers (8 MiB): many samples of a large model fit in memory, and its tensors
 * in the cache. The graph of a transformer of 184,000 mask elements takes 37 ms for 100 samples in chunks of 10, 41 in
 * chunks of 22 and 45 in chunks of 50; smaller chunks gain nothing and compute what lies before the first random layer
 * more often.
 */
const CHUNK_ELEMENTS = 2 * 1024 * 1024;
/** Seeds of the random inputs are spread by this odd constant (Steele & Vigna 2021, a multiplier of good spectrum). */
const STREAM = 0xd1342543de82ef95n;

const FLOATING: Readonly<Record<string, ElementType>> = {
  float32: 'float32',
  float64: 'float64',
  float16: 'float16',
  int32: 'int32',
  int64: 'int64',
  uint8: 'uint8',
  bool: 'bool',
};

/** Opens a session; `threads` 0 lets ONNX Runtime choose. */
export function openSession(onnx: Uint8Array, threads: number): Promise<InferenceSession> {
  return InferenceSession.create(onnx, {
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    // 4 is fatal: errors arrive as exceptions, so nothing needs to be printed as well.
    logSeverityLevel: 4,
  }).catch((error: unknown) => {
    throw new ModelError('model_unsupported', `ONNX Runtime refuses the graph: ${firstLine(error)}`, {
      cause: error,
    });
  });
}

function firstLine(error: unknown): string {
  return messageOf(error).split('\n', 1)[0]?.slice(0, 200) ?? '';
}

/** The ports of a session whose graph was not compiled here. */
export function portsOf(metadata: readonly InferenceSession.ValueMetadata[]): Port[] {
  return metadata.map((one) => {
    const type = one.isTensor ? FLOATING[one.type] : undefined;
    if (!one.isTensor || type === undefined) {
      throw new ModelError(
        'model_unsupported',
        `the ONNX value '${one.name}' is not a tensor of numbers; export it as float32`,
      );
    }
    const shape = one.shape.map((dim, axis): Dim =>
      typeof dim === 'number' ? dim : dim === '' ? `${one.name}:${axis}` : dim,
    );
    return { name: one.name, type, shape };
  });
}

/** Runs a compiled model in the calling thread. ONNX Runtime blocks that thread while it computes. */
export class Engine {
  readonly #model: CompiledModel;
  readonly #threads: number;
  readonly #run: InferenceSession;
  #sample: InferenceSession | undefined;

  private constructor(model: CompiledModel, run: InferenceSession, threads: number) {
    this.#model = model;
    this.#run = run;
    this.#threads = threads;
  }

  /** Opens the session for `run`; the one for `sample` is opened when it is first needed. */
  static async open(model: CompiledModel, threads: number): Promise<Engine> {
    return new Engine(model, await openSession(model.run.onnx, threads), threads);
  }

  /** One deterministic pass over all rows. */
  async run(inputs: readonly InputTensor[]): Promise<OutputTensor[]> {
    const { run } = this.#model;
    const { ordered } = matchInputs(run.inputs, inputs);
    const names = run.outputs.map(({ name }) => name);
    const answers = await compute(this.#run, feedsOf(run.inputs, ordered), names);
    return run.outputs.map(({ name }) => fromOrt(take(answers, name), name));
  }

  /** Monte-Carlo passes for every row. */
  async sample(inputs: readonly InputTensor[], options: SampleOptions): Promise<SampledOutput[]> {
    const { samples, quantiles = [], keepSamples = false } = checked(options);
    const { sample, sampleRefusal, run } = this.#model;
    if (sampleRefusal !== undefined) throw new ModelError('model_unsupported', sampleRefusal);
    const { ordered, rows, symbols } = matchInputs(run.inputs, inputs);
    const keep = keepSamples || quantiles.length > 0;
    if (sample === undefined) return certain(await this.run(inputs), samples, quantiles.length, keepSamples);
    this.#sample ??= await openSession(sample.onnx, this.#threads);
    if (sample.passes !== undefined) {
      const graph = { ...sample, passes: sample.passes };
      const shapes = await this.#shapesOf(sample.passes, feedsOf(run.inputs, ordered));
      const pass = this.#passOf(this.#sample, graph, feedsOf(run.inputs, ordered), shapes, options.seed);
      return samplePasses(pass, { ...options, quantiles, keepSamples });
    }
    const streams = streamsOf(sample.randoms.length, options.seed);
    const perRow: Summary[][] = [];
    let shapes: readonly (readonly number[])[] = [];
    for (let row = 0; row < rows; row += 1) {
      const feeds = feedsOf(
        run.inputs,
        ordered.map((input) => rowOf(input, row)),
      );
      const wanted = { samples, batch: options.batch ?? samples, keep };
      const done = await this.#sampleRow(this.#sample, sample, feeds, streams, symbols, wanted);
      if (
        done.summaries.reduce((sum, one) => sum + (keep ? one.size * samples * rows : 0), 0) > KEPT_ELEMENTS
      ) {
        throw tooManySamples();
      }
      perRow.push(done.summaries);
      shapes = done.shapes;
    }
    return sample.outputs.map((port, at) => {
      const parts = perRow.map((row) => row[at]).filter((one) => one !== undefined);
      return joinRows(port.name, shapes[at] ?? [], parts, quantiles, keepSamples);
    });
  }

  /** {@link sample} for each row by itself. */
  async sampleRows(
    inputs: readonly InputTensor[],
    { seeds, ...options }: RowSampleOptions,
  ): Promise<SampledOutput[][]> {
    const { ordered, rows } = matchInputs(this.#model.run.inputs, inputs);
    if (seeds.length !== rows)
      throw new ModelError('model_input', `there are ${rows} rows and ${seeds.length} seeds`);
    const answers: SampledOutput[][] = [];
    for (const [row, seed] of seeds.entries()) {
      const one = ordered.map((input) => rowOf(input, row));
      answers.push(await this.sample(one, { ...options, seed }));
    }
    return answers;
  }

  async #sampleRow(
    session: InferenceSession,
    graph: CompiledGraph,
    feeds: Readonly<Record<string, Tensor>>,
    streams: readonly Generator[],
    symbols: Readonly<Record<string, number>>,
    { samples, batch, keep }: { readonly samples: number; readonly batch: number; readonly keep: boolean },
  ): Promise<{ summaries: Summary[]; shapes: number[][] }> {
    const perSample = graph.randoms.reduce(
      (sum, { shape }) => sum + product(randomShape(shape, 1, symbols)),
      0,
    );
    const chunk = Math.min(samples, batch, Math.max(1, Math.floor(CHUNK_ELEMENTS / perSample)));
    // Filled again for each chunk, which spares the system the handing out of fresh pages.
    const memory = graph.randoms.map(
      ({ shape }) => new Float32Array(product(randomShape(shape, chunk, symbols))),
    );
    let summaries: Summary[] | undefined;
    let shapes: number[][] = [];
    for (let done = 0; done < samples; done += chunk) {
      const count = Math.min(chunk, samples - done);
      const masks = graph.randoms.map(({ name, shape, distribution }, index) => {
        const dims = randomShape(shape, count, symbols);
        const data = memory[index]?.subarray(0, product(dims)) ?? new Float32Array();
        streams[index]?.draw(data, distribution);
        return [name, toOrt('float32', data, dims, name)] as const;
      });
      const answers = await compute(session, { ...feeds, ...Object.fromEntries(masks) });
      const outputs = graph.outputs.map(({ name }) => fromOrt(take(answers, name), name));
      shapes = outputs.map(({ shape }) => shape.slice(1));
      summaries ??= shapes.map((shape) => {
        if (keep && product(shape) * samples > KEPT_ELEMENTS) {
          throw tooManySamples();
        }
        return new Summary(product(shape), samples, keep);
      });
      outputs.forEach(({ data }, at) =>
        summaries?.[at]?.add(isFanned(graph.outputs[at]) ? data : repeated(data, count)),
      );
    }
    for (const one of summaries ?? []) one.finish();
    return { summaries: summaries ?? [], shapes };
  }

  /** The lengths of the random inputs for these inputs, which a pass without them tells. */
  async #shapesOf(
    passes: readonly PassRandom[],
    feeds: Readonly<Record<string, Tensor>>,
  ): Promise<number[][]> {
    const wanted = passes.flatMap(({ shape }) => (typeof shape === 'string' ? [shape] : []));
    const answers = wanted.length === 0 ? {} : await compute(this.#run, feeds, wanted);
    return passes.map(({ shape }) =>
      typeof shape === 'string' ? Array.from(fromOrt(take(answers, shape), shape).data) : [...shape],
    );
  }

  /** One pass after the other over all rows, each with draws of its own. */
  #passOf(
    session: InferenceSession,
    { passes, outputs }: { readonly passes: readonly PassRandom[]; readonly outputs: readonly Port[] },
    feeds: Readonly<Record<string, Tensor>>,
    shapes: readonly (readonly number[])[],
    seed: number,
  ): () => Promise<OutputTensor[]> {
    const streams = streamsOf(passes.length, seed);
    return async () => {
      const draws = passes.map(({ name, distribution }, index) => {
        const dims = shapes[index] ?? [];
        const data = new Float32Array(product(dims));
        streams[index]?.draw(data, distribution);
        return [name, toOrt('float32', data, dims, name)] as const;
      });
      const answers = await compute(session, { ...feeds, ...Object.fromEntries(draws) });
      return outputs.map(({ name }) => fromOrt(take(answers, name), name));
    };
  }

  /** Frees the sessions. */
  async close(): Promise<void> {
    await this.#run.release();
    await this.#sample?.release();
  }
}

/** One stream for each random input. */
const streamsOf = (count: number, seed: number): Generator[] =>
  Array.from({ length: count }, (_, index) => new Generator(BigInt(seed) ^ (BigInt(index) * STREAM)));

const isFanned = (port: Port | undefined): boolean => dependsOnSamples(port?.shape[0] ?? 1);

function feedsOf(ports: readonly Port[], inputs: readonly InputTensor[]): Record<string, Tensor> {
  return Object.fromEntries(
    ports.map((port, index) => {
      const input = inputs[index];
      if (input === undefined) throw new Error('invariant broken: inputs were matched');
      return [port.name, toOrt(port.type, input.data, input.shape, port.name)];
    }),
  );
}

async function compute(
  session: InferenceSession,
  feeds: Readonly<Record<string, Tensor>>,
  wanted: readonly string[] = session.outputNames,
): Promise<InferenceSession.OnnxValueMapType> {
  return session.run(feeds, wanted).catch((error: unknown) => {
    throw new ModelError('model_run_failed', `ONNX Runtime could not run the model: ${firstLine(error)}`, {
      cause: error,
    });
  });
}

function take(answers: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const answer = answers[name];
  if (answer === undefined) throw new ModelError('model_run_failed', `the model gave no output '${name}'`);
  return answer as Tensor;
}
