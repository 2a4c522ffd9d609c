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
  JOB_INTERVALS,
  PREDICTION_TYPES,
  type JobInterval,
  type JsonObject,
  type MarketplacePredictionType,
} from '../marketplace/marketplace.port.js';
import { SYMBOL } from '../predictions/predictions.port.js';
import { faultOfParameters } from './custom-parameters.js';

/** Beyond it no price lies; keeps micro-units far below 2^53. */
const MAX_COST = 1_000_000_000;
const URL_LENGTH = 2_048;

const plugin = (value: string, description: string) =>
  StringField({ default: value, minLength: 1, maxLength: 100, description, example: value });

const priority = { min: 1, max: 10, description: 'More comes first; from 8 on it costs more.' } as const;
const maxCost = {
  nullable: true,
  min: 0,
  max: MAX_COST,
  description: 'What the request may cost at most; null means no limit, 0 is one.',
} as const;
const webhook = {
  nullable: true,
  minLength: 1,
  maxLength: URL_LENGTH,
  description: 'Called when the request has ended; a public https address.',
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
    description: 'What to predict, as the data source names it.',
    example: 'EURUSD',
  })
  symbol!: string;

  @EnumField(PREDICTION_TYPES, {
    name: 'MarketplacePredictionType',
    description: 'Decides the price where no provider has one.',
    example: 'short_term',
  })
  prediction_type!: MarketplacePredictionType;

  @DateTimeField({
    description: 'The first moment to predict, in the future; UTC without an offset.',
    example: '2030-01-07T09:00:00Z',
  })
  datetime_requested!: Date;

  @IntegerField({ default: 1000, min: 100, max: 5000, description: 'Bars of history.', example: 1000 })
  lookback_ticks!: number;

  @plugin('default_predictor', 'Predictor, or a model that a provider has a price for.')
  predictor_plugin!: string;

  @plugin('default_feeder', 'Feeder that brings the bars.')
  feeder_plugin!: string;

  @plugin('default_pipeline', 'Pipeline that arranges the work.')
  pipeline_plugin!: string;

  @EnumField(JOB_INTERVALS, {
    name: 'MarketplaceInterval',
    default: '1h',
    description: 'Length of a bar.',
    example: '1h',
  })
  interval!: JobInterval;

  @IntegerField({ default: 6, min: 1, max: 24, description: 'Bars to predict.', example: 6 })
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
      'Free, at most 16 KiB of JSON. `provider` (name or id) chooses the provider, `model_name` the model that is priced and computed.',
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

export class RequestId {
  @StringField({
    minLength: 1,
    maxLength: 255,
    description: 'Id of the request.',
    example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11',
  })
  id!: string;
}
