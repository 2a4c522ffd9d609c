import { PluginError } from '#libs/plugin-sdk';

const MAX_WAITING = 1_000;

/** Lets a number of calls work at once and the others wait in line, so that a flood of questions bounds its own memory. */
export class Turns {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number) {
    this.#free = atOnce;
  }

  /**
   * Runs the work when its turn comes.
   * @throws PluginError `source_unavailable` when too many wait already; the signal's reason when it aborts meanwhile
   */
  async take<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn();
    try {
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }

  async #turn(): Promise<void> {
    if (this.#waiting.length >= MAX_WAITING) {
      throw new PluginError(
        'source_unavailable',
        `${MAX_WAITING} forecasts wait for the models already; try later`,
      );
    }
    await new Promise<void>((go) => this.#waiting.push(go));
  }
}
