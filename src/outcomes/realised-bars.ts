import type { Frame } from '#libs/plugin-sdk';
import { type ForecastScale, scaleAt } from '#libs/scoring';
import { barEnds, firstRowFrom } from '#libs/timeseries';
import type { ReportedValueEntity } from './forecast-outcome.entity.js';
import type { ForecastPinEntity } from './forecast-pin.entity.js';
import type { UnresolvableReason } from './outcomes.port.js';
import { closeOfTarget, priceBeside } from './pin-forecast.service.js';
import { digestOfValue, windowDigest } from './pinned-window.js';

/** The bar that a target came true with. */
export interface RealisedBar {
  readonly at: Date;
  /** When it was complete. */
  readonly closedAt: Date;
  readonly value: number;
  /** What the source's number was multiplied by to give the value; null for nothing. */
  readonly rescaledBy: number | null;
  readonly source: string;
  readonly dataSha256: string;
}

/** Realised, never to be, or not yet there (null). */
export type Realisation = RealisedBar | UnresolvableReason | null;

/** What is known of a symbol by now. */
export interface KnownBars {
  /** Null where the source could not be asked, or does not have the symbol. */
  readonly frame: Frame | null;
  /** It could not be asked, so nothing is concluded from what is not there. */
  readonly isAway: boolean;
  /** Whether the source multiplies values of the past by a number after a split or a dividend. */
  readonly isAdjusted: boolean;
  /** The close that it multiplies, beside a column that it does not name as multiplied; null for none. */
  readonly price: string | null;
  /** Name of the source. */
  readonly source: string;
  readonly column: string | null;
  readonly interval: string;
  /** In the order of their bars; those of administrators first. */
  readonly reported: readonly ReportedValueEntity[];
}

/** The last bar that had closed at some moment, with the scale of the bars up to it. */
export interface Baseline {
  /** Its label. */
  readonly at: Date;
  readonly closedAt: Date;
  readonly value: number;
  /** Close of the bar, beside a target that is another column. */
  readonly price: number | null;
  /** Null for a series that does not move. */
  readonly scale: ForecastScale | null;
}

/** What is waited for. */
export interface SoughtBar {
  /** Label, epoch ms UTC. */
  readonly target: number;
  /** When the bar of the label closes. */
  readonly close: number;
  /** A bar that begins later than so much behind the target is another one. */
  readonly limitMs: number;
  /** After so much from its close on there is no more waiting. */
  readonly waitMs: number;
  /** Whose own reports count beside those of administrators; null for nobody's. */
  readonly evaluatorId: number | null;
  /** See {@link scaleFactorOf}. */
  readonly factor: number | null;
}

/**
 * Relative difference of prices up to which they are the same one: the source rounds to seven digits, and an adjusted close is made
 * of rounded ones. A dividend of 0.1 % is a hundred times as much.
 */
const SAME_PRICE = 1e-5;

/** What a pin tells of its last closed bar. */
type PinnedBar = Pick<
  ForecastPinEntity,
  'issuedAt' | 'baselineAt' | 'baselineClosedAt' | 'baselineValue' | 'baselinePrice'
>;

/**
 * What brings the source's values back to the scale on which a forecast was made: its pinned baseline by what the source says of
 * that bar now. 1 where the source does not adjust; null where the forecast has no such bar, or the source does not tell it.
 */
export function scaleFactorOf(bars: KnownBars, pin: PinnedBar): number | null {
  const { frame, column, isAdjusted, price } = bars;
  const { issuedAt, baselineAt, baselineClosedAt, baselineValue, baselinePrice } = pin;
  if (frame === null || column === null) return 1;
  if (!isAdjusted && (price === null || baselinePrice === null)) return 1;
  if (baselineAt === null || baselineValue === null) return null;
  // a bar that still ran has another value now, whatever happened to the scale
  if (baselineClosedAt === null || baselineClosedAt > issuedAt) return 1;
  const row = frame.exactRow(baselineAt.getTime());
  const ratioOf = (pinned: number, name: string): number => pinned / (frame.column(name)[row] ?? NaN);
  const factor = ratioOf(baselineValue, column);
  if (price !== null && baselinePrice !== null) return factorBeside(factor, ratioOf(baselinePrice, price));
  if (!Number.isFinite(factor) || factor <= 0) return null;
  return isSamePrice(factor, 1) ? 1 : factor;
}

/** Changes of price up to this are dividends: nobody splits one share into less than 1.05. In logarithms. */
const LARGEST_DIVIDEND = Math.log(1.05);
/** How exactly a value made of prices follows them, in logarithms. */
const FOLLOWS = 1e-4;

/**
 * Of a column that is not told as adjusted: a split divides volumes by what it multiplies prices with, a dividend leaves
 * them alone, and a computed column does as one of them or as prices. While prices are the same its value is as it is told: volumes
 * are corrected later.
 * @param own pinned value of the last closed bar by what the source says of it now @param moved the same of its close
 * @returns null where it did something else, or the source does not tell
 */
