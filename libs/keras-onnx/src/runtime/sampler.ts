import { Tensor, type InferenceSession } from 'onnxruntime-node';
import { ModelError } from '../errors.js';
import type { CompiledGraph, Port } from '../graph/compile.js';
import { dependsOnSamples } from '../graph/emitter.js';
import { CHUNK_ELEMENTS, Draws } from './draws.js';
import { NestedSampler, type Nesting } from './nested-sampler.js';
import { KEPT_ELEMENTS, product, repeated, Summary, tooManySamples } from './sample-summary.js';
import { compute, openSession, take } from './session.js';
import { memoryOf, fromOrt, randomShape, repeatRows, toOrt, type OutputTensor } from './tensors.js';

/** As {@link CHUNK_ELEMENTS} for rows that are computed together, which spares runs: their number is what counts there. */
const JOINED_ELEMENTS = 2 * 1024 * 1024;

type Feeds = Readonly<Record<string, Tensor>>;

/** One row to sample. */
export interface SampledRow {
  readonly feeds: Feeds;
  /** Starts the streams anew; without one they go on from the row before. */
  readonly seed: number | undefined;
}

/** What is asked for each row. */
export interface Sampling {
  readonly samples: number;
  /** Most samples computed together. */
  readonly batch: number;
  readonly keep: boolean;
  /** Whether the end of the graph may be drawn more often than what comes before it. */
  readonly nested: boolean;
  /** Rows in one answer, whose kept samples must fit in memory together. */
  readonly answered: number;
  /** Lengths of the inputs that the model leaves open. */
  readonly symbols: Readonly<Record<string, number>>;
}

/** The samples of one row, output by output. */
export interface RowAnswer {
  readonly summaries: readonly Summary[];
  readonly shapes: readonly (readonly number[])[];
  readonly nesting?: Nesting;
}

/** A row whose deterministic part is done. */
interface Ready {
  readonly crossing: Feeds;
  readonly seed: number | undefined;
}

/** Computes the samples of rows with a sampling graph. */
export class Sampler {
  #draws: { readonly key: string; readonly draws: Draws } | undefined;
  /** Whether rows that are computed together answer the same bits as alone; undefined until it was tried. */
  #joins: boolean | undefined;
  /** Opened with its first use; undefined in it for a graph without a cheap end. */
  #nested: Promise<NestedSampler | undefined> | undefined;
  #last: Promise<void> = Promise.resolve();

  private constructor(
    private readonly graph: CompiledGraph,
    private readonly before: InferenceSession | undefined,
    private readonly rest: InferenceSession,
    private readonly threads: number,
  ) {}

  /** Opens the sessions of a graph. */
  static async open(graph: CompiledGraph, threads: number): Promise<Sampler> {
    const before = graph.shared?.before;
    const first = before === undefined ? undefined : await openSession(before, threads);
    return new Sampler(graph, first, await openSession(graph.onnx, threads), threads);
  }

