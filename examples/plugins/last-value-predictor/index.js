// @ts-check
import { definePredictor, PluginError, wantedHorizons } from 'prediction-provider/plugin-sdk';

export default definePredictor({
  id: 'last_value_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description: 'The last value stays.',
  capabilities: ['forecast'],
  parameters: {
    spread: {
      type: 'number',
      default: 0.01,
      min: 0,
      help: 'Standard deviation of one step, in the unit of the target.',
    },
  },
  create: ({ parameters }) => ({
    forecast(frame, request) {
      // The host shows no bar after the baseline; other callers, such as a test, may.
      const past = request.baseline === null ? frame : frame.upTo(request.baseline);
      const last = past.length - 1;
      if (last < 1) throw new PluginError('no_data', 'at least two bars are needed');
      const target = request.targetColumn ?? 'CLOSE';
      const value = past.column(target)[last];
      const [time, before] = [past.time[last], past.time[last - 1]];
      const horizons = wantedHorizons(request) ?? [1];
      return {
        mode: 'last_value',
        date_column: request.dateColumn ?? 'DATE_TIME',
        target_column: target,
        baseline_datetime: new Date(time).toISOString(),
        baseline_value: value,
        horizons,
        predictions: horizons.map(() => value),
        future_datetimes: horizons.map((steps) => new Date(time + steps * (time - before)).toISOString()),
        uncertainty: horizons.map((steps) => parameters.spread * Math.sqrt(steps)),
        errors: [],
      };
    },
  }),
});
