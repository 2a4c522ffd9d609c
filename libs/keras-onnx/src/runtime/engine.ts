import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { ModelError } from '../errors.js';
import type { Port } from '../graph/compile.js';
import type { PassRandom } from '../graph/emitter.js';
import type { CompiledModel } from '../isolate/compile-file.js';
import { Draws } from './draws.js';
import {
  certain,
  checked,
  joinRows,
  product,
  type RowSampleOptions,
  type SampledOutput,
  type SampleOptions,
  samplePasses,
} from './sample-summary.js';
import type { Nesting } from './nested-sampler.js';
import { type RowAnswer, Sampler } from './sampler.js';
import { compute, openSession, take } from './session.js';
import { fromOrt, matchInputs, rowOf, toOrt, type InputTensor, type OutputTensor } from './tensors.js';

/** Runs a compiled model in the calling thread. ONNX Runtime blocks that thread while it computes. */
export class Engine {
  readonly #model: CompiledModel;
  readonly #threads: number;
  readonly #run: InferenceSession;
  #passes: InferenceSession | undefined;
  #sampler: Sampler | undefined;

  private constructor(model: CompiledModel, run: InferenceSession, threads: number) {
    this.#model = model;
    this.#run = run;
    this.#threads = threads;
  }

  /** Opens the session for `run`; those for `sample` are opened when they are first needed. */
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
    const { samples, quantiles = [], keepSamples = false, seed } = checked(options);
    const { sample, run } = this.#model;
    if (sample?.passes !== undefined) return this.#samplePasses(sample.passes, inputs, options);
    const seeds = (rows: number) => [seed, ...Array<undefined>(rows - 1)];
    const rows = await this.#rows(inputs, seeds, options, true);
    if (rows === undefined) return certain(await this.run(inputs), samples, quantiles.length, keepSamples);
    return run.outputs.map((port, at) => joined(port, rows, at, quantiles, keepSamples));
  }

  /** {@link sample} for each row by itself, of which as many as fit are computed together. */
  async sampleRows(
    inputs: readonly InputTensor[],
    { seeds, ...options }: RowSampleOptions,
  ): Promise<SampledOutput[][]> {
    const { quantiles = [], keepSamples = false } = options;
    for (const seed of seeds) checked({ ...options, seed });
    const { sample, run } = this.#model;
    const { ordered, rows } = matchInputs(run.inputs, inputs);
    if (seeds.length !== rows)
      throw new ModelError(
        'model_input',
        `there are ${rows} rows and ${seeds.length} seeds; give one for each row`,
      );
    const answers =
      sample?.passes === undefined ? await this.#rows(inputs, () => seeds, options, false) : undefined;
    if (answers !== undefined)
      return answers.map((row) =>
        run.outputs.map((port, at) => joined(port, [row], at, quantiles, keepSamples)),
      );
    const apart: SampledOutput[][] = [];
    for (const [row, seed] of seeds.entries()) {
      const one = ordered.map((input) => rowOf(input, row));
      apart.push(await this.sample(one, { ...options, seed }));
    }
    return apart;
  }

  /** The samples of each row; undefined where nothing is random. */
  async #rows(
    inputs: readonly InputTensor[],
    seedsOf: (rows: number) => readonly (number | undefined)[],
    { samples, batch, quantiles = [], keepSamples = false, nested = false }: Omit<SampleOptions, 'seed'>,
    isOneAnswer: boolean,
  ): Promise<RowAnswer[] | undefined> {
    const { sample, sampleRefusal, run } = this.#model;
    if (sampleRefusal !== undefined) throw new ModelError('model_unsupported', sampleRefusal);
    const { ordered, rows, symbols } = matchInputs(run.inputs, inputs);
    if (sample === undefined) return undefined;
    this.#sampler ??= await Sampler.open(sample, this.#threads);
    const asked = seedsOf(rows).map((seed, row) => ({
      seed,
      feeds: feedsOf(
        run.inputs,
        ordered.map((input) => rowOf(input, row)),
      ),
    }));
    const keep = keepSamples || quantiles.length > 0;
    const answered = isOneAnswer ? rows : 1;
    const question = { samples, batch: batch ?? Infinity, keep, symbols, answered };
    // Rows in one answer have as many passes each where all of these are answered.
    return this.#sampler.rows(asked, { ...question, nested: nested && !(keepSamples && answered > 1) });
  }

  async #samplePasses(
    passes: readonly PassRandom[],
    inputs: readonly InputTensor[],
    options: SampleOptions,
  ): Promise<SampledOutput[]> {
    const { sample, run } = this.#model;
    if (sample === undefined) throw new Error('invariant broken: passes of no graph');
    this.#passes ??= await openSession(sample.onnx, this.#threads);
    const feeds = feedsOf(run.inputs, matchInputs(run.inputs, inputs).ordered);
    const shapes = await this.#shapesOf(passes, feeds);
    const draws = new Draws(
      passes.map(({ distribution }, index) => ({
        distribution,
        size: product(shapes[index] ?? []),
        isBased: false,
      })),
      1,
    );
    draws.seed(options.seed);
    const session = this.#passes;
    return samplePasses(async () => {
      draws.draw(0, 1);
      const drawn = passes.map(({ name }, index): [string, Tensor] => [
        name,
        toOrt('float32', draws.numbers(index, 1), shapes[index] ?? [], name),
      ]);
      const answers = await compute(session, { ...feeds, ...Object.fromEntries(drawn) });
      return sample.outputs.map(({ name }) => fromOrt(take(answers, name), name));
    }, options);
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

  /** Frees the sessions. */
  async close(): Promise<void> {
    await this.#run.release();
    await this.#passes?.release();
    await this.#sampler?.close();
  }
}

/** One output of some rows as one answer. */
function joined(
  port: Port,
  rows: readonly RowAnswer[],
  at: number,
  quantiles: readonly number[],
  keepSamples: boolean,
): SampledOutput {
  const parts = rows.map(({ summaries }) => summaries[at]).filter((one) => one !== undefined);
  const output = joinRows(port.name, rows[0]?.shapes[at] ?? [], parts, quantiles, keepSamples);
  const nestings = rows.flatMap(({ nesting }) => (nesting === undefined ? [] : [nesting]));
  if (nestings.length === 0) return output;
  const most = (of: (one: Nesting) => number): number => Math.max(...nestings.map(of));
  return { ...output, nesting: { bodies: most((one) => one.bodies), passes: most((one) => one.passes) } };
}

function feedsOf(ports: readonly Port[], inputs: readonly InputTensor[]): Record<string, Tensor> {
  return Object.fromEntries(
    ports.map((port, index) => {
      const input = inputs[index];
      if (input === undefined) throw new Error('invariant broken: inputs were matched');
      return [port.name, toOrt(port.type, input.data, input.shape, port.name)];
    }),
  );
}
