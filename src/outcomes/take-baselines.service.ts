import { Injectable, Logger } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import type { Transaction } from '#libs/database';
import { Clock, DAY_MS, HOUR_MS, MINUTE_MS } from '#libs/kernel';
import { FetchRealisedBars } from './fetch-realised-bars.js';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import { groupedBy } from './group.js';
import { OutcomesRepository, type TakenBaseline } from './outcomes.repository.js';
import { barLengthOf } from './pin-forecast.service.js';
import { baselineBefore, type KnownBars } from './realised-bars.js';

/** Runs a transaction, whose writes are kept as long as the caller may write. */
export type Write = <T>(work: (tx: Transaction) => Promise<T>) => Promise<T>;

/** Pins in one go: they share what is fetched of their symbols. */
const BATCH = 200;
/**
 * So long after a forecast the prices of a source that adjusts them may be on another scale than it: a dividend or a split comes
 * between two sessions.
 */
const LATEST_MS = HOUR_MS;
/** Longest and shortest pause until a source that was away is asked again. */
const LATEST_RETRY_MS = HOUR_MS;
const EARLIEST_RETRY_MS = MINUTE_MS;

/** A look's end, or when to look again. */
type Look = TakenBaseline | Date;

/**
 * Pins the last bar that had closed when a forecast was made, and the scale of the bars up to it, for forecasts that were computed
 * elsewhere: soon after the answer, which waits for no source, and once. By the source's word on what closed before the answer, whenever it
 * is asked; one that adjusts its prices is only believed for an hour. Without it nothing is scored against a random walk.
 */
@Injectable()
export class TakeBaselines {
  readonly #logger = new Logger(TakeBaselines.name);

  constructor(
    private readonly outcomes: OutcomesRepository,
    private readonly bars: FetchRealisedBars,
    private readonly config: AppConfig,
    private readonly clock: Clock,
  ) {}

  /** Of all that are to be looked at, in batches. */
  async take(write: Write, signal?: AbortSignal): Promise<void> {
    const goesOn = (): boolean => signal?.aborted !== true;
    while (goesOn()) {
      const now = this.clock.now();
      const pins = await this.outcomes.withoutBaseline(new Date(now), BATCH);
      if (pins.length === 0) return;
      for (const group of groupedBy(pins, (pin) => this.#keyOf(pin)).values()) {
        const bars = await this.bars.before(group);
        const looks = group.map((pin) => ({ pin, look: this.#look(pin, bars, now) }));
        await write(async (tx) => {
          for (const { pin, look } of looks)
            if (look instanceof Date) this.outcomes.seekBaselineLater(tx, pin, look);
            else this.outcomes.takeBaseline(tx, pin, look);
        });
        this.#report(looks);
      }
    }
  }

  /** Forecasts with the same key start from the same bar. */
  #keyOf(pin: ForecastPinEntity): string {
    return `${this.bars.keyOf(pin)} ${Math.floor(pin.issuedAt.getTime() / barLengthOf(pin.interval))}`;
  }

  #look({ issuedAt }: ForecastPinEntity, bars: KnownBars, now: number): Look {
    const age = now - issuedAt.getTime();
    const takenAt = new Date(now);
    if (bars.isAway && age <= this.config.outcome_wait_days * DAY_MS)
      return new Date(now + Math.min(LATEST_RETRY_MS, Math.max(EARLIEST_RETRY_MS, age / 4)));
    const baseline = baselineBefore(bars, issuedAt.getTime());
    if (baseline === null) return { baseline, takenAt, reason: 'no_data' };
    if ((bars.isAdjusted || bars.price !== null) && age > LATEST_MS)
      return { baseline: null, takenAt, reason: 'too_late' };
    return { baseline, takenAt, reason: null };
  }

  #report(looks: readonly { readonly pin: ForecastPinEntity; readonly look: Look }[]): void {
    for (const { pin, look } of looks)
      if (!(look instanceof Date) && look.reason !== null)
        this.#logger.warn(
          `no last closed bar of ${pin.symbol} for the forecast of ${pin.source} ${pin.subjectId}: ${look.reason}; it is not scored against a random walk`,
        );
  }
}
