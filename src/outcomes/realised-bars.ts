import type { Frame } from '#libs/plugin-sdk';
import { barEnds, firstRowFrom } from '#libs/timeseries';
import type { ReportedValueEntity } from './forecast-outcome.entity.js';
import type { UnresolvableReason } from './outcomes.port.js';
import { closeOfTarget } from './pin-forecast.service.js';
import { digestOfValue, windowDigest } from './pinned-window.js';

/** The bar that a target came true with. */
export interface RealisedBar {
  readonly at: Date;
  /** When it was complete. */
  readonly closedAt: Date;
  readonly value: number;
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
  /** Name of the source. */
  readonly source: string;
  readonly column: string | null;
  readonly interval: string;
  /** In the order of their bars; those of administrators first. */
  readonly reported: readonly ReportedValueEntity[];
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
}

/** The first closed bar with a value from the target on, within the limit. Epoch ms UTC. */
export function realisationOf(bars: KnownBars, sought: SoughtBar, now: number): Realisation {
  const own = ofSource(bars, sought, now);
  if (own !== null && typeof own !== 'string') return own;
  const isOver = now > sought.close + sought.waitMs;
  // a source that is away comes first when it is back
  const reported = bars.isAway && !isOver ? null : ofReports(bars, sought, now);
  if (reported !== null) return reported;
  if (own !== null) return own;
  return isOver && !bars.isAway ? 'no_data' : null;
}

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
    source: `reported_by_${chosen.authority}`,
    dataSha256: reportDigest(chosen),
  };
}

/** A report is a bar with one column. */
function reportDigest({ barAt, targetColumn, value }: ReportedValueEntity): string {
  return digestOfValue(barAt.getTime(), targetColumn, value);
}