  /** Samples each row, one call after the other: they share the memory of the draws. */
  rows(rows: readonly SampledRow[], asked: Sampling): Promise<RowAnswer[]> {
    const answers = this.#last.then(() => this.#rows(rows, asked));
    this.#last = answers.then(
      () => undefined,
      () => undefined,
    );
    return answers;
  }

  /** Frees the sessions. */
  async close(): Promise<void> {
    await this.before?.release();
    await this.rest.release();
    await (await this.#nested)?.close();
  }

  async #rows(rows: readonly SampledRow[], asked: Sampling): Promise<RowAnswer[]> {
    const { samples, batch, symbols } = asked;
    const nested = asked.nested ? await this.#nesting() : undefined;
    if (nested?.gains(asked) === true) {
      const answers: RowAnswer[] = [];
      for (const row of rows) {
        const { crossing, seed } = await this.#ready(row);
        answers.push(await nested.row(crossing, { ...asked, seed }));
      }
      return answers;
    }
    const sizes = this.graph.randoms.map(({ shape }) => product(randomShape(shape, 1, symbols)));
    const perSample = sizes.reduce((sum, size) => sum + size, 0);
    const chunk = Math.min(samples, batch, Math.max(1, Math.floor(CHUNK_ELEMENTS / perSample)));
    const together = this.#together(rows.length, perSample, asked);
    const draws = this.#drawsOf(sizes, Math.max(chunk, together > 1 ? together * samples : 1));
    const answers: RowAnswer[] = [];
    for (let at = 0; at < rows.length; at += together) {
      const group: Ready[] = [];
      for (const row of rows.slice(at, at + together)) group.push(await this.#ready(row));
      answers.push(...(await this.#group(group, draws, asked, chunk)));
    }
    return answers;
  }

  #nesting(): Promise<NestedSampler | undefined> {
    this.#nested ??= NestedSampler.open(this.graph, this.threads);
    return this.#nested;
  }

  async #ready({ feeds, seed }: SampledRow): Promise<Ready> {
    const answer = this.before === undefined ? {} : await compute(this.before, feeds);
    return { crossing: { ...feeds, ...(answer as Feeds) }, seed };
  }

  /** How many rows are computed together: all samples of each, and no tensor larger than that. */
  #together(rows: number, perSample: number, { samples, batch }: Sampling): number {
    const largest = this.graph.shared?.largest;
    if (this.#joins === false || largest === undefined || samples < 2) return 1;
    const fitting = Math.floor(JOINED_ELEMENTS / (Math.max(perSample, largest) * samples));
    return Math.max(1, Math.min(rows, fitting, Math.floor(batch / samples)));
  }

  #drawsOf(sizes: readonly number[], most: number): Draws {
    const known = this.#draws;
    const key = sizes.join();
    if (known?.key === key && known.draws.most >= most) return known.draws;
    const inputs = this.graph.randoms.map(({ distribution, base }, index) => ({
      distribution,
      size: sizes[index] ?? 0,
      isBased: base !== undefined,
    }));
    const draws = new Draws(inputs, most);
    this.#draws = { key, draws };
    return draws;
  }

  /**
   * Rows together where that answers the same bits. Kernels may treat the ends of their loops in another way, so the first
   * group is computed in both ways.
   */
  async #group(rows: readonly Ready[], draws: Draws, asked: Sampling, chunk: number): Promise<RowAnswer[]> {
    const together =
      rows.length > 1 && this.#joins !== false ? await this.#joined(rows, draws, asked) : undefined;
    if (together !== undefined && this.#joins === true) return together;
    const apart: RowAnswer[] = [];
    for (const row of rows) apart.push(await this.#alone(row, draws, asked, chunk));
    if (rows.length > 1)
      this.#joins = together !== undefined && apart.every((row, index) => sameBits(row, together[index]));
    return apart;
  }

  /** All samples of one row, chunk by chunk. */
  async #alone(row: Ready, draws: Draws, asked: Sampling, chunk: number): Promise<RowAnswer> {
    let answer: RowAnswer | undefined;
    this.#begin(row, draws);
    for (let done = 0; done < asked.samples; done += chunk) {
      const count = Math.min(chunk, asked.samples - done);
      draws.draw(0, count);
      const outputs = await this.#behind(row.crossing, draws, count, asked.symbols);
      answer ??= this.#empty(outputs, asked);
      add(answer, outputs, count);
    }
    return finished(answer);
  }

  /** All samples of several rows in one run; undefined where the graph does not allow it. */
  async #joined(rows: readonly Ready[], draws: Draws, asked: Sampling): Promise<RowAnswer[] | undefined> {
    const { samples, symbols } = asked;
    const crossing = this.#repeated(rows, samples);
    if (crossing === undefined) return undefined;
    rows.forEach((row, index) => {
      this.#begin(row, draws);
      draws.draw(index * samples, samples);
    });
    const outputs = await this.#behind(crossing, draws, rows.length * samples, symbols).catch(
      (error: unknown) => {
        // Only whether it can be done was asked; a fault of the model itself comes back from the rows alone.
        if (error instanceof ModelError && error.code === 'model_run_failed') return undefined;
        throw error;
      },
    );
    return outputs === undefined
      ? undefined
      : rows.map((row, index) => {
          const own = this.graph.outputs.map((port, at): OutputTensor => {
            if (!isFanned(port)) return fromOrt(take(row.crossing, port.name), port.name);
            const { name, shape, data } = outputs[at] ?? nothing(port);
            const size = data.length / rows.length;
            return { name, shape, data: data.subarray(index * size, (index + 1) * size) };
          });
          const answer = this.#empty(own, asked);
          add(answer, own, samples);
          return finished(answer);
        });
  }

  /** The tensors that cross, each row's as often as it has samples. */
  #repeated(rows: readonly Ready[], samples: number): Feeds | undefined {
    const [first] = rows;
    const crossing: Record<string, Tensor> = { ...first?.crossing };
    for (const { name, isRow } of this.graph.shared?.boundaries ?? []) {
      if (!this.rest.inputNames.includes(name)) continue;
      const parts = rows.map((row) => take(row.crossing, name));
      if (!isRow) {
        if (parts.some((one) => !memoryOf(one).equals(memoryOf(parts[0] ?? one)))) return undefined;
        continue;
      }
      if (parts.some(({ dims }) => dims.join() !== parts[0]?.dims.join())) return undefined;
      crossing[name] = repeatRows(parts, samples);
    }
    return crossing;
  }

  #begin({ seed, crossing }: Ready, draws: Draws): void {
    if (seed !== undefined) draws.seed(seed);
    this.graph.randoms.forEach(({ base }, index) => {
      if (base !== undefined) draws.base(index, fromOrt(take(crossing, base), base).data);
    });
  }

  /** What lies behind the first random layers, for samples that are drawn. */
  async #behind(
    crossing: Feeds,
    draws: Draws,
    count: number,
    symbols: Sampling['symbols'],
  ): Promise<OutputTensor[]> {
    const feeds: Record<string, Tensor> = {};
    for (const name of this.rest.inputNames) if (crossing[name] !== undefined) feeds[name] = crossing[name];
    this.graph.randoms.forEach(({ name, shape }, index) => {
      feeds[name] = toOrt('float32', draws.numbers(index, count), randomShape(shape, count, symbols), name);
    });
    const answers = await compute(this.rest, feeds);
    return this.graph.outputs.map((port) =>
      fromOrt(isFanned(port) ? take(answers, port.name) : take(crossing, port.name), port.name),
    );
  }

  /** Summaries for the outputs of one row. */
  #empty(outputs: readonly OutputTensor[], { samples, keep, answered }: Sampling): RowAnswer {
    const shapes = outputs.map(({ shape }) => shape.slice(1));
    const kept = shapes.reduce((sum, shape) => sum + product(shape) * samples * answered, 0);
    if (keep && kept > KEPT_ELEMENTS) throw tooManySamples();
    return { shapes, summaries: shapes.map((shape) => new Summary(product(shape), samples, keep)) };
  }
}

