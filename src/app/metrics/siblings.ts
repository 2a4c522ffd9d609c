import { AppError, systemClock, within } from '#libs/kernel';
import type { SeriesReading } from '#libs/telemetry';

/** What the processes of a service say to each other about their figures; the supervisor stands between them. */
export type FiguresMessage =
  /** A process was asked for `/metrics` and asks for all, with its own. */
  | { readonly figures: 'all'; readonly id: number; readonly own: readonly SeriesReading[] }
  /** The supervisor asks a process for its own, and the process's answer. */
  | { readonly figures: 'yours'; readonly id: number }
  | { readonly figures: 'mine'; readonly id: number; readonly own: readonly SeriesReading[] }
  /** A process that stops tells its last ones. */
  | { readonly figures: 'last'; readonly own: readonly SeriesReading[] }
  /** The answer to `all`. */
  | { readonly figures: 'together'; readonly id: number; readonly readings: readonly SeriesReading[] };

/** The other processes of this service. */
export interface Siblings {
  /** From now on `own` is asked for this process's figures. */
  tell(own: () => Promise<readonly SeriesReading[]>): void;
  /** @throws AppError `unavailable` when they cannot be asked */
  together(own: readonly SeriesReading[]): Promise<readonly SeriesReading[]>;
  /** Tells the last figures, before the process ends. */
  leave(): Promise<void>;
}

/** One process has no others. */
export const ALONE: Siblings = {
  tell: () => undefined,
  together: (own) => Promise.resolve(own),
  leave: () => Promise.resolve(),
};

/** Prometheus waits 10 s. */
const ANSWER_MS = 5_000;

/** A process's end of the channel to its supervisor: `process`, where there is one. */
export interface SupervisorChannel {
  send?(message: FiguresMessage, done?: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

export const isFiguresMessage = (message: unknown): message is FiguresMessage =>
  typeof message === 'object' && message !== null && 'figures' in message;

/** The processes that share a supervisor with this one. */
export class SupervisedSiblings implements Siblings {
  readonly #asked = new Map<number, (readings: readonly SeriesReading[]) => void>();
  #own: () => Promise<readonly SeriesReading[]> = () => Promise.resolve([]);
  #ids = 0;

  constructor(private readonly channel: SupervisorChannel) {
    channel.on('message', (message) => {
      if (isFiguresMessage(message)) void this.#hear(message);
    });
  }

  tell(own: () => Promise<readonly SeriesReading[]>): void {
    this.#own = own;
  }

  async together(own: readonly SeriesReading[]): Promise<readonly SeriesReading[]> {
    const id = (this.#ids += 1);
    const answered = new Promise<readonly SeriesReading[]>((resolve) => this.#asked.set(id, resolve));
    await this.#send({ figures: 'all', id, own });
    const late = (): AppError =>
      new AppError('unavailable', 'The figures of the other processes did not come in time');
    try {
      return await within(systemClock, ANSWER_MS, answered, late);
    } finally {
      this.#asked.delete(id);
    }
  }

  async leave(): Promise<void> {
    await this.#send({ figures: 'last', own: await this.#own() });
  }

  async #hear(message: FiguresMessage): Promise<void> {
    if (message.figures === 'together') this.#asked.get(message.id)?.(message.readings);
    else if (message.figures === 'yours')
      await this.#send({ figures: 'mine', id: message.id, own: await this.#own() });
  }

  /** A supervisor that has gone takes no message; its processes end soon. */
  #send(message: FiguresMessage): Promise<void> {
    return new Promise((resolve) => {
      if (this.channel.send === undefined) resolve();
      else this.channel.send(message, () => resolve());
    });
  }
}
