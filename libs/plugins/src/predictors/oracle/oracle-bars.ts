import { choice, decimal, integer, type ParameterDeclarations, type ParametersOf, text } from '#libs/kernel';
import { type Frame, PluginError } from '#libs/plugin-sdk';
import { fileFormatOf, fileFormatParameters } from '../../file-format.js';
import { barHorizons, type WeekRule, weekParameters } from './bar-horizon.js';
import { valueAt } from './ideal-forecast.js';
import { type FrameLoading, loadFrame } from './load-frame.js';
import { noiseParameters } from './noise-source.js';
import { barMatch, barSummary, matchParameters, type RowMatch } from './row-match.js';

/** Parameters that both barrier oracles share; the ones that differ stand with each oracle. */
export const oracleParameters = {
  csv_file: text(
    null,
    'Data file with the bars: time, high, low and close. CSV in any dialect, JSON, or one of them in gzip or zip. Required.',
  ),
  datetime_column: text(
    'DATE_TIME',
    'Name of the time column. `DATE_TIME` and an empty name also find a column of another name by its content.',
  ),
  ...fileFormatParameters,
  high_column: text('HIGH', 'Name of the high column.'),
  low_column: text('LOW', 'Name of the low column.'),
  close_column: text('CLOSE', 'Name of the close column.'),
  symbol: text(
    '',
    'Symbol of the bars; used only to make the noise of two symbols with the same seed differ.',
  ),
  pip_cost: decimal(
    { default: 0.00001, min: 0 },
    'Size of one pip in price units. The default is a tenth of the market pip of EUR/USD.',
  ),
  ...weekParameters,
  horizon_mode: choice(
    { default: 'week', oneOf: ['week', 'original'] },
    'How far the oracle looks ahead: "week" to the close of the same trading week; "original" by the rule of the reference vectors, which stops after two bars on Mondays.',
  ),
  window_size: integer(
    { default: 0, min: 0 },
    'Input window shown in the model info; the oracle itself needs none.',
  ),
  ...matchParameters,
  ...noiseParameters,
} as const satisfies ParameterDeclarations;

/** Help of `prediction_horizon`, whose default differs. */
export const HORIZON_HELP = 'Minimum of bars_remaining where the data end before the trading week does.';

/** What an oracle is told about its file and itself; the default of the horizon is each oracle's own. */
export type OracleSettings = ParametersOf<typeof oracleParameters> & { readonly prediction_horizon: number };

/** The price columns of an oracle's data, one length. */
export interface BarColumns {
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

/** The bars of an oracle and how far it sees from each, worked out once so that an answer costs one search and one scan. */
export class OracleBars implements BarColumns {
  readonly time: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  /** Bars ahead of each row, as advertised; the scan stops at the end of the data. */
  readonly horizons: Int32Array;
  /**
   * The row that a question at this time (epoch ms UTC) is about.
   * @throws PluginError `no_data` when no bar matches
   */
  readonly rowAt: RowMatch;
  /** What the model info tells of the bars. */
  readonly summary: Readonly<Record<string, string | number>>;

  /** @throws PluginError `no_data` for a frame without rows; AppError `invalid` for a missing column */
  constructor(frame: Frame, settings: OracleSettings) {
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
    this.rowAt = barMatch(frame.time, settings.timestamp_match, settings.match_limit_seconds);
    this.summary = barSummary(frame.time);
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

  /** @throws PluginError `no_data` for a bar without a close: no answer can be told from it */
  priceOf(row: number): number {
    return valueAt(this.time, this.close, row);
  }
}

/**
 * Loads `csv_file` of a barrier oracle.
 * @throws PluginError `not_configured` when it is not set or can't be used
 */
export async function loadOracleBars(settings: OracleSettings, loading: FrameLoading): Promise<OracleBars> {
  const { csv_file: path, datetime_column: dateColumn } = settings;
  const columns = [...new Set([settings.high_column, settings.low_column, settings.close_column])];
  const format = fileFormatOf(settings);
  const frame = await loadFrame({ parameter: 'csv_file', path, dateColumn, columns, format }, loading);
  return new OracleBars(frame, settings);
}
