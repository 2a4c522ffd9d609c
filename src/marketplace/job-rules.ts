import type { PriceRequest } from '../billing/billing.port.js';
import { moneyOf } from '#libs/kernel';
import { EFFORTS, type Effort, type JobRequest, type JsonObject } from './marketplace.port.js';

const LOW_EFFORT = 1;
const MEDIUM_EFFORT = 2;
const HIGH_EFFORT = 3;

/** How much there is to do, 1 to 3; see {@link effortName}. */
export function effortOf({
  predictionHorizon,
  lookbackTicks,
  predictorPlugin,
}: Pick<JobRequest, 'predictionHorizon' | 'lookbackTicks' | 'predictorPlugin'>): number {
  if (predictionHorizon <= 6 && lookbackTicks <= 1_000 && predictorPlugin.includes('default'))
    return LOW_EFFORT;
  return predictionHorizon <= 12 && lookbackTicks <= 2_000 ? MEDIUM_EFFORT : HIGH_EFFORT;
}

export const effortName = (effort: number): Effort => EFFORTS[effort - 1] ?? 'high';

export interface Priced {
  readonly request: JobRequest;
  readonly modelName: string;
  readonly provider?: number | string;
}

/** The request as billing prices it. */
export const priceRequestOf = ({ request, modelName, provider }: Priced): PriceRequest => ({
  symbol: request.symbol,
  modelName,
  predictionType: request.predictionType,
  horizon: request.predictionHorizon,
  lookback: request.lookbackTicks,
  feeder: request.feederPlugin,
  predictor: request.predictorPlugin,
  priority: request.priority,
  ...(provider !== undefined && { provider }),
});

/** The request under the names of its fields, as it is kept. */
export const payloadOf = (request: JobRequest): JsonObject => ({
  symbol: request.symbol,
  prediction_type: request.predictionType,
  datetime_requested: request.datetimeRequested.toISOString(),
  lookback_ticks: request.lookbackTicks,
  predictor_plugin: request.predictorPlugin,
  feeder_plugin: request.feederPlugin,
  pipeline_plugin: request.pipelinePlugin,
  interval: request.interval,
  prediction_horizon: request.predictionHorizon,
  priority: request.priority,
  max_cost: request.maxCost === null ? null : moneyOf(request.maxCost),
  notification_webhook: request.notificationWebhook,
  custom_parameters: request.customParameters,
});
