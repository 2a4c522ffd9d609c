/**
 * Lets a number of tasks run at once and the others wait in the order they came. The line is bounded, so that a flood of
 * tasks bounds its own memory; with `atOnce` 1 it runs tasks strictly one after another.
 */
export class BoundedQueue {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  /**
   * @param atOnce tasks that run at the same time, at least 1
   * @param maxWaiting tasks that may wait
   * @param full makes the error of a task that finds the line full
   */
  constructor(
    private readonly atOnce: number,
    private readonly maxWaiting: number,
    private readonly full: () => Error,
  ) {}

  /** Tasks that run or wait. */
  get length(): number {
    return this.#running + this.#waiting.length;
  }

  /**
   * Runs the task when its turn comes.
   * @throws the `full` error when the line is full; the signal's reason when it aborted before the turn came; what the
   *   task throws
   */
  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#running < this.atOnce) this.#running += 1;
    else await this.#turn();
    try {
      signal?.throwIfAborted();
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#waiting.length >= this.maxWaiting) throw this.full();
    await new Promise<void>((go) => this.#waiting.push(go));
  }
}
