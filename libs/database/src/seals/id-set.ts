import type { IdRange } from './seal-store.js';

/** Ids as few ranges, however many they are: a chain names nearly all of them, in nearly their order. */
export class IdSet {
  /** Rising, and apart from each other. */
  readonly #ranges: [from: number, to: number][] = [];

  add([from, to]: IdRange): void {
    const at = this.#firstReaching(from - 1);
    let [low, high] = [from, to];
    let end = at;
    for (; end < this.#ranges.length; end += 1) {
      const [first, last] = this.#ranges[end] ?? [0, 0];
      if (first > to + 1) break;
      low = Math.min(low, first);
      high = Math.max(high, last);
    }
    this.#ranges.splice(at, end - at, [low, high]);
  }

  /** How many there are above this one. */
  countAbove(id: number): number {
    return this.#ranges.reduce((sum, [from, to]) => sum + Math.max(0, to - Math.max(from, id + 1) + 1), 0);
  }

  /** Index of the first range that ends with this id or behind it. */
  #firstReaching(id: number): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.[1] ?? 0) < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
