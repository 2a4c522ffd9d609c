import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import { type FeederHandle, PluginRegistry } from '#libs/plugin-host';
import type { Frame } from '#libs/plugin-sdk';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import { OutcomesRepository } from './outcomes.repository.js';
import { closeOfTarget } from './pin-forecast.service.js';
import { SCALE_CHANGES } from '#libs/scoring';
import type { KnownBars } from './realised-bars.js';

/** What a column is called where a forecast does not say. */
const USUAL_COLUMN = 'CLOSE';
/** Note of a feeder whose source gave no answer. */
const STORED_BARS = 'stored_bars:';
/** What passes: nothing is concluded from it. */
const AWAY: ReadonlySet<AppError['kind']> = new Set(['unavailable', 'too_many', 'internal']);
/** Bars of a market that rests over nights and weekends reach back further than their number says. */
const CALENDAR_FACTOR = 5;

interface Fetched extends Pick<KnownBars, 'frame' | 'source' | 'isAway'> {
  readonly adjustedColumns: readonly string[];
}

/** Brings the bars that a group of pinned forecasts was about, in one go. */
@Injectable()
export class FetchRealisedBars {
  readonly #logger = new Logger(FetchRealisedBars.name);

  constructor(
    private readonly plugins: PluginRegistry,
    private readonly outcomes: OutcomesRepository,
  ) {}

  /** Pins with the same key are about the same column of the same bars. */
  keyOf({ feeder, symbol, interval, targetColumn }: ForecastPinEntity): string {
    return JSON.stringify([feeder, symbol, interval, targetColumn]);
  }

  /** @param pins at least one, all of the same {@link keyOf} */
  async of(pins: readonly ForecastPinEntity[], now: number): Promise<KnownBars> {
    const [pin] = pins;
    if (pin === undefined) throw new Error('invariant broken: a group has a pin');
    const { symbol, interval, targetColumn } = pin;
    const range = rangeOf(pins, now);
    const [fetched, reported] = await Promise.all([
      this.#fetch(pins, pin, range),
      this.outcomes.reported({
        symbol,
        interval,
        targetColumn: targetColumn ?? USUAL_COLUMN,
        from: new Date(range.from),
        to: new Date(range.to),
      }),
    ]);
    const { frame, source, adjustedColumns, isAway } = fetched;
    const column = frame?.spelled(targetColumn ?? USUAL_COLUMN) ?? null;
    const isAdjusted = column !== null && adjustedColumns.includes(column);
    return { frame, source, isAway, isAdjusted, column, interval, reported };
  }

  /** Without bars where the source is away or does not have the symbol: then reports count, and, of a symbol it does not have, time. */
  async #fetch(
    pins: readonly ForecastPinEntity[],
    { feeder: id, symbol, interval }: ForecastPinEntity,
    range: { readonly from: number; readonly to: number },
  ): Promise<Fetched> {
    try {
      const feeder = await this.plugins.feeder(id);
      const { source, adjustedColumns = [] } = feeder.resolve(symbol);
      const { to } = range;
      const from = adjustedColumns.length === 0 ? range.from : Math.min(range.from, ...baselinesOf(pins));
      const frame = await fetchBars(feeder, { symbol, interval, from, to });
      const stored = feeder.notes(frame).find((note) => note.startsWith(STORED_BARS));
      // stored bars may have holes, and a hole is no bar that never was
      if (stored !== undefined) throw new AppError('unavailable', stored);
      return { frame, source, adjustedColumns, isAway: false };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#logger.warn(`no bars of ${symbol} to resolve forecasts with: ${error.code}: ${error.detail}`);
      return { frame: null, source: '', adjustedColumns: [], isAway: AWAY.has(error.kind) };
    }
  }
}

/** Bars of the length that was pinned; where the source has another one and cannot make it, those it has were used. */
async function fetchBars(
  feeder: FeederHandle,
  request: {
    readonly symbol: string;
    readonly interval: string;
    readonly from: number;
    readonly to: number;
  },
): Promise<Frame> {
  try {
    return await feeder.fetch(request);
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'invalid') throw error;
    return feeder.fetch({ ...request, anyInterval: true });
  }
}

/** What the source says of these bars now tells whether its prices were adjusted. */
const baselinesOf = (pins: readonly ForecastPinEntity[]): readonly number[] =>
  pins.flatMap(({ baselineAt }) => (baselineAt === null ? [] : [baselineAt.getTime()]));

/** From what the scale needs, where a pin has none, to now: only later bars show that one is missing. */
function rangeOf(pins: readonly ForecastPinEntity[], now: number) {
  const starts = pins.map((pin) => {
    const first = Math.min(...pin.targetTimes.flatMap((time) => (time === null ? [] : [time])));
    if (pin.volatility !== null) return first;
    const length = closeOfTarget(first, pin.interval) - first;
    return Math.min(first, pin.issuedAt.getTime() - CALENDAR_FACTOR * SCALE_CHANGES * length);
  });
  return { from: Math.min(...starts), to: now };
}
