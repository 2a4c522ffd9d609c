import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { cutHead } from '../foreign/cut-head.js';
import type { CompiledGraph } from '../graph/compile.js';
import { dependsOnSamples } from '../graph/emitter.js';
import { HEAD_DRAWS, type HeadPart } from '../graph/head.js';
import { CHUNK_ELEMENTS, Draws } from './draws.js';
import { KEPT_ELEMENTS, product, repeated, Summary } from './sample-summary.js';
import { compute, openSession, take } from './session.js';
import { fromOrt, type OutputTensor, randomShape, repeatRows, toOrt } from './tensors.js';

/** Fewer bodies than these say too little of how alike the draws of one are. */
const LEAST_BODIES = 20;
/** That many bodies, as a share of the samples, are computed before it is decided how many are needed. */
const PILOT = 1 / 5;

type Feeds = Readonly<Record<string, Tensor>>;

/** What is asked for one row. */
interface Asked {
  readonly seed: number | undefined;
  readonly samples: number;
  readonly batch: number;
  readonly keep: boolean;
  readonly symbols: Readonly<Record<string, number>>;
}

/** How many passes went through the body, and how many through the head. */
export interface Nesting {
  readonly bodies: number;
  readonly passes: number;
}

interface NestedAnswer {
  readonly summaries: readonly Summary[];
  readonly shapes: readonly (readonly number[])[];
  readonly nesting: Nesting;
}

/**
 * Two-stage sampling: each pass through the costly body of a graph is used by several draws of its head. Draws of one body
 * are alike; with an intraclass correlation ρ, `n` draws by groups of `k` tell as much as n / (1 + (k − 1)ρ) independent ones
 * (Kish 1965, Survey Sampling, §5.4). So many bodies are computed that this is not less than was asked for, of the numbers
 * and of their squared distances from the mean: a body may leave the level alone and set the width.
 */
export class NestedSampler {
  #draws: { readonly key: string; readonly body: Draws; readonly head: Draws } | undefined;

  private constructor(
    private readonly graph: CompiledGraph,
    private readonly part: HeadPart,
    private readonly body: InferenceSession,
    private readonly head: InferenceSession,
  ) {}

  /** Opens the two sessions; undefined for a graph without a head. */
  static async open(graph: CompiledGraph, threads: number): Promise<NestedSampler | undefined> {
    const part = graph.shared?.head;
    if (part === undefined) return undefined;
    const { body, head } = cutHead(graph);
    return new NestedSampler(graph, part, await openSession(body, threads), await openSession(head, threads));
  }

  /** Whether so many samples can gain by it, and all draws of a row fit in memory. */
  gains({
    samples,
    symbols,
    answered,
  }: Pick<Asked, 'samples' | 'symbols'> & { readonly answered: number }): boolean {
    const sizes = this.graph.outputs.map(({ shape }) => product(randomShape(shape, 1, symbols)));
    const all = sizes.reduce((sum, size) => sum + size, 0) * samples * HEAD_DRAWS * answered;
    return samples > LEAST_BODIES && all <= KEPT_ELEMENTS;
  }

  /** The samples of one row. @param crossing what is computed once for the row */
  async row(crossing: Feeds, asked: Asked): Promise<NestedAnswer> {
    const { samples } = asked;
    const draws = this.#begin(crossing, asked);
    const pilot = Math.max(LEAST_BODIES, Math.ceil(samples * PILOT));
    const chunks = await this.#bodies(crossing, draws, pilot, asked);
    const alike = Math.max(
      ...this.graph.outputs.map((_, at) => likeness(chunks.map((one) => part(one, at)))),
    );
    const needed = Math.ceil((samples * (1 + (HEAD_DRAWS - 1) * alike)) / HEAD_DRAWS);
    const bodies = Math.min(samples, Math.max(pilot, needed));
    chunks.push(...(await this.#bodies(crossing, draws, bodies - pilot, asked)));
    return this.#gathered(chunks, bodies, asked.keep);
  }

  async close(): Promise<void> {
    await this.body.release();
    await this.head.release();
  }

  /** So many more bodies, each with all draws of its head. */
  async #bodies(
    crossing: Feeds,
    { body, head }: { readonly body: Draws; readonly head: Draws },
    bodies: number,
    { symbols }: Asked,
  ): Promise<OutputTensor[][]> {
    const chunks: OutputTensor[][] = [];
    for (let done = 0; done < bodies; done += body.most) {
      const count = Math.min(body.most, bodies - done);
      body.draw(0, count);
      const masks = this.#masks(body, 0, count, symbols);
      const answers = await compute(this.body, fed(this.body, crossing, masks));
      const repeatedRows: Record<string, Tensor> = {};
      for (const name of this.part.boundaries)
        repeatedRows[name] = repeatRows([take(answers, name)], HEAD_DRAWS);
      head.draw(0, count * HEAD_DRAWS);
      const headMasks = this.#masks(head, this.part.firstRandom, count * HEAD_DRAWS, symbols);
      const ends = await compute(this.head, fed(this.head, crossing, { ...repeatedRows, ...headMasks }));
      chunks.push(
        this.graph.outputs.map(({ name, shape }) => {
          if (dependsOnSamples(shape[0] ?? 1)) return fromOrt(take(ends, name), name);
          const still = fromOrt(take(crossing, name), name);
          return { ...still, data: repeated(still.data, count * HEAD_DRAWS) };
        }),
      );
    }
    return chunks;
  }

  #masks(draws: Draws, first: number, count: number, symbols: Asked['symbols']): Feeds {
    const own = this.graph.randoms.slice(first, first + draws.inputs);
    return Object.fromEntries(
      own.map(({ name, shape }, at) => [
        name,
        toOrt('float32', draws.numbers(at, count), randomShape(shape, count, symbols), name),
      ]),
    );
  }

