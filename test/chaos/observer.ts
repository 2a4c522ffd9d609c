import { join } from 'node:path';
import { ChildScript } from '#libs/testing';
import { type Call, type Figures, type LoadOrder, readJournal } from './journal.js';

/** The conductor's side of the observer's process. */
export class Observer {
  readonly #child: ChildScript;
  readonly #path: string;
  #orders = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(folder: string) {
    this.#path = join(folder, 'journal.ndjson');
    this.#child = new ChildScript('test/chaos/observer-process.ts', this.#path);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Begins to ask. */
  load(load: LoadOrder): Promise<Figures> {
    return this.#order({ load });
  }

  /** Asks these from now on. */
  aim(targets: readonly string[]): Promise<Figures> {
    return this.#order({ targets });
  }

  figures(): Promise<Figures> {
    return this.#order({ figures: true });
  }

  /** Begins nothing new, and waits until everything has been answered. */
  stop(): Promise<Figures> {
    return this.#order({ stop: true });
  }

  journal(): Call[] {
    return readJournal(this.#path);
  }

  async end(): Promise<void> {
    await this.#child.kill();
  }

  /** One order at a time: its answer is the next line. */
  #order(order: object): Promise<Figures> {
    const next = this.#queue.then(async () => {
      this.#child.tell(JSON.stringify(order));
      this.#orders += 1;
      const lines = await this.#child.until('done ', this.#orders);
      return JSON.parse((lines[this.#orders - 1] ?? '').slice('done '.length)) as Figures;
    });
    this.#queue = next.catch(() => undefined);
    return next;
  }
}
