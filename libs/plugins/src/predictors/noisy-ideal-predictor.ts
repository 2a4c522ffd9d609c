import { choice, decimal, integer, type ParametersOf, text } from '#libs/kernel';
import type { ForecastOutput, ForecastRequest, ModelInfo, Predictor } from '#libs/plugin-sdk';
import { definePredictor, type Frame } from '#libs/plugin-sdk';
import { basicInfo } from './model-info.js';
import { horizonsOf, targetColumn } from './forecast-question.js';
import { idealForecast, lastRowWithFuture } from './oracle/ideal-forecast.js';
import { fileFormatOf, fileFormatParameters } from '../file-format.js';
import { loadFrame } from './oracle/load-frame.js';
import { createNoise, noiseParameters, type NoiseSource } from './oracle/noise-source.js';
import { barMatch, matchParameters } from './oracle/row-match.js';

const BARS_PER_DAY = 24;

const parameters = {
  csv_file: text(null, "CSV file with the values that really followed. Null uses the feeder's bars."),
  datetime_column: text('DATE_TIME', 'Name of the time column in csv_file.'),
  close_column: text('CLOSE', 'Column to forecast when a request names none.'),
  noise_std: decimal(
    { default: 0, min: 0 },
    "Standard deviation of the normal noise added to each value, in the target's unit; 0 adds no noise.",
  ),
  ...fileFormatParameters,
  hourly_horizons: integer(
    { default: 6, min: 0, max: 500 },
    'Number of horizons of 1, 2, 3, ... rows when a request names none.',
  ),
  daily_horizons: integer(
    { default: 6, min: 0, max: 500 },
    'Number of horizons of 24, 48, 72, ... rows, after the hourly ones, when a request names none.',
  ),
  tail: choice(
    { default: 'error', oneOf: ['error', 'hold'] },
    'What to return beyond the end of the data: "error" lists the horizon as insufficient_future_data, "hold" repeats the current value.',
  ),
  ...matchParameters,
  ...noiseParameters,
} as const;

type Settings = ParametersOf<typeof parameters>;

/** Forecasts the values that really followed, with normal noise of a known size added: one draw per horizon, in order. */
export class NoisyIdealPredictor implements Predictor {
  private readonly noise: NoiseSource;
  private noiseStd: number;

  /** @param frame the data to read the future from; null to read it from the frame of each request */
  constructor(
    private readonly frame: Frame | null,
    private readonly settings: Settings,
  ) {
    this.noise = createNoise(settings.noise_mode, settings.noise_seed);
    this.noiseStd = settings.noise_std;
  }

  forecast(given: Frame, request: ForecastRequest): ForecastOutput {
    const frame = this.frame ?? given;
    const horizons = this.horizonsFor(request);
    const target = targetColumn(frame, request.targetColumn ?? this.settings.close_column);
    const row = this.baselineRow(frame, request.baseline, horizons);
    const time = frame.time[row] ?? NaN;
    const { tail, noise_mode, noise_seed, timestamp_match } = this.settings;
    const draws = this.draws(horizons, request.symbol, time);
    const ideal = idealForecast(frame.time, target, row, horizons, { tail, uncertainty: this.noiseStd });
    return {
      mode: 'noisy_ideal',
      date_column: request.dateColumn ?? this.settings.datetime_column,
      ...ideal,
      predictions: ideal.predictions.map((value, at) => (value === null ? null : value + (draws[at] ?? 0))),
      seed: this.noiseStd > 0 ? noise_seed : null,
      metadata: { looks_ahead: true, noise_std: this.noiseStd, noise_mode, timestamp_match, tail },
    };
  }

  describe(): ModelInfo {
    return {
      ...basicInfo({
        name: 'noisy_ideal_predictor',
        scope: 'hourly_and_daily',
        answers: ['forecast'],
        columns: [this.settings.close_column],
        looksAhead: true,
      }),
      noise_std: this.noiseStd,
      noise_mode: this.settings.noise_mode,
      timestamp_match: this.settings.timestamp_match,
      hourly_horizons: this.settings.hourly_horizons,
      daily_horizons: this.settings.daily_horizons,
    };
  }

  setNoise(std: number): void {
    this.noiseStd = std;
    this.noise.reseed();
  }

  private horizonsFor(request: ForecastRequest): readonly number[] {
    if (request.horizons !== null || request.horizon !== null) return horizonsOf(request, 0);
    const { hourly_horizons: hours, daily_horizons: days } = this.settings;
    const hourly = Array.from({ length: hours }, (_, index) => index + 1);
    const daily = Array.from({ length: days }, (_, index) => (index + 1) * BARS_PER_DAY);
    return [...new Set([...hourly, ...daily])];
  }

  private baselineRow(frame: Frame, baseline: number | null, horizons: readonly number[]): number {
    if (baseline === null) return lastRowWithFuture(frame.length, horizons);
    const { timestamp_match, match_limit_seconds } = this.settings;
    return barMatch(frame.time, timestamp_match, match_limit_seconds)(baseline);
  }

  /** One for every horizon, also for one without a value, so that the data's end shifts no later draw; none without noise. */
  private draws(horizons: readonly number[], symbol: string, time: number): readonly number[] {
    if (this.noiseStd === 0) return [];
    return horizons.map((horizon) => this.noise.normal(symbol, time, horizon, 'value', this.noiseStd));
  }
}

export default definePredictor({
  id: 'noisy_ideal_predictor',
  apiVersion: 1,
  version: '1.0.0',
  description:
    'Test instrument that looks ahead: forecasts the values that really followed, with normal noise of a chosen size.',
  parameters,
  capabilities: ['forecast', 'describe', 'noise'],
  looksAhead: true,
  create: async (context) => {
    const { csv_file: path, datetime_column: dateColumn, close_column } = context.parameters;
    const format = fileFormatOf(context.parameters);
    const source = { parameter: 'csv_file', path, dateColumn, columns: [close_column], format };
    const frame = path === null ? null : await loadFrame(source, context);
    return new NoisyIdealPredictor(frame, context.parameters);
  },
});
