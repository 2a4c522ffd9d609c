import { type CancelTimer, type Clock, OutageError, systemClock } from '#libs/kernel';
import { DATABASE_TIMEOUTS } from './timeouts.js';
import { asUnavailable } from './unavailable.js';

/** Hears when the database stops to serve and when it serves again: once each, however many requests it costs. */
export interface OutageListener {
  readonly began: (outage: OutageError) => void;
  /** @param refused statements that failed of it meanwhile */
  readonly ended: (outage: OutageError, lastedMs: number, refused: number) => void;
}

export interface AvailabilityFigures {
  /** What the database cannot serve for at the moment; null while it serves. */
  readonly outage: OutageError | null;
  /** Outages that began so far. */
  readonly outages: number;
  /** Statements that failed of them. */
  readonly refused: number;
}

interface Outage {
  readonly sinceMs: number;
  reason: OutageError;
  refused: number;
  lastMs: number;
  /** A question after the first failure was not answered either. */
  isConfirmed: boolean;
}

/** An outage is over when a question is answered and nothing failed for so long: one that flickers is told once. */
const CALM_MS = 1_000;

/**
 * Whether the database serves. Every failed statement is told here; the first one that speaks of an outage begins one,
 * and from then on a question (`probe`) is asked until it is answered.
 */
export class Availability {
  readonly #clock: Clock;
  #probe: () => Promise<unknown> = () => Promise.resolve();
  #current: Outage | null = null;
  #outages = 0;
  #refused = 0;
  #cancel: CancelTimer = () => undefined;
  #isWatching = false;

  constructor(
    private readonly listener: OutageListener | null,
    clock: Clock = systemClock,
  ) {
    this.#clock = clock;
  }

  get figures(): AvailabilityFigures {
    return { outage: this.#current?.reason ?? null, outages: this.#outages, refused: this.#refused };
  }

  /** The reason to refuse at once what would need a connection; null while it is worth to try. */
  get away(): OutageError | null {
    const { reason, isConfirmed } = this.#current ?? {};
    return reason?.code === 'database_unavailable' && isConfirmed === true ? reason : null;
  }

  get isWatching(): boolean {
    return this.#isWatching;
  }

  /** Begins to watch; until then a failure is the business of whoever opens the database. */
  watch(): void {
    this.#isWatching = true;
  }

  /** @param probe resolves when the database serves, rejects when it doesn't */
  askWith(probe: () => Promise<unknown>): void {
    this.#probe = probe;
  }

  stop(): void {
    this.#isWatching = false;
    this.#cancel();
  }

  /** Tells of an error; returns it as what a caller may be told. */
  met(error: unknown): unknown {
    const told = asUnavailable(error);
    if (this.#isWatching && told instanceof OutageError) this.#failed(told).refused += 1;
    return told;
  }

  /** Tells that a question was not answered: from now on nobody needs to try. */
  confirm(reason: OutageError): void {
    if (this.#isWatching) this.#failed(reason).isConfirmed = true;
  }

  #failed(reason: OutageError): Outage {
    const nowMs = this.#clock.monotonic();
    this.#refused += 1;
    if (this.#current === null) {
      this.#outages += 1;
      this.#current = { sinceMs: nowMs, lastMs: nowMs, reason, refused: 0, isConfirmed: false };
      this.listener?.began(reason);
      void this.#ask(this.#current);
    }
    this.#current.lastMs = nowMs;
    return this.#current;
  }

  async #ask(outage: Outage): Promise<void> {
    try {
      await this.#probe();
      outage.isConfirmed = false;
      if (this.#isWatching && this.#clock.monotonic() - outage.lastMs >= CALM_MS) return this.#end(outage);
    } catch (error) {
      const told = asUnavailable(error);
      if (!(told instanceof OutageError)) throw error;
      outage.reason = told;
      outage.isConfirmed = true;
    }
    if (!this.#isWatching) return;
    this.#cancel = this.#clock.after(DATABASE_TIMEOUTS.probeEveryMs, () => void this.#ask(outage));
  }

  #end(outage: Outage): void {
    this.#current = null;
    this.listener?.ended(outage.reason, this.#clock.monotonic() - outage.sinceMs, outage.refused);
  }
}
