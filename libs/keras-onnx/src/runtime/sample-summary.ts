import { ModelError } from '../errors.js';
import { sizeOf } from '../graph/dims.js';
import type { OutputTensor } from './tensors.js';

/** What a sampling call may ask for. */
export interface SampleOptions {
  /** Monte-Carlo passes, 1 to 100,000. */
  readonly samples: number;
  /** Any integer; the same seed gives the same forecast bit for bit. */
  readonly seed: number;
  /** Most passes computed together, at least 1; memory bounds it too. The draws are the same whatever it is. */
  readonly batch?: number | undefined;
  /** Levels in [0, 1] to answer quantiles for. */
  readonly quantiles?: readonly number[] | undefined;
  /** Answer every single pass as well. */
  readonly keepSamples?: boolean | undefined;
  /**
   * Draw the cheap end of the model several times for each pass through the rest, where it has one and that gains. The answer
   * is as sure as that of `samples` independent passes; its draws are more, and each is one of the same distribution.
   */
  readonly nested?: boolean | undefined;
}

/** As {@link SampleOptions}, with a seed for each row. */
export interface RowSampleOptions extends Omit<SampleOptions, 'seed'> {
  readonly seeds: readonly number[];
}

/** The distribution of one output; all arrays have the shape `shape`, `values` one more axis for the samples in front. */
export interface SampledOutput {
  readonly name: string;
  readonly shape: readonly number[];
  readonly mean: Float32Array;
  /** Population standard deviation over the samples. */
  readonly std: Float32Array;
  /** One array for each asked level. */
  readonly quantiles: readonly Float32Array[];
  readonly values: Float32Array | undefined;
  /** Where the model is computed elsewhere: passes that were really made. */
  readonly samples?: number;
  /** Where the model is computed elsewhere: the seed that it says it used; null when it says none. */
  readonly seed?: number | null;
  /** Where passes were nested: how many went through the costly part, and how many `values` there are. */
  readonly nesting?: { readonly bodies: number; readonly passes: number };
}

/** Numbers kept for quantiles or single passes, at most 256 MiB. */
export const KEPT_ELEMENTS = 64 * 1024 * 1024;

/** The refusal of a request whose passes would not fit. */
export const tooManySamples = (): ModelError =>
  new ModelError('model_input', 'so many samples do not fit in memory; ask for fewer or without quantiles');

/** The number of elements of a shape. */
export const product = (shape: readonly number[]): number => Number(sizeOf(shape));

/** The same numbers several times over. */
export function repeated(data: Float32Array, count: number): Float32Array {
  const result = new Float32Array(data.length * count);
  for (let index = 0; index < count; index += 1) result.set(data, index * data.length);
  return result;
}

/** Checks what a sampling call asks for. */
export function checked(options: SampleOptions): SampleOptions {
  const { samples, seed, batch = 1, quantiles = [] } = options;
  const bad = (detail: string): ModelError => new ModelError('model_input', detail);
  if (!Number.isSafeInteger(samples) || samples < 1 || samples > 100_000)
    throw bad('samples must be an integer from 1 to 100,000');
  if (!Number.isSafeInteger(batch) || batch < 1) throw bad('the batch must be an integer of at least 1');
  if (!Number.isSafeInteger(seed)) throw bad('the seed must be an integer');
  if (quantiles.some((level) => !(level >= 0 && level <= 1))) throw bad('quantile levels must lie in [0, 1]');
  return options;
}

/** A model without random layers is certain of its answer. */
export function certain(
  outputs: readonly OutputTensor[],
  samples: number,
  levels: number,
  keep: boolean,
): SampledOutput[] {
  return outputs.map(({ name, shape, data }) => ({
    name,
    shape,
    mean: data,
    std: new Float32Array(data.length),
    quantiles: Array.from({ length: levels }, () => data),
    values: keep ? repeated(data, samples) : undefined,
  }));
}

/** Makes passes over all rows at once and gathers what they answer. Throws `model_input` when that would not fit. */
export async function samplePasses(
  pass: () => Promise<OutputTensor[]>,
  { samples, quantiles = [], keepSamples = false }: SampleOptions,
): Promise<SampledOutput[]> {
  const keep = keepSamples || quantiles.length > 0;
  let gathered: { readonly name: string; readonly shape: readonly number[]; readonly summary: Summary }[] =
    [];
  for (let done = 0; done < samples; done += 1) {
    const outputs = await pass();
    if (done === 0) {
      const kept = keep ? outputs.reduce((sum, { data }) => sum + data.length * samples, 0) : 0;
      if (kept > KEPT_ELEMENTS) throw tooManySamples();
      gathered = outputs.map(({ name, shape, data }) => ({
        name,
        shape,
        summary: new Summary(data.length, samples, keep),
      }));
    }
    outputs.forEach(({ data }, index) => gathered[index]?.summary.add(data));
  }
  return gathered.map(({ name, shape, summary }) => {
    summary.finish();
    const levels = quantiles.length === 0 ? [] : summary.quantiles(quantiles);
    const { mean, std, values } = summary;
    return { name, shape, mean, std, quantiles: levels, values: keepSamples ? values : undefined };
  });
}

