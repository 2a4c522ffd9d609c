/** Those who ask for the same at the same time share one piece of work. Nothing is kept once it has ended. */
export class SharedWork<T> {
  readonly #running = new Map<string, Promise<T>>();

  /** What the running work for this key gives, or that of `work`, which is begun when there is none. */
  of(key: string, work: () => Promise<T>): Promise<T> {
    const running = this.#running.get(key) ?? work().finally(() => this.#running.delete(key));
    this.#running.set(key, running);
    return running;
  }
}
