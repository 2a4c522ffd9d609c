import type { Clock } from '#libs/kernel';

/** A slot that is held longer is held by a receiver that does not answer; nobody waits for it. */
export const PATIENCE_MS = 250;

interface Hold {
  readonly userId: number;
  readonly since: number;
}

/**
 * How many receivers one process calls at the same time. Deliveries share the runners with predictions, and a receiver
 * that answers nobody holds one for seconds; so they get half of them, and one user half of that.
 */
export class DeliverySlots {
  readonly #total: number;
  readonly #perUser: number;
  readonly #holds = new Set<Hold>();
  /** First come, first served; each says whether it took a slot. */
  readonly #waiting = new Set<() => boolean>();

  /** @param runners jobs that this process runs at the same time */
  constructor(
    runners: number,
    private readonly clock: Clock,
  ) {
    this.#total = Math.max(1, Math.floor(runners / 2));
    this.#perUser = Math.max(1, Math.floor(this.#total / 2));
  }

  /** Takes a slot, at most {@link PATIENCE_MS} from now; returns how to give it back, or null when none came free. */
  async take(userId: number): Promise<(() => void) | null> {
    const free = this.#takeNow(userId);
    if (free !== null || this.#isStuck(userId)) return free;
    return new Promise((resolve) => {
      const tryAgain = (): boolean => {
        const slot = this.#takeNow(userId);
        if (slot !== null) end(slot);
        return slot !== null;
      };
      const end = (slot: (() => void) | null): void => {
        cancel();
        this.#waiting.delete(tryAgain);
        resolve(slot);
      };
      const cancel = this.clock.after(PATIENCE_MS, () => end(null));
      this.#waiting.add(tryAgain);
    });
  }

  #takeNow(userId: number): (() => void) | null {
    if (this.#holds.size >= this.#total || this.#of(userId).length >= this.#perUser) return null;
    const hold = { userId, since: this.clock.monotonic() };
    this.#holds.add(hold);
    return () => {
      this.#holds.delete(hold);
      for (const tryAgain of this.#waiting) if (tryAgain()) return;
    };
  }

  /** Whether all the slots that could come free have been held for long. */
  #isStuck(userId: number): boolean {
    const own = this.#of(userId);
    const awaited = own.length >= this.#perUser ? own : [...this.#holds];
    return awaited.every(({ since }) => this.clock.monotonic() - since > PATIENCE_MS);
  }

  #of(userId: number): readonly Hold[] {
    return [...this.#holds].filter((hold) => hold.userId === userId);
  }
}
