import type { Forecast } from '#libs/plugin-host';
import { barsLater, canonicalInterval, parseTimestamp } from '#libs/timeseries';
import type { IssuedForecast, StatedForecast } from '../outcomes/outcomes.port.js';
import { readBands } from './interval-bands.js';
import type { Held, Order, OrderResult } from './marketplace.port.js';

type Answered = Held<
  Pick<
    Order,
    | 'id'
    | 'modelName'
    | 'symbol'
    | 'interval'
    | 'datetimeRequested'
    | 'predictionHorizon'
    | 'feederPlugin'
    | 'predictorPlugin'
    | 'providerId'
    | 'evaluatorId'
    | 'predictionType'
    | 'lookbackTicks'
    | 'pipelinePlugin'
  >
>;

/**
 * An accepted answer as it is pinned.
 * @param made null when an evaluator elsewhere made it
 */
export function issuedAnswer(
  order: Answered,
  result: OrderResult,
  made: Forecast | null,
  issuedAt: Date,
): IssuedForecast {
  return {
    source: 'order',
    subjectId: order.id,
    model: order.modelName,
    symbol: order.symbol,
    interval: order.interval,
    feeder: order.feederPlugin,
    predictor: order.predictorPlugin,
    issuedAt,
    providerId: order.providerId,
    evaluatorId: order.evaluatorId,
    request: requestOf(order),
    stated: statedAnswer(order, result, made),
    made,
  };
}

/** What an order says of the bars that are wanted. */
type WantedBars = Pick<Answered, 'datetimeRequested' | 'predictionHorizon'> & { readonly interval: string };

/** The numbers of an answer as they are pinned. */
export function statedAnswer(
  order: WantedBars,
  result: Pick<OrderResult, 'predictions' | 'uncertainties' | 'confidenceIntervals' | 'modelMetadata'>,
  made: Pick<Forecast, 'output'> | null,
): StatedForecast {
  const { bands } = readBands(result.confidenceIntervals, order.predictionHorizon);
  return {
    horizons: result.predictions.map((_, bar) => bar + 1),
    targetTimes: targetTimesOf(order, result),
    points: result.predictions,
    deviations: result.uncertainties,
    intervals: bands.flatMap(({ level, lower, upper }) =>
      level === null ? [] : [{ level: level / 100, lower, upper }],
    ),
    quantiles: made?.output.quantiles ?? {},
  };
}

/** What was ordered. */
const requestOf = (order: Answered) => ({
  symbol: order.symbol,
  interval: order.interval,
  model_name: order.modelName,
  prediction_type: order.predictionType,
  prediction_horizon: order.predictionHorizon,
  datetime_requested: order.datetimeRequested,
  lookback_ticks: order.lookbackTicks,
  feeder_plugin: order.feederPlugin,
  pipeline_plugin: order.pipelinePlugin,
  predictor_plugin: order.predictorPlugin,
});

/** The bars that the answer says it forecasts; else those that were ordered, from the one that the client wants first. */
function targetTimesOf(
  order: WantedBars,
  { modelMetadata, predictions }: Pick<OrderResult, 'modelMetadata' | 'predictions'>,
): readonly number[] {
  const stated = modelMetadata['future_datetimes'];
  const times = Array.isArray(stated) ? stated.map((one) => parseTimestamp(String(one))) : [];
  const known = times.filter((time, at) => time !== null && (at === 0 || time > (times[at - 1] ?? Infinity)));
  if (known.length === predictions.length && times.length === known.length) return known as number[];
  const interval = canonicalInterval(order.interval);
  if (interval === null) return [];
  const first = order.datetimeRequested.getTime();
  return predictions.map((_, bar) => barsLater(first, interval, bar));
}
