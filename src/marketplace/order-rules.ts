import type { PriceTerms } from '../billing/billing.port.js';
import { moneyOf } from '#libs/kernel';
import type { Effort, JsonObject, OrderTerms } from './marketplace.port.js';

/** How much there is to do. */
export function effortOf({
  predictionHorizon,
  lookbackTicks,
  predictorPlugin,
}: Pick<OrderTerms, 'predictionHorizon' | 'lookbackTicks' | 'predictorPlugin'>): Effort {
  if (predictionHorizon <= 6 && lookbackTicks <= 1_000 && predictorPlugin.includes('default')) return 'low';
  return predictionHorizon <= 12 && lookbackTicks <= 2_000 ? 'medium' : 'high';
}

export interface Priced {
  readonly terms: OrderTerms;
  readonly modelName: string;
  readonly provider?: number | string;
}

/** The terms as billing prices them. */
export const priceTermsOf = ({ terms, modelName, provider }: Priced): PriceTerms => ({
  symbol: terms.symbol,
  modelName,
  predictionType: terms.predictionType,
  horizon: terms.predictionHorizon,
  lookback: terms.lookbackTicks,
  feeder: terms.feederPlugin,
  predictor: terms.predictorPlugin,
  priority: terms.priority,
  ...(provider !== undefined && { provider }),
});

/** The terms under the names of their fields, as they are kept. */
export const payloadOf = (terms: OrderTerms): JsonObject => ({
  symbol: terms.symbol,
  prediction_type: terms.predictionType,
  datetime_requested: terms.datetimeRequested.toISOString(),
  lookback_ticks: terms.lookbackTicks,
  predictor_plugin: terms.predictorPlugin,
  feeder_plugin: terms.feederPlugin,
  pipeline_plugin: terms.pipelinePlugin,
  interval: terms.interval,
  prediction_horizon: terms.predictionHorizon,
  priority: terms.priority,
  max_cost: terms.maxCost === null ? null : moneyOf(terms.maxCost),
  notification_webhook: terms.notificationWebhook,
  custom_parameters: terms.customParameters,
});
