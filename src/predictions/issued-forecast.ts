import type { Forecast } from '#libs/plugin-host';
import type { ForecastOutput } from '#libs/plugin-sdk';
import { parseTimestamp } from '#libs/timeseries';
import type { CalibratedForecast, IssuedForecast, StatedForecast } from '../outcomes/outcomes.port.js';
import type { PredictionEntity } from './prediction.entity.js';
import { modelOf } from './prediction.types.js';

/** A completed prediction as it is pinned. */
export function issuedForecast(
  prediction: PredictionEntity,
  answer: Forecast,
  issuedAt: Date,
): IssuedForecast {
  const { output, plugins } = answer;
  return {
    source: 'prediction',
    subjectId: String(prediction.id),
    model: modelOf(prediction) ?? plugins.predictor.id,
    symbol: prediction.symbol,
    interval: prediction.interval,
    feeder: plugins.feeder.id,
    predictor: plugins.predictor.id,
    issuedAt,
    request: { ...prediction.result.request },
    providerId: null,
    evaluatorId: null,
    stated: statedOutput(output),
    made: answer,
  };
}

/** An answer that is not stored yet, as it is calibrated. */
export const asMade = (
  { symbol, interval }: Pick<PredictionEntity, 'symbol' | 'interval'>,
  answer: Forecast,
): CalibratedForecast => ({ symbol, interval, stated: statedOutput(answer.output), made: answer });

/** The numbers of an answer as they are pinned. */
export const statedOutput = (output: ForecastOutput): StatedForecast => ({
  horizons: output.horizons,
  targetTimes: output.future_datetimes.map((time) => (time === null ? null : parseTimestamp(time))),
  points: output.predictions,
  deviations: output.uncertainty,
  intervals: output.intervals ?? [],
  quantiles: output.quantiles ?? {},
});