/** The summaries of all rows as one answer. */
export function joinRows(
  name: string,
  rowShape: readonly number[],
  rows: readonly Summary[],
  levels: readonly number[],
  keepSamples: boolean,
): SampledOutput {
  const size = product(rowShape);
  const join = (parts: readonly Float32Array[]): Float32Array => {
    const joined = new Float32Array(size * rows.length);
    parts.forEach((part, row) => joined.set(part, row * size));
    return joined;
  };
  const perRow = levels.length === 0 ? [] : rows.map((row) => row.quantiles(levels));
  return {
    name,
    shape: [rows.length, ...rowShape],
    mean: join(rows.map((row) => row.mean)),
    std: join(rows.map((row) => row.std)),
    quantiles: levels.map((_, at) => join(perRow.map((row) => row[at] ?? new Float32Array(size)))),
    values: keepSamples ? interleave(rows, size) : undefined,
  };
}

/** From samples inside rows to rows inside samples. */
function interleave(rows: readonly Summary[], size: number): Float32Array {
  const samples = rows[0]?.samples ?? 0;
  const result = new Float32Array(samples * rows.length * size);
  rows.forEach(({ values }, row) => {
    for (let sample = 0; sample < samples; sample += 1) {
      const part = values?.subarray(sample * size, (sample + 1) * size);
      if (part !== undefined) result.set(part, (sample * rows.length + row) * size);
    }
  });
  return result;
}

/** Gathers samples of one output: moments always, all values when quantiles or the samples themselves are asked for. */
export class Summary {
  readonly mean: Float32Array;
  readonly std: Float32Array;
  readonly #shift: Float64Array;
  readonly #sum: Float64Array;
  readonly #squares: Float64Array;
  readonly #values: Float32Array | undefined;
  #count = 0;

  constructor(
    readonly size: number,
    readonly samples: number,
    keep: boolean,
  ) {
    this.mean = new Float32Array(size);
    this.std = new Float32Array(size);
    this.#shift = new Float64Array(size);
    this.#sum = new Float64Array(size);
    this.#squares = new Float64Array(size);
    this.#values = keep ? new Float32Array(size * samples) : undefined;
  }

  /** Adds the samples of a chunk, laid out one after the other. */
  add(chunk: Float32Array): void {
    const count = chunk.length / this.size;
    // Sums of differences from the first sample keep their digits when the spread is small beside the level.
    if (this.#count === 0) this.#shift.set(chunk.subarray(0, this.size));
    this.#values?.set(chunk, this.#count * this.size);
    for (let sample = 0; sample < count; sample += 1) {
      for (let index = 0; index < this.size; index += 1) {
        const off = (chunk[sample * this.size + index] ?? 0) - (this.#shift[index] ?? 0);
        this.#sum[index] = (this.#sum[index] ?? 0) + off;
        this.#squares[index] = (this.#squares[index] ?? 0) + off * off;
      }
    }
    this.#count += count;
  }

  /** Works out mean and population standard deviation. */
  finish(): void {
    for (let index = 0; index < this.size; index += 1) {
      const offset = (this.#sum[index] ?? 0) / this.#count;
      this.mean[index] = (this.#shift[index] ?? 0) + offset;
      this.std[index] = Math.sqrt(Math.max((this.#squares[index] ?? 0) / this.#count - offset * offset, 0));
    }
  }

  /** One array of length `size` for each level, by linear interpolation between order statistics (NumPy's default). */
  quantiles(levels: readonly number[]): Float32Array[] {
    const values = this.#values;
    if (values === undefined) throw new Error('invariant broken: quantiles need the samples');
    const results = levels.map(() => new Float32Array(this.size));
    const column = new Float64Array(this.#count);
    for (let index = 0; index < this.size; index += 1) {
      for (let sample = 0; sample < this.#count; sample += 1)
        column[sample] = values[sample * this.size + index] ?? 0;
      column.sort();
      levels.forEach((level, at) => {
        const position = level * (this.#count - 1);
        const low = Math.floor(position);
        const [below = 0, above = below] = [column[low], column[low + 1]];
        const result = results[at];
        if (result !== undefined) result[index] = below + (above - below) * (position - low);
      });
    }
    return results;
  }

  /** All samples, one after the other; undefined when they were not kept. */
  get values(): Float32Array | undefined {
    return this.#values;
  }
}
