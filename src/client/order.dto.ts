import {
  DateTimeField,
  EnumField,
  IntegerField,
  LimitField,
  MoneyField,
  ObjectField,
  OffsetField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import type { Micros } from '../billing/billing.port.js';
import { ORDER_SORTS, type OrderPage } from '../marketplace/client-orders.port.js';
import {
  ORDER_INTERVALS,
  ORDER_STATUSES,
  PREDICTION_TYPES,
  type JsonObject,
  type MarketplacePredictionType,
  type OrderInterval,
  type OrderStatus,
} from '../marketplace/marketplace.port.js';
import { PredictionTypeFilterField, SortOrderField, SymbolFilterField } from '../marketplace/order.fields.js';
import { SYMBOL_RULE } from '../predictions/predictions.port.js';

/** Beyond it no price lies; keeps micro-units far below 2^53. */
const MAX_COST = 1_000_000_000;
const URL_LENGTH = 2_048;

/** Limits of free parameters: characters of JSON, and levels. */
const LARGEST = 16_384;
const DEEPEST = 8;

/** Whether free parameters are more than an order may carry; null when they are not. */
export function faultOfParameters(parameters: JsonObject): string | null {
  if (isDeeper(parameters, DEEPEST)) return `may be at most ${DEEPEST} levels deep`;
  return JSON.stringify(parameters).length > LARGEST ? `may be at most ${LARGEST} characters of JSON` : null;
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)));

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

/** Body of E-44: what a client asks for. */
@Rule<ClientRequest>(({ customParameters: parameters }) => {
  const fault = parameters === null ? null : faultOfParameters(parameters);
  return fault === null ? undefined : ruleViolation(`custom_parameters ${fault}`, 'custom_parameters');
})
export class ClientRequest {
  @StringField({
    ...SYMBOL_RULE,
    description: 'Symbol to predict, as the data source names it.',
    example: 'EURUSD',
  })
  symbol!: string;

  @EnumField(PREDICTION_TYPES, {
    name: 'MarketplacePredictionType',
    description: 'Type of the prediction; determines the price if no provider has a price for the model.',
    example: 'short_term',
  })
  predictionType!: MarketplacePredictionType;

  @DateTimeField({
    description: 'First time to predict; it must be in the future. UTC if it has no offset.',
    example: '2030-01-07T09:00:00Z',
  })
  datetimeRequested!: Date;

  @IntegerField({ default: 1000, min: 100, max: 5000, description: 'Bars of history to use.', example: 1000 })
  lookbackTicks!: number;

  @plugin('default_predictor', 'Predictor plugin, or a model that a provider has a price for.')
  predictorPlugin!: string;

  @plugin('default_feeder', 'Feeder plugin that supplies the bars.') feederPlugin!: string;
  @plugin('default_pipeline', 'Pipeline plugin that connects feeder and predictor.') pipelinePlugin!: string;

  @EnumField(ORDER_INTERVALS, {
    name: 'MarketplaceInterval',
    nullable: true,
    default: null,
    description: 'Length of a bar; null: that of the data if it is one of these, else `1h`.',
    example: '1h',
  })
  interval!: OrderInterval | null;

  @IntegerField({ default: 6, min: 1, max: 24, description: 'Number of bars to predict.', example: 6 })
  predictionHorizon!: number;

  @IntegerField({ ...priority, default: 5, example: 5 }) priority!: number;
  @MoneyField({ ...maxCost, default: null, example: 50 }) maxCost!: Micros | null;
  @StringField({ ...webhook, default: null }) notificationWebhook!: string | null;

  @ObjectField({
    nullable: true,
    default: null,
    description:
      'Additional parameters, at most 16 KiB of JSON. `provider` (name or id) selects the provider; `model_name` selects the model to price and compute; `as_of` asks what was known at a past moment, and `baseline_means` (`auto`, `bar`, `moment`) what that moment is; `calibrate` and `abstain` are those of a prediction.',
  })
  customParameters!: JsonObject | null;
}

/** Body of E-47: what is left out stays. */
export class RequestChange {
  @IntegerField({ ...priority, optional: true, example: 7 }) priority?: number;
  @MoneyField({ ...maxCost, optional: true, example: 60 }) maxCost?: Micros | null;
  @StringField({ ...webhook, optional: true }) notificationWebhook?: string | null;
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

/** Query of E-46: which orders, and how they are sorted. All given conditions must hold. */
@Rule<RequestsQuery>(({ startDate, endDate }) =>
  startDate !== undefined && endDate !== undefined && startDate > endDate
    ? ruleViolation('`start_date` must not be after `end_date`', 'start_date')
    : undefined,
)
export class RequestsQuery {
  @EnumField(ORDER_STATUSES, {
    name: 'RequestStatus',
    optional: true,
    description: 'Return only orders with this status.',
  })
  status?: OrderStatus;

  @SymbolFilterField symbol?: string;
  @PredictionTypeFilterField predictionType?: MarketplacePredictionType;

  @DateTimeField({ optional: true, description: 'Return only orders created at or after this time.' })
  startDate?: Date;

  @DateTimeField({ optional: true, description: 'Return only orders created at or before this time.' })
  endDate?: Date;

  @LimitField({ default: 50, max: 100, example: 50 }) limit!: number;
  @OffsetField offset!: number;

  @EnumField(ORDER_SORTS, {
    name: 'RequestSort',
    default: 'created_at',
    description: 'Sort key; ties are sorted newest first. `cost` means `estimated_cost`.',
    example: 'created_at',
  })
  sort!: OrderPage['sort'];

  @SortOrderField order!: OrderPage['order'];
}

/** Bodies that work with the quickstart configuration, for the API description. */
export const ORDER_EXAMPLES = {
  'six hours of SYNTHFX': {
    symbol: 'SYNTHFX',
    prediction_type: 'short_term',
    datetime_requested: '2030-01-07T09:00:00Z',
  },
  'days ahead, with a limit': {
    symbol: 'SP500',
    prediction_type: 'long_term',
    datetime_requested: '2030-01-07T00:00:00Z',
    predictor_plugin: 'random_walk_predictor',
    interval: '1d',
    prediction_horizon: 5,
    lookback_ticks: 500,
    priority: 8,
    max_cost: 100,
  },
} as const;

export const CHANGE_EXAMPLES = {
  'sooner, for more': { priority: 9, max_cost: 200 },
  'whatever it costs': { max_cost: null },
} as const;
