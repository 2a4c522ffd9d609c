import { Injectable, Logger } from '@nestjs/common';
import { AppError } from '#libs/kernel';
import { type FeederHandle, PluginRegistry } from '#libs/plugin-host';
import type { FetchRequest, Frame } from '#libs/plugin-sdk';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import { OutcomesRepository } from './outcomes.repository.js';
import { USUAL_COLUMN } from './pin-forecast.service.js';
import type { KnownBars } from './realised-bars.js';

/** Note of a feeder whose source gave no answer. */
const STORED_BARS = 'stored_bars:';
/** What passes: nothing is concluded from it. */
const AWAY: ReadonlySet<AppError['kind']> = new Set(['unavailable', 'too_many', 'internal']);
type AskedRange = Pick<FetchRequest, 'from' | 'to' | 'around'>;

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
    return { ...knownOf(fetched, pin), reported };
  }

  /** As a forecast that was made here at their moment would have been given them. @param pins as in {@link of}, about one bar's length apart */
  async before(pins: readonly ForecastPinEntity[]): Promise<KnownBars> {
    const [pin] = pins;
    if (pin === undefined) throw new Error('invariant broken: a group has a pin');
    const moment = Math.max(...pins.map(({ issuedAt }) => issuedAt.getTime()));
    const fetched = await this.#fetch(pins, pin, { around: moment, to: moment });
    return { ...knownOf(fetched, pin), reported: [] };
  }

  /** Without bars where the source is away or does not have the symbol: then reports count, and, of a symbol it does not have, time. */
  async #fetch(
    pins: readonly ForecastPinEntity[],
    { feeder: id, symbol, interval }: ForecastPinEntity,
    range: AskedRange,
  ): Promise<Fetched> {
    try {
      const feeder = await this.plugins.feeder(id);
      const { source, adjustedColumns = [] } = feeder.resolve(symbol);
      const from =
        range.from === undefined || adjustedColumns.length === 0
          ? range.from
          : Math.min(range.from, ...baselinesOf(pins));
      const asked = { symbol, interval, ...range, ...(from !== undefined && { from }) };
      const frame = await fetchBars(feeder, asked);
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
  request: Pick<FetchRequest, 'symbol' | 'interval'> & AskedRange,
): Promise<Frame> {
  try {
    return await feeder.fetch(request);
  } catch (error) {
    if (!(error instanceof AppError) || error.kind !== 'invalid') throw error;
    return feeder.fetch({ ...request, anyInterval: true });
  }
}

function knownOf(
  { frame, source, adjustedColumns, isAway }: Fetched,
  { targetColumn, interval }: ForecastPinEntity,
): Omit<KnownBars, 'reported'> {
  const column = frame?.spelled(targetColumn ?? USUAL_COLUMN) ?? null;
  const isAdjusted = column !== null && adjustedColumns.includes(column);
  const close = frame?.spelled(USUAL_COLUMN);
  const price = !isAdjusted && close !== undefined && adjustedColumns.includes(close) ? close : null;
  return { frame, source, isAway, isAdjusted, price, column, interval };
}

/** What the source says of these bars now tells whether its prices were adjusted. */
const baselinesOf = (pins: readonly ForecastPinEntity[]): readonly number[] =>
  pins.flatMap(({ baselineAt }) => (baselineAt === null ? [] : [baselineAt.getTime()]));

/** From the first target to now: only later bars show that one is missing. */
const rangeOf = (pins: readonly ForecastPinEntity[], now: number) => ({
  from: Math.min(...pins.flatMap(({ targetTimes }) => targetTimes.filter((time) => time !== null))),
  to: now,
});
