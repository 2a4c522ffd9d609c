import { AppError } from '#libs/kernel';
import { type EntityManager, QueryResult, type QueryRunner } from 'typeorm';
import type { Availability } from '../availability.js';
import type { GuardedDataSource } from '../guarded-data-source.js';
import { failureOf, type SqlValue } from '../sql-statements.js';
import { type AwaitedRead, ReadingLane } from './reading-lane.js';

export interface ReadingOptions {
  readonly path: string;
  /** A read that takes longer is ended. */
  readonly timeoutMs: number;
  /** @throws OutageError when the file is not where it was opened: a new process would open another one */
  readonly assertInPlace: () => void;
}

/** Processes at most: a long read shall not stop the short ones, and the machine has other work. */
const MOST_LANES = 2;
/** A second process is started for reads that wait so long for the first. */
const PATIENCE_MS = 250;

/**
 * Reads of a SQLite file beside the event loop, first come first served, in processes that start with the first read and
 * end when there was none for a while. Processes and not threads, because nothing else stops a statement of SQLite:
 * see decision 0048.
 */
export class ReadingProcesses {
  readonly #queue: AwaitedRead[] = [];
  readonly #lanes = new Set<ReadingLane>();
  #growing: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(private readonly options: ReadingOptions) {}

  /** Processes that run. */
  get running(): number {
    return this.#lanes.size;
  }

  /**
   * The rows of a SELECT.
   * @throws AppError `unavailable`: `read_timeout`, `read_lost`; OutageError; SQLite's errors with their `code`
   */
  ask(sql: string, values: readonly unknown[]): Promise<object[]> {
    if (this.#isClosed) return Promise.reject(stopping());
    return new Promise((resolve, reject) => {
      this.#queue.push({ sql, values, resolve, reject });
      this.#serve();
    });
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#growing);
    for (const { reject } of this.#queue.splice(0)) reject(stopping());
    await Promise.all([...this.#lanes].map((lane) => lane.close(stopping())));
  }

  #serve(): void {
    for (const lane of this.#lanes) {
      if (!lane.isFree) continue;
      const read = this.#queue.shift();
      if (read === undefined) return;
      lane.run(read);
    }
    if (this.#queue.length === 0 || this.#isClosed) return;
    if (this.#lanes.size === 0) this.#grow();
    else if (this.#lanes.size < MOST_LANES)
      this.#growing ??= setTimeout(() => {
        this.#growing = undefined;
        if (this.#queue.length > 0 && this.#lanes.size < MOST_LANES) this.#grow();
      }, PATIENCE_MS);
  }

  #grow(): void {
    try {
      this.options.assertInPlace();
      const lane = new ReadingLane({
        ...this.options,
        onFree: () => this.#serve(),
        onEnd: (ended) => {
          this.#lanes.delete(ended);
          this.#serve();
        },
      });
      this.#lanes.add(lane);
      this.#serve();
    } catch (error) {
      for (const { reject } of this.#queue.splice(0)) reject(error);
    }
  }
}

/** Where repositories read by these processes, as they do on the connection itself, whose entities and runner it takes. */
export function managerApart(
  reader: GuardedDataSource,
  processes: ReadingProcesses,
  availability: Availability,
): EntityManager {
  const runner = Object.create(reader.createQueryRunner()) as QueryRunner;
  const query = async (sql: string, parameters: unknown[] = [], isStructured = false): Promise<unknown> => {
    reader.logger.logQuery(sql, parameters);
    const values = parameters.map((one) => (typeof one === 'boolean' ? Number(one) : one));
    try {
      const rows = await processes.ask(sql, values);
      if (!isStructured) return rows;
      return Object.assign(new QueryResult(), { raw: rows, records: rows });
    } catch (error) {
      const told = error instanceof AppError ? error : failureOf(sql, values as SqlValue[], error);
      throw availability.met(told);
    }
  };
  Object.defineProperty(runner, 'query', { value: query, writable: true });
  return reader.createEntityManager(runner);
}

const stopping = (): AppError => new AppError('unavailable', 'The server is stopping', { code: 'stopping' });
