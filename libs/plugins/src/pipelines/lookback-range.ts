import { INTERVAL_MS, isInterval, PluginError, type PredictionRequest } from '#libs/plugin-sdk';
import { formatIso, parseTimestamp } from '#libs/timeseries';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Without real time the newest bars, which the market may still correct, are left alone. */
const SETTLED_AFTER_MS = 5 * 60_000;
/** Closed markets: bars are counted, not hours, so a range must reach over the longest usual closure. */
const LONGEST_CLOSURE_MS = 5 * DAY_MS;
/** What a predictor can be configured to answer when a request names no horizon. */
const LONGEST_HORIZON = 1_000;

export interface RangeSettings {
  readonly data_lookback_hours: number;
  readonly additional_previous_ticks: number;
  readonly use_custom_date_range: boolean;
  readonly custom_start_date: string | null;
  readonly custom_end_date: string | null;
  readonly real_time_mode: boolean;
}

/** Moments in epoch ms UTC, both included. */
export interface DateRange {
  readonly from: number;
  readonly to: number;
}

/**
 * The range that is fixed by the configuration, or null when it follows the clock.
 * @throws PluginError `not_configured` when a date is missing, unreadable, or they stand in the wrong order
 */
export function customRange(settings: RangeSettings): DateRange | null {
  if (!settings.use_custom_date_range) return null;
  const read = (name: 'custom_start_date' | 'custom_end_date'): number => {
    const text = settings[name];
    const time = text === null ? null : parseTimestamp(text);
    if (time !== null) return time;
    throw new PluginError(
      'not_configured',
      `${name} must be a time such as 2026-01-05 08:00:00 (UTC) with use_custom_date_range, not ${JSON.stringify(text)}`,
    );
  };
  const range = { from: read('custom_start_date'), to: read('custom_end_date') };
  if (range.from < range.to) return range;
  throw new PluginError('not_configured', 'custom_start_date must be before custom_end_date');
}

/**
 * The range that a question is answered from. It ends now (or five minutes ago, without real time) and begins the
 * lookback before; with a baseline the lookback is counted from there, and the end is as far behind it as a predictor
 * that looks ahead can need.
 */
export function lookbackRange(request: PredictionRequest, settings: RangeSettings, now: number): DateRange {
  const end = settings.real_time_mode ? now : now - SETTLED_AFTER_MS;
  const lookbackMs = settings.data_lookback_hours * HOUR_MS;
  if (request.baseline === null) return { from: end - lookbackMs, to: end };
  const steps = Math.max(...(request.horizons ?? [request.horizon ?? LONGEST_HORIZON]));
  const ahead = request.baseline + 2 * steps * barMs(request.interval) + LONGEST_CLOSURE_MS;
  return { from: Math.min(request.baseline, end) - lookbackMs, to: Math.min(end, ahead) };
}

/** Where to begin to fetch, so that at least `ticks` bars stand before `from` over a usual closure of the market. */
export const beginWithTicks = (from: number, ticks: number, interval: string): number =>
  ticks === 0 ? from : from - 2 * ticks * barMs(interval) - LONGEST_CLOSURE_MS;

/** "2026-01-05T00:00:00Z to 2026-02-04T00:00:00Z" */
export const rangeText = ({ from, to }: DateRange): string => `${formatIso(from)} to ${formatIso(to)}`;

const barMs = (interval: string): number => (isInterval(interval) ? INTERVAL_MS[interval] : HOUR_MS);