function factorBeside(own: number, moved: number): number | null {
  if (isSamePrice(moved, 1)) return 1;
  const [change, priceChange] = [Math.log(own), Math.log(moved)];
  if (!Number.isFinite(change) || !Number.isFinite(priceChange)) return null;
  const size = Math.abs(priceChange);
  if (size <= LARGEST_DIVIDEND) {
    if (Math.abs(change - priceChange) <= FOLLOWS) return own;
    return Math.abs(change) <= LARGEST_DIVIDEND ? 1 : null;
  }
  if (Math.abs(change) <= size / 4) return 1;
  return Math.abs(Math.abs(change) - size) <= size / 4 ? own : null;
}

const isSamePrice = (one: number, other: number): boolean =>
  Math.abs(one - other) <= SAME_PRICE * Math.abs(other);

/** @param moment epoch ms UTC; null where the source has no closed bar with a value of before */
export function baselineBefore({ frame, column, interval }: KnownBars, moment: number): Baseline | null {
  if (frame === null || column === null) return null;
  const values = frame.column(column);
  const closeOf = barEnds(frame, interval);
  let row = frame.rowAtOrBefore(moment);
  while (row >= 0 && (closeOf(row) > moment || !Number.isFinite(values[row]))) row -= 1;
  const [label, value] = [frame.time[row], values[row]];
  if (label === undefined || value === undefined) return null;
  return {
    at: new Date(label),
    closedAt: new Date(closeOf(row)),
    value,
    price: priceBeside(frame, column, row),
    scale: scaleAt(values, row),
  };
}

/** Whether a bar says something else than the value before; an adjustment alone says the same, but for rounding. */
export const isAnotherValue = (
  { isAdjusted }: KnownBars,
  before: number | null,
  { value, rescaledBy }: RealisedBar,
): boolean =>
  value !== before && !((isAdjusted || rescaledBy !== null) && before !== null && isSamePrice(value, before));

/** The first closed bar with a value from the target on, within the limit. Epoch ms UTC. */
export function realisationOf(bars: KnownBars, sought: SoughtBar, now: number): Realisation {
  const found = ofSource(bars, sought, now);
  const isBar = found !== null && typeof found !== 'string';
  if (isBar && sought.factor !== null) return rescaled(found, sought.factor);
  // a bar on a scale that is not known is none
  const own = isBar ? null : found;
  const isOver = now > sought.close + sought.waitMs;
  // a source that is away comes first when it is back
  const reported = bars.isAway && !isOver ? null : ofReports(bars, sought, now);
  if (reported !== null) return reported;
  if (own !== null) return own;
  if (!isOver || bars.isAway) return null;
  return isBar ? 'no_baseline' : 'no_data';
}

const rescaled = (bar: RealisedBar, factor: number): RealisedBar =>
  factor === 1 ? bar : { ...bar, value: bar.value * factor, rescaledBy: factor };

function ofSource(
  { frame, source, column, interval }: KnownBars,
  { target, limitMs }: SoughtBar,
  now: number,
): Realisation {
  if (frame === null || column === null) return null;
  const values = frame.column(column);
  const closeOf = barEnds(frame, interval);
  for (let row = firstRowFrom(frame.time, target); row < frame.length; row += 1) {
    const label = frame.time[row] ?? NaN;
    if (closeOf(row) > now) return null;
    if (label - target > limitMs) return 'no_bar_within_limit';
    const value = values[row] ?? NaN;
    if (Number.isFinite(value))
      return {
        at: new Date(label),
        closedAt: new Date(closeOf(row)),
        value,
        rescaledBy: null,
        source,
        dataSha256: windowDigest(frame.slice(row, row + 1), 1).sha256,
      };
  }
  return null;
}

function ofReports(
  { reported }: KnownBars,
  { target, limitMs, evaluatorId }: SoughtBar,
  now: number,
): RealisedBar | null {
  const usable = reported.filter(
    ({ barAt, authority, reporterId, reportedAt }) =>
      barAt.getTime() >= target &&
      barAt.getTime() <= Math.min(target + limitMs, now) &&
      reportedAt.getTime() <= now &&
      (authority === 'administrator' || reporterId === evaluatorId),
  );
  const first = usable[0];
  if (first === undefined) return null;
  const latest = usable.filter(
    ({ barAt, authority, reporterId }) =>
      barAt.getTime() === first.barAt.getTime() &&
      authority === first.authority &&
      (authority === 'administrator' || reporterId === first.reporterId),
  );
  const chosen = latest.toSorted((a, b) => a.reportedAt.getTime() - b.reportedAt.getTime()).at(-1) ?? first;
  return {
    at: chosen.barAt,
    closedAt: new Date(closeOfTarget(chosen.barAt.getTime(), chosen.interval)),
    value: chosen.value,
    rescaledBy: null,
    source: `reported_by_${chosen.authority}`,
    dataSha256: reportDigest(chosen),
  };
}

/** A report is a bar with one column. */
function reportDigest({ barAt, targetColumn, value }: ReportedValueEntity): string {
  return digestOfValue(barAt.getTime(), targetColumn, value);
}
