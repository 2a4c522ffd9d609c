import type { Cluster, Worker } from 'node:cluster';
import { AggregatorRegistry } from 'prom-client';
import { delay, systemClock } from '#libs/kernel';
import type { SeriesReading } from '#libs/telemetry';
import { type FiguresMessage, isFiguresMessage } from './siblings.js';

/** A process that answers later is counted as it was when it last did. */
const WAIT_MS = 1_000;

/** The processes of a service as this needs them: `node:cluster`, or a spec's. */
export type Processes = Pick<Cluster, 'on' | 'off'> & { readonly workers?: Cluster['workers'] };

/**
 * The supervisor's part in `/metrics`: asks all processes for their figures and puts them together, as prom-client does
 * it. Counts of a process that has ended stay in the sum; without them the sum would fall, and what reads it takes a fall
 * for a new beginning and counts everything again.
 */
export class GatheredFigures {
  readonly #known = new Map<number, readonly SeriesReading[]>();
  readonly #asked = new Map<string, () => void>();
  #ended: readonly SeriesReading[] = [];
  #ids = 0;

  constructor(private readonly processes: Processes) {
    processes.on('message', this.#hear);
    processes.on('exit', this.#forget);
  }

  close(): void {
    this.processes.off('message', this.#hear);
    this.processes.off('exit', this.#forget);
  }

  readonly #hear = (worker: Worker, message: unknown): void => {
    if (!isFiguresMessage(message) || !('own' in message)) return;
    this.#known.set(worker.id, message.own);
    if (message.figures === 'all') void this.#answer(worker, message.id);
    if (message.figures === 'mine') this.#asked.get(`${message.id} ${worker.id}`)?.();
  };

  readonly #forget = ({ id }: Worker): void => {
    const counts = this.#known.get(id)?.filter(({ type }) => type !== 'gauge') ?? [];
    this.#known.delete(id);
    if (counts.length === 0) return;
    this.#ended = together([this.#ended, counts]);
  };

  async #answer(asker: Worker, id: number): Promise<void> {
    const others = Object.values(this.processes.workers ?? {}).filter(
      (one) => one !== undefined && one.id !== asker.id && one.isConnected(),
    ) as Worker[];
    await Promise.all(others.map((one) => this.#ask(one)));
    const readings = together([this.#ended, ...this.#known.values()]);
    if (asker.isConnected()) asker.send({ figures: 'together', id, readings } satisfies FiguresMessage);
  }

  async #ask(worker: Worker): Promise<void> {
    const id = (this.#ids += 1);
    const key = `${id} ${worker.id}`;
    const answered = new Promise<void>((resolve) => this.#asked.set(key, resolve));
    worker.send({ figures: 'yours', id } satisfies FiguresMessage);
    await Promise.race([answered, delay(systemClock, WAIT_MS)]);
    this.#asked.delete(key);
  }
}

/** Many figures as one, each by its own rule (`aggregator`). */
const together = (all: readonly (readonly SeriesReading[])[]): SeriesReading[] =>
  AggregatorRegistry.aggregate(all.map((one) => [...one]))
    .getMetricsAsArray()
    .map((metric) => (metric as unknown as { get(): SeriesReading }).get());
