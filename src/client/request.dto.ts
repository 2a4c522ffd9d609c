import {
  DateTimeField,
  EnumField,
  IntegerField,
  NumberField,
  ObjectField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import {
  ORDER_INTERVALS,
  PREDICTION_TYPES,
  type JsonObject,
  type MarketplacePredictionType,
  type OrderInterval,
} from '../marketplace/marketplace.port.js';
import { SYMBOL } from '../predictions/predictions.port.js';
import { faultOfParameters } from './custom-parameters.js';

/** Beyond it no price lies; keeps micro-units far below 2^53. */
const MAX_COST = 1_000_000_000;
const URL_LENGTH = 2_048;

const plugin = (value: string, description: string) =>
  StringField({ default: value, minLength: 1, maxLength: 100, description, example: value });

const priority = {
  min: 1,
  max: 10,
  description: 'Priority; orders with a higher priority come first. 8 and above cost more.',
} as const;
const maxCost = {
  nullable: true,
  min: 0,
  max: MAX_COST,
  description:
    'Maximum price of the order in its currency; null means no limit, while 0 accepts only a free order.',
} as const;
const webhook = {
  nullable: true,
  minLength: 1,
  maxLength: URL_LENGTH,
  description: 'Public https URL to notify when the order has ended.',
} as const;

/** Body of E-44. */
@Rule<ClientRequest>(({ custom_parameters: parameters }) => {
  const fault = parameters === null ? null : faultOfParameters(parameters);
  return fault === null ? undefined : ruleViolation(`custom_parameters ${fault}`, 'custom_parameters');
})
export class ClientRequest {
  @StringField({
    pattern: SYMBOL,
    minLength: 1,
    maxLength: 32,
    description: 'Symbol to predict, as the data source names it.',
    example: 'EURUSD',
  })
  symbol!: string;

  @EnumField(PREDICTION_TYPES, {
    name: 'MarketplacePredictionType',
    description: 'Type of the prediction; determines the price if no provider has a price for the model.',
    example: 'short_term',
  })
  prediction_type!: MarketplacePredictionType;

  @DateTimeField({
    description: 'First time to predict; it must be in the future. UTC if it has no offset.',
    example: '2030-01-07T09:00:00Z',
  })
  datetime_requested!: Date;

  @IntegerField({ default: 1000, min: 100, max: 5000, description: 'Bars of history to use.', example: 1000 })
  lookback_ticks!: number;

  @plugin('default_predictor', 'Predictor plugin, or a model that a provider has a price for.')
  predictor_plugin!: string;

  @plugin('default_feeder', 'Feeder plugin that supplies the bars.')
  feeder_plugin!: string;

  @plugin('default_pipeline', 'Pipeline plugin that connects feeder and predictor.')
  pipeline_plugin!: string;

  @EnumField(ORDER_INTERVALS, {
    name: 'MarketplaceInterval',
    default: '1h',
    description: 'Length of a bar.',
    example: '1h',
  })
  interval!: OrderInterval;

  @IntegerField({ default: 6, min: 1, max: 24, description: 'Number of bars to predict.', example: 6 })
  prediction_horizon!: number;

  @IntegerField({ ...priority, default: 5, example: 5 })
  priority!: number;

  @NumberField({ ...maxCost, default: null, example: 50 })
  max_cost!: number | null;

  @StringField({ ...webhook, default: null })
  notification_webhook!: string | null;

  @ObjectField({
    nullable: true,
    default: null,
    description:
      'Additional parameters, at most 16 KiB of JSON. `provider` (name or id) selects the provider; `model_name` selects the model to price and compute.',
  })
  custom_parameters!: JsonObject | null;
}

/** Body of E-47: what is left out stays. */
export class RequestChange {
  @IntegerField({ ...priority, optional: true, example: 7 })
  priority?: number;

  @NumberField({ ...maxCost, optional: true, example: 60 })
  max_cost?: number | null;

  @StringField({ ...webhook, optional: true })
  notification_webhook?: string | null;
}

export class OrderIdParam {
  @StringField({
    minLength: 1,
    maxLength: 255,
    description: 'Id of the order.',
    example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
  })
  id!: string;
}
