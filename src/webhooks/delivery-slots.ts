/**
 * How many receivers one process calls at the same time. Deliveries share the runners with predictions; a receiver that
 * answers nobody holds one for seconds, so they get half of them, and one user half of that.
 */
export class DeliverySlots {
  readonly #total: number;
  readonly #perUser: number;
  readonly #users = new Map<number, number>();
  #taken = 0;

  /** @param runners jobs that this process runs at the same time */
  constructor(runners: number) {
    this.#total = Math.max(1, Math.floor(runners / 2));
    this.#perUser = Math.max(1, Math.floor(this.#total / 2));
  }

  /** Takes a slot; returns how to give it back, or null when none is free. */
  take(userId: number): (() => void) | null {
    const ofUser = this.#users.get(userId) ?? 0;
    if (this.#taken >= this.#total || ofUser >= this.#perUser) return null;
    this.#set(userId, ofUser + 1);
    this.#taken += 1;
    return () => {
      this.#taken -= 1;
      this.#set(userId, (this.#users.get(userId) ?? 1) - 1);
    };
  }

  #set(userId: number, count: number): void {
    if (count === 0) this.#users.delete(userId);
    else this.#users.set(userId, count);
  }
}
