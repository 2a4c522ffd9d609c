import type { ForecastOutput, ForecastRequest, Frame, ModelInfo, Predictor } from '#libs/plugin-sdk';
import { formatNaiveIso } from '#libs/timeseries';
import { horizonsOf, targetColumn } from '../forecast-question.js';
import { futureValues, lastRowWithFuture, valueAt } from '../oracle/future-values.js';

export interface IdealBaselineSettings {
  /** Steps ahead when a request names none. */
  readonly prediction_horizon: number;
  readonly prediction_target_column: string;
}

/**
 * The explicit baseline without a model: "predicts" the values that really followed, with no uncertainty. It shows a
 * client the whole way of a prediction on historic data, and is the upper bound that models are measured against; its
 * `mode` says so in every answer.
 */
export class IdealBaseline implements Predictor {
  constructor(private readonly settings: IdealBaselineSettings) {}

  forecast(frame: Frame, request: ForecastRequest): ForecastOutput {
    const horizons = horizonsOf(request, this.settings.prediction_horizon);
    const target = targetColumn(frame, request.targetColumn ?? this.settings.prediction_target_column);
    const row = baselineRow(frame, request.baseline, horizons);
    const future = futureValues(frame.time, target.values, row, horizons, 'error');
    return {
      mode: 'ideal_future_baseline',
      date_column: request.dateColumn ?? 'DATE_TIME',
      target_column: target.name,
      baseline_datetime: formatNaiveIso(frame.time[row] ?? NaN),
      baseline_value: valueAt(frame.time, target.values, row),
      horizons,
      predictions: future.values,
      future_datetimes: future.times,
      uncertainty: future.values.map((value) => (value === null ? null : 0)),
      errors: future.errors,
      seed: null,
      metadata: { looks_ahead: true },
    };
  }

  describe(): ModelInfo {
    return {
      model_name: 'default_predictor',
      window_size: 0,
      supported_types: ['forecast'],
      entry_directions: [],
      exit_directions: [],
      prediction_scope: 'ideal_future_baseline',
      required_columns: [this.settings.prediction_target_column],
      accepts_ohlc_window: false,
      looks_ahead: true,
      model_loaded: false,
      prediction_horizon: this.settings.prediction_horizon,
    };
  }
}

/** The last row not later than the baseline, the first one where there is none; without a baseline the last with a future. */
function baselineRow(frame: Frame, baseline: number | null, horizons: readonly number[]): number {
  if (baseline === null) return lastRowWithFuture(frame.length, horizons);
  return Math.max(0, frame.rowAtOrBefore(baseline));
}
