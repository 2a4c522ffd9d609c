import type { Figure, Figures, KeptFigures } from './kept-figures.js';

/** What happened to the rows of a table since the beginning of the hour that a moment lies in. */
export interface RowActivity {
  /** Created since then. */
  readonly created: number;
  /** Of those created since then, how many are completed by now. */
  readonly createdAndCompleted: number;
  /** Ended since then, whenever they were created. */
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Mean milliseconds of work on those completed since then; null when there are none. */
  readonly meanProcessingMs: number | null;
  /** Mean milliseconds from creation to the start of those completed since then; null when there are none. */
  readonly meanWaitMs: number | null;
}

/** What one user asked for since the beginning of the hour that a moment lies in. */
export interface RowUsage {
  readonly created: number;
  /** Milliseconds of work on the ended ones among them. */
  readonly processingMs: number;
}

/** Counts and measures the rows of one table that are asked for, worked on and ended. */
export abstract class RowFigures {
  abstract since(moment: Date): Promise<RowActivity>;
  abstract usageOf(userId: number, since: Date): Promise<RowUsage>;
  /** A status without rows is left out. */
  abstract countByStatus(): Promise<Readonly<Record<string, number>>>;
  /** A type without rows is left out. */
  abstract countByType(): Promise<Readonly<Record<string, number>>>;
}

/** {@link RowFigures} of one source of {@link KeptFigures}: `predictions` or `orders`. */
export class SourceFigures implements RowFigures {
  constructor(
    protected readonly kept: KeptFigures,
    private readonly source: string,
  ) {}

  async since(moment: Date): Promise<RowActivity> {
    const figures = await this.kept.since(this.source, moment);
    const count = (name: string): number => figures.get(name)?.events ?? 0;
    return {
      created: count('created'),
      createdAndCompleted: count('fulfilled'),
      completed: count('completed'),
      failed: count('failed'),
      cancelled: count('cancelled'),
      meanProcessingMs: meanMs(figures.get('completed')),
      meanWaitMs: meanMs(figures.get('waited')),
    };
  }

  async usageOf(userId: number, since: Date): Promise<RowUsage> {
    const figures = await this.kept.since(this.source, since, userId, OF_USAGE);
    const worked = (figures.get('fulfilled')?.amount ?? 0) + (figures.get('unfulfilled')?.amount ?? 0);
    return { created: figures.get('created')?.events ?? 0, processingMs: worked / MICROSECONDS };
  }

  countByStatus(): Promise<Record<string, number>> {
    return this.#countBy('status:');
  }

  countByType(): Promise<Record<string, number>> {
    return this.#countBy('type:');
  }

  async #countBy(prefix: string): Promise<Record<string, number>> {
    return countsOf(await this.kept.standing(this.source), prefix);
  }
}

/** What usage is added up from, of all that is kept: a year has each of them by the day. */
const OF_USAGE = ['created', 'fulfilled', 'unfulfilled'];

/** A millisecond. */
const MICROSECONDS = 1_000;

/** The mean of an amount in microseconds, as milliseconds; null over nothing. */
export const meanMs = (figure: Figure | undefined): number | null =>
  figure === undefined || figure.events === 0 ? null : figure.amount / figure.events / MICROSECONDS;

/** Events by what follows the prefix in the figures' names; what there is none of is left out. */
export function countsOf(figures: Figures, prefix: string): Record<string, number> {
  return Object.fromEntries(
    [...figures]
      .filter(([name, { events }]) => name.startsWith(prefix) && events !== 0)
      .map(([name, { events }]) => [name.slice(prefix.length), events]),
  );
}
