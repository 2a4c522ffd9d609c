import { type Frame, PluginError } from '#libs/plugin-sdk';
import { formatNaiveIso } from '#libs/timeseries';
import { barHorizons, type HorizonMode, type WeekRule } from './bar-horizon.js';
import { type FrameLoading, loadFrame } from './load-frame.js';
import { rowMatch, type RowMatch, type TimestampMatch } from './row-match.js';

/** The price columns of an oracle's data, one length. */
export interface BarColumns {
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

/** What an oracle is told about its file; names as in the declared parameters. */
export interface OracleBarSettings {
  readonly high_column: string;
  readonly low_column: string;
  readonly close_column: string;
  readonly friday_close_hour: number;
  readonly prediction_horizon: number;
  readonly horizon_mode: HorizonMode;
  readonly timestamp_match: TimestampMatch;
  readonly match_limit_seconds: number | null;
}

/** The bars of an oracle and how far it sees from each, worked out once so that an answer costs one search and one scan. */
export class OracleBars implements BarColumns {
  readonly time: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Bars ahead of each row, as advertised; the scan stops at the end of the data. */
  readonly horizons: Int32Array;
  private readonly match: RowMatch;

  /** @throws PluginError `no_data` for a frame without rows; AppError `invalid` for a missing column */
  constructor(frame: Frame, settings: OracleBarSettings) {
    if (frame.length === 0) throw new PluginError('no_data', 'the data file has no bars');
    const week: WeekRule = {
      closeHour: settings.friday_close_hour,
      fallbackBars: settings.prediction_horizon,
    };
    this.time = frame.time;
    this.high = frame.column(settings.high_column);
    this.low = frame.column(settings.low_column);
    this.close = frame.column(settings.close_column);
    this.horizons = barHorizons(settings.horizon_mode, frame.time, week);
    this.match = rowMatch(frame.time, settings.timestamp_match, settings.match_limit_seconds);
  }

  /**
   * The row that a question at this time (epoch ms UTC) is about.
   * @throws PluginError `no_data` when no bar matches
   */
  rowAt(time: number): number {
    const row = this.match(time);
    if (row < 0) throw new PluginError('no_data', `there is no bar for ${formatNaiveIso(time)}`);
    return row;
  }

  horizonOf(row: number): number {
    return this.horizons[row] ?? 0;
  }

  /** Last row that a scan from `row` visits. */
  lastVisible(row: number): number {
    return Math.min(row + this.horizonOf(row), this.time.length - 1);
  }

  timeOf(row: number): number {
    return this.time[row] ?? NaN;
  }

  priceOf(row: number): number {
    return this.close[row] ?? NaN;
  }

  /** What the model info tells about the data: `bars`, `first_bar`, `last_bar`. */
  summary(): Readonly<Record<string, string | number>> {
    return {
      bars: this.time.length,
      first_bar: formatNaiveIso(this.timeOf(0)),
      last_bar: formatNaiveIso(this.timeOf(this.time.length - 1)),
    };
  }
}

interface OracleFile extends OracleBarSettings {
  readonly csv_file: string | null;
  readonly datetime_column: string;
}

/**
 * Loads `csv_file` of a barrier oracle.
 * @throws PluginError `not_configured` when it is not set or can't be used
 */
export async function loadOracleBars(settings: OracleFile, loading: FrameLoading): Promise<OracleBars> {
  const { csv_file: path, datetime_column: dateColumn } = settings;
  const columns = [...new Set([settings.high_column, settings.low_column, settings.close_column])];
  const frame = await loadFrame({ parameter: 'csv_file', path, dateColumn, columns }, loading);
  return new OracleBars(frame, settings);
}
