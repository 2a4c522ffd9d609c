import type { CancelTimer, Clock } from '#libs/kernel';

/**
 * Does one thing regularly and never twice at a time. When it takes longer than the interval, the ticks it missed
 * become one more turn right after.
 */
export class Repeater {
  #cancel: CancelTimer = () => undefined;
  #turn: Promise<void> | null = null;
  #again = false;
  #stopped = false;

  constructor(
    private readonly clock: Clock,
    private readonly everyMs: number,
    private readonly work: () => Promise<void>,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** The first turn comes after one interval. */
  start(): void {
    this.#cancel = this.clock.after(this.everyMs, () => {
      this.start();
      this.#again = true;
      this.#turn ??= this.#workOff();
    });
  }

  /** Resolves when the turn under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#turn;
  }

  async #workOff(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false;
      try {
        await this.work();
      } catch (error) {
        this.onError(error);
      }
    }
    this.#turn = null;
  }
}
