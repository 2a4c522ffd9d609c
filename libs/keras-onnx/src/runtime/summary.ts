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