  #begin(crossing: Feeds, { seed, batch, symbols, samples }: Asked) {
    const { randoms } = this.graph;
    const inputs = randoms.map(({ distribution, base, shape }) => ({
      distribution,
      size: product(randomShape(shape, 1, symbols)),
      isBased: base !== undefined,
    }));
    const first = this.part.firstRandom;
    const perBody = inputs.slice(0, first).reduce((sum, { size }) => sum + size, 0);
    const most = Math.max(1, Math.min(batch, samples, Math.floor(CHUNK_ELEMENTS / perBody)));
    const key = [most, ...inputs.map(({ size }) => size)].join();
    if (this.#draws?.key !== key) {
      const body = new Draws(inputs.slice(0, first), most);
      this.#draws = { key, body, head: new Draws(inputs.slice(first), most * HEAD_DRAWS, first) };
    }
    const { body, head } = this.#draws;
    if (seed !== undefined) for (const one of [body, head]) one.seed(seed);
    randoms.forEach(({ base }, at) => {
      if (base === undefined) return;
      const [draws, own] = at < first ? [body, at] : [head, at - first];
      draws.base(own, fromOrt(take(crossing, base), base).data);
    });
    return { body, head };
  }

  #gathered(chunks: readonly OutputTensor[][], bodies: number, keep: boolean): NestedAnswer {
    const passes = bodies * HEAD_DRAWS;
    const shapes = (chunks[0] ?? []).map(({ shape }) => shape.slice(1));
    const summaries = shapes.map((shape, at) => {
      const summary = new Summary(product(shape), passes, keep);
      for (const chunk of chunks) summary.add(part(chunk, at).data);
      summary.finish();
      return summary;
    });
    return { shapes, summaries, nesting: { bodies, passes } };
  }
}

const part = (chunk: readonly OutputTensor[], at: number): OutputTensor => {
  const found = chunk[at];
  if (found === undefined) throw new Error('invariant broken: every chunk has all outputs');
  return found;
};

function fed(session: InferenceSession, ...given: Feeds[]): Feeds {
  const all: Feeds = Object.assign({}, ...given) as Feeds;
  const names = session.inputNames.filter((name) => all[name] !== undefined);
  return Object.fromEntries(names.map((name) => [name, take(all, name)]));
}

/** How alike the draws of one body are, in level or in width, for the element of the output where they are most so. */
function likeness(chunks: readonly OutputTensor[]): number {
  const [first] = chunks;
  const size = product((first?.shape ?? []).slice(1));
  const bodies = chunks.reduce((sum, { data }) => sum + data.length, 0) / size / HEAD_DRAWS;
  let most = 0;
  const draws = new Float64Array(bodies * HEAD_DRAWS);
  for (let element = 0; element < size; element += 1) {
    let count = 0;
    for (const { data } of chunks)
      for (let at = element; at < data.length; at += size) draws[count++] = data[at] ?? 0;
    const mean = draws.reduce((sum, value) => sum + value, 0) / draws.length;
    for (let at = 0; at < draws.length; at += 1) draws[at] = (draws[at] ?? 0) - mean;
    const ofLevel = correlationIn(draws);
    for (let at = 0; at < draws.length; at += 1) draws[at] = (draws[at] ?? 0) ** 2;
    most = Math.max(most, ofLevel, correlationIn(draws));
  }
  return most;
}

/**
 * How alike draws of one body are, of draws that stand body by body: the intraclass correlation of a one-way analysis of
 * variance, and one standard error more (Donner 1986, Int. Stat. Review 54, 67–82), at most 1.
 */
function correlationIn(draws: Float64Array): number {
  const k = HEAD_DRAWS;
  const bodies = draws.length / k;
  const shift = draws[0] ?? 0;
  let [total, groups, squares] = [0, 0, 0];
  for (let at = 0; at < draws.length; at += k) {
    let sum = 0;
    for (let draw = 0; draw < k; draw += 1) {
      const off = (draws[at + draw] ?? 0) - shift;
      sum += off;
      squares += off * off;
    }
    total += sum;
    groups += (sum * sum) / k;
  }
  const between = Math.max(groups - (total * total) / (bodies * k), 0) / (bodies - 1);
  const within = Math.max(squares - groups, 0) / (bodies * (k - 1));
  const whole = between + (k - 1) * within;
  if (whole === 0) return 0;
  const alike = Math.max((between - within) / whole, 0);
  const error = (1 - alike) * (1 + (k - 1) * alike) * Math.sqrt(2 / (k * (k - 1) * (bodies - 1)));
  const bounded = Math.min(alike + error, 1);
  // What is no number tells nothing, so that as many bodies as samples are computed.
  return Number.isNaN(bounded) ? 1 : bounded;
}
