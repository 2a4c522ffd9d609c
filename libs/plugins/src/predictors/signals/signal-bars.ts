import type { ParametersOf } from '#libs/kernel';
import { PluginError, type Frame } from '#libs/plugin-sdk';
import { computeFeatures, formatNaiveIso } from '#libs/timeseries';
import { fileFormatOf } from '../../file-format.js';
import { rowsToFridayClose } from '../oracle/bar-horizon.js';
import { type FrameLoading, loadFrame } from '../oracle/load-frame.js';
import { barMatch, barSummary, type RowMatch } from '../oracle/row-match.js';
import type { signalParameters } from './signal-parameters.js';

/** The declared parameters. */
export type SignalBarSettings = ParametersOf<typeof signalParameters>;

/** The count of bars that remain stops here; 200 bars with the one that is asked about. */
const MAX_ROWS_AHEAD = 199;

/** The bars that questions are about. A question is matched to the last bar that is not later than itself, never to a later one. */
export class SignalBars {
  /**
   * The row that a question at this time (epoch ms UTC) is about.
   * @throws PluginError `no_data` when no bar matches
   */
  readonly rowAt: RowMatch;
  readonly #remaining: Int32Array;
  readonly #computed = new Map<string, Float64Array>();

  /** @throws PluginError `not_configured` for a frame without rows */
  constructor(
    readonly frame: Frame,
    private readonly settings: SignalBarSettings,
  ) {
    if (frame.length === 0) throw new PluginError('not_configured', 'csv_file: the file has no bars');
    const { friday_close_hour: closeHour, prediction_horizon: fallbackBars } = settings;
    this.rowAt = barMatch(frame.time, 'previous', settings.match_limit_seconds);
    this.#remaining = rowsToFridayClose(frame.time, { closeHour, fallbackBars }, MAX_ROWS_AHEAD);
  }

  /** Price columns, which are features only where metadata name them. */
  get priceColumns(): readonly string[] {
    const { high_column, low_column, close_column } = this.settings;
    return ['OPEN', 'HIGH', 'LOW', 'CLOSE', high_column, low_column, close_column];
  }

  timeOf(row: number): number {
    return this.frame.time[row] ?? NaN;
  }

  /**
   * Columns that are computed from the bars, see docs/features.md; kept, so that models share them.
   * @throws AppError `invalid` for a name that means no feature, and for prices that the file lacks
   */
  computed(features: readonly string[]): ReadonlyMap<string, Float64Array> {
    const missing = features.filter((feature) => !this.#computed.has(feature));
    for (const [name, values] of computeFeatures(this.#prices(), missing)) this.#computed.set(name, values);
    return this.#computed;
  }

  /** The frame with the columns that the settings name as prices, under the names that features are computed from. */
  #prices(): Frame {
    const { high_column: high, low_column: low, close_column: close } = this.settings;
    const named = [
      ['HIGH', high],
      ['LOW', low],
      ['CLOSE', close],
    ] as const;
    const renamed = named.filter(([name, own]) => name !== own && this.frame.has(own));
    return renamed.length === 0
      ? this.frame
      : this.frame.with(renamed.map(([name, own]) => [name, this.frame.column(own)] as const));
  }

  /** Bars to the close of the week, counted by the times of the bars alone. */
  remainingAt(row: number): number {
    return this.#remaining[row] ?? 0;
  }

  /** @throws PluginError `no_data` when the bar has no value there */
  valueAt(column: string, row: number): number {
    const value = this.frame.column(column)[row] ?? NaN;
    if (!Number.isNaN(value)) return value;
    const time = formatNaiveIso(this.timeOf(row));
    throw new PluginError('no_data', `the column "${column}" has no value in the bar of ${time}`);
  }

  /** @throws PluginError `not_configured` naming the column that the file lacks, and what needs it */
  require(column: string, purpose: string): void {
    if (this.frame.has(column)) return;
    const present = this.frame.names.join(', ');
    throw new PluginError(
      'not_configured',
      `csv_file: there is no column "${column}", which ${purpose}; its columns are ${present}`,
    );
  }

  /** What the model info tells of the bars. */
  info(): Readonly<Record<string, unknown>> {
    return {
      timestamp_match: 'previous',
      match_limit_seconds: this.settings.match_limit_seconds,
      bars_remaining: `rows to the Friday close, at most ${MAX_ROWS_AHEAD}; only the times of later rows are read`,
      ...barSummary(this.frame.time),
    };
  }
}

/**
 * Loads `csv_file` with all columns that hold numbers.
 * @throws PluginError `not_configured` when it is not set or can't be used
 */
export async function loadSignalBars(
  settings: SignalBarSettings,
  loading: FrameLoading,
): Promise<SignalBars> {
  const { csv_file: path, datetime_column: dateColumn } = settings;
  const source = { parameter: 'csv_file', path, dateColumn, format: fileFormatOf(settings) };
  return new SignalBars(await loadFrame(source, loading), settings);
}
