import { integer, type ParametersOf } from '#libs/kernel';
import {
  definePredictor,
  type ForecastOutput,
  type ForecastRequest,
  type Frame,
  type ModelInfo,
  PluginError,
  type Predictor,
} from '#libs/plugin-sdk';
import { normalQuantile } from '#libs/scoring';
import { formatNaiveIso, futureTimes } from '#libs/timeseries';
import { basicInfo } from './model-info.js';
import {
  checkQuantileLevels,
  forecastParameters,
  horizonsOf,
  intervalParameters,
  configuredColumn,
  targetColumn,
} from './forecast-question.js';

const parameters = {
  ...forecastParameters,
  ...intervalParameters,
  volatility_window: integer(
    { default: 256, min: 1, max: 100_000 },
    'Number of one-bar changes before the forecast from which the volatility is measured.',
  ),
} as const;

type Settings = ParametersOf<typeof parameters>;

/**
 * The honest default without a model: the value stays where it is, and the uncertainty grows with the square root of the
 * horizon. σ(h) = s·√h, where s is the root mean square of the last `volatility_window` one-bar changes (a walk without
 * drift has mean change 0; Hyndman & Athanasopoulos, "Forecasting: Principles and Practice", 3rd ed., §5.5, naive
 * method). Interval: value ± z·σ(h) with z of the normal distribution. Nothing after the baseline is read.
 */
export class RandomWalkPredictor implements Predictor {
  private readonly intervalZ: number;
  private readonly quantiles: readonly (readonly [level: number, z: number])[];

  /** @throws PluginError `not_configured` for a quantile that is not between 0 and 1 */
  constructor(private readonly settings: Settings) {
    this.intervalZ = normalQuantile(0.5 + settings.prediction_confidence_level / 2);
    checkQuantileLevels(settings.quantile_levels);
    this.quantiles = settings.quantile_levels.map((level) => [level, normalQuantile(level)]);
  }

  forecast(frame: Frame, request: ForecastRequest): ForecastOutput {
    const horizons = horizonsOf(request, this.settings.prediction_horizon);
    const past = request.baseline === null ? frame : frame.upTo(request.baseline);
    const target = targetColumn(
      past,
      request.targetColumn ?? configuredColumn(past, this.settings.prediction_target_column),
    );
    const known = knownValues(past.time, target.values);
    const row = known.values.length - 1;
    const value = known.values[row];
    if (value === undefined || row < 1) {
      throw new PluginError('no_data', 'at least two bars before the baseline are needed');
    }
    const { volatility, changes } = this.volatilityOf(known.values);
    const sigmas = horizons.map((horizon) => volatility * Math.sqrt(horizon));
    const at = (z: number) => sigmas.map((sigma) => value + z * sigma);
    const timeAfter = futureTimes(known.times, past.calendar.zone);
    return {
      mode: 'random_walk',
      date_column: request.dateColumn ?? 'DATE_TIME',
      target_column: target.name,
      baseline_datetime: formatNaiveIso(known.times[row] ?? NaN),
      baseline_value: value,
      horizons,
      predictions: horizons.map(() => value),
      future_datetimes: horizons.map((horizon) => formatNaiveIso(timeAfter(horizon))),
      uncertainty: sigmas,
      errors: [],
      intervals: [
        {
          level: this.settings.prediction_confidence_level,
          lower: at(-this.intervalZ),
          upper: at(this.intervalZ),
        },
      ],
      quantiles: Object.fromEntries(this.quantiles.map(([level, z]) => [String(level), at(z)])),
      seed: null,
      metadata: { volatility_per_bar: volatility, volatility_changes: changes },
    };
  }

  describe(): ModelInfo {
    return {
      ...basicInfo({
        name: 'random_walk_predictor',
        scope: 'random_walk',
        answers: ['forecast'],
        windowSize: this.settings.volatility_window + 1,
        columns: [this.settings.prediction_target_column],
        looksAhead: false,
      }),
      prediction_horizon: this.settings.prediction_horizon,
      prediction_confidence_level: this.settings.prediction_confidence_level,
    };
  }

  private volatilityOf(values: Float64Array): { volatility: number; changes: number } {
    const recent = values.subarray(-this.settings.volatility_window - 1);
    let squares = 0;
    for (let row = 1; row < recent.length; row += 1) {
      squares += ((recent[row] ?? NaN) - (recent[row - 1] ?? NaN)) ** 2;
    }
    const changes = recent.length - 1;
    return { volatility: Math.sqrt(squares / changes), changes };
  }
}

/** The rows that have a value, in the same order. */
function knownValues(
  time: Float64Array,
  values: Float64Array,
): { times: Float64Array; values: Float64Array } {
  if (!hasMissing(values)) return { times: time, values };
  const isKnown = (_: number, row: number) => !Number.isNaN(values[row] ?? NaN);
  return { times: time.filter(isKnown), values: values.filter(isKnown) };
}

/** Where the last missing value of a buffer stands, -1 where none does: frames are never written into. */
const lastMissing = new WeakMap<ArrayBufferLike, number>();

/** Bars of one file are cut at many baselines, and share a buffer: it is looked through once. */
function hasMissing({ buffer, byteOffset }: Float64Array): boolean {
  const known = lastMissing.get(buffer) ?? lastMissingOf(buffer);
  lastMissing.set(buffer, known);
  return known >= byteOffset / Float64Array.BYTES_PER_ELEMENT;
}

/** A loop: with `findLastIndex` a million rows take 12 ms. */
function lastMissingOf(buffer: ArrayBufferLike): number {
  const values = new Float64Array(buffer, 0, Math.floor(buffer.byteLength / Float64Array.BYTES_PER_ELEMENT));
  for (let row = values.length - 1; row >= 0; row -= 1) {
    const value = values[row] ?? NaN;
    if (value !== value) return row;
  }
  return -1;
}

export default definePredictor({
  id: 'random_walk_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Forecasts that the last value stays, with intervals from recent volatility times the square root of the horizon: an honest baseline where there is no model.',
  parameters,
  capabilities: ['forecast', 'describe'],
  create: ({ parameters: settings }) => new RandomWalkPredictor(settings),
});