const isFanned = (port: Port): boolean => dependsOnSamples(port.shape[0] ?? 1);

const nothing = (port: Port): OutputTensor => {
  throw new Error(`invariant broken: no output ${port.name}`);
};

/** An output that nothing random reaches has one row for all samples. */
function add({ summaries }: RowAnswer, outputs: readonly OutputTensor[], count: number): void {
  outputs.forEach(({ data }, index) => {
    const summary = summaries[index];
    summary?.add(data.length === summary.size ? repeated(data, count) : data);
  });
}

function finished(answer: RowAnswer | undefined): RowAnswer {
  if (answer === undefined) throw new Error('invariant broken: a row has samples');
  for (const one of answer.summaries) one.finish();
  return answer;
}

const bytes = (data: Float32Array): Buffer => Buffer.from(data.buffer, data.byteOffset, data.byteLength);
const same = (a: Float32Array | undefined, b: Float32Array | undefined): boolean =>
  a === undefined || b === undefined ? a === b : bytes(a).equals(bytes(b));

const sameBits = (one: RowAnswer, other: RowAnswer | undefined): boolean =>
  one.summaries.every((summary, at) => {
    const twin = other?.summaries[at];
    return (
      same(summary.mean, twin?.mean) && same(summary.std, twin?.std) && same(summary.values, twin?.values)
    );
  });
