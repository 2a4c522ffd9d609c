import { PluginError, wantedHorizons } from 'prediction-provider/plugin-sdk';

/** The mean of the last one-bar changes goes on; their standard deviation grows with √h. */
export class MomentumPredictor {
  constructor(settings) {
    this.settings = settings;
  }

  forecast(frame, request) {
    const { momentum_bars, momentum_strength, prediction_horizon, prediction_target_column } = this.settings;
    // The host never shows a bar after the baseline; other callers, such as a test, may.
    const past = request.baseline === null ? frame : frame.upTo(request.baseline);
    const target = request.targetColumn ?? prediction_target_column;
    if (!past.has(target)) {
      throw new PluginError(
        'invalid_request',
        `there is no column "${target}"; the data has ${past.names.join(', ')}`,
      );
    }
    const values = past.column(target).subarray(-momentum_bars - 1);
    if (values.length < 3) throw new PluginError('no_data', 'at least three bars are needed');
    const changes = values.subarray(1).map((value, row) => value - values[row]);
    const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length;
    const variance = changes.reduce((sum, change) => sum + (change - mean) ** 2, 0) / (changes.length - 1);
    const last = values.at(-1);
    const horizons =
      wantedHorizons(request) ?? Array.from({ length: prediction_horizon }, (_, row) => row + 1);
    const [time, before] = [past.time.at(-1), past.time.at(-2)];
    return {
      mode: 'momentum',
      date_column: request.dateColumn ?? 'DATE_TIME',
      target_column: target,
      baseline_datetime: new Date(time).toISOString(),
      baseline_value: last,
      horizons,
      predictions: horizons.map((steps) => last + steps * mean * momentum_strength),
      future_datetimes: horizons.map((steps) => new Date(time + steps * (time - before)).toISOString()),
      uncertainty: horizons.map((steps) => Math.sqrt(variance * steps)),
      errors: [],
      seed: null,
      metadata: { mean_change: mean, bars: changes.length },
    };
  }

  describe() {
    return {
      model_name: 'momentum_predictor',
      window_size: this.settings.momentum_bars + 1,
      supported_types: ['forecast'],
      entry_directions: [],
      exit_directions: [],
      prediction_scope: 'momentum',
      required_columns: [this.settings.prediction_target_column],
      accepts_ohlc_window: false,
    };
  }
}
