import { Clock, type CancelTimer } from '#libs/kernel';

/** What one question for the database's time told. */
export interface TimeSample {
  /** The database's time, epoch ms. */
  readonly databaseMs: number;
  /** The question was sent and answered at these moments of the host's monotonic clock. */
  readonly sentMs: number;
  readonly answeredMs: number;
}

/**
 * The database's clock, as far as this process knows it: hosts whose clocks differ agree about leases, ends and schedules,
 * because all of them go by the one clock that they share. Between two questions it goes on with the host's monotonic
 * clock, which no setting of the host's time moves; it is wrong by half of the quickest round trip at most.
 */
export class DatabaseClock extends Clock {
  #offsetMs: number;
  #errorMs: number;

  constructor(
    private readonly host: Clock,
    first: TimeSample,
  ) {
    super();
    this.#offsetMs = offsetOf(first);
    this.#errorMs = errorOf(first);
  }

  now(): number {
    return Math.floor(this.host.monotonic() + this.#offsetMs);
  }

  monotonic(): number {
    return this.host.monotonic();
  }

  after(delayMs: number, callback: () => void): CancelTimer {
    return this.host.after(delayMs, callback);
  }

  /**
   * Takes another answer. One that took long says little, so it counts only when it contradicts what was known: the
   * database's clock was set, another server took over, or the host slept.
   */
  take(sample: TimeSample): void {
    const [offset, error] = [offsetOf(sample), errorOf(sample)];
    const contradicts = Math.abs(offset - this.#offsetMs) > error + this.#errorMs;
    if (error <= this.#errorMs || contradicts) [this.#offsetMs, this.#errorMs] = [offset, error];
    else this.#errorMs += DRIFT_MS;
  }
}

/** What two crystals may drift apart between two questions; so an old quick answer does not count for ever. */
const DRIFT_MS = 0.5;

/** The answer was given at some moment between question and answer: in the middle, for all that is known. */
const offsetOf = ({ databaseMs, sentMs, answeredMs }: TimeSample): number =>
  databaseMs - (sentMs + answeredMs) / 2;

const errorOf = ({ sentMs, answeredMs }: TimeSample): number => (answeredMs - sentMs) / 2;
