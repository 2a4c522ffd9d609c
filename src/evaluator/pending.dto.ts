import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  NestedField,
  NumberField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import {
  EFFORTS,
  JOB_INTERVALS,
  PREDICTION_TYPES,
  type ClientTier,
  type Effort,
  type JobInterval,
  type MarketplacePredictionType,
} from '../marketplace/marketplace.port.js';

/** Beyond it no payment lies; keeps micro-units far below 2^53. */
const MAX_PAYMENT = 1_000_000;
/** PostgreSQL's integer. */
const MAX_OFFSET = 2_147_483_647;
const SORTS = ['priority', 'created_at', 'payment', 'effort'] as const;
const TIERS = ['basic', 'premium', 'enterprise'] as const;

const priority = (description: string) => IntegerField({ optional: true, min: 1, max: 10, description });
const payment = (description: string) =>
  NumberField({ optional: true, min: 0, max: MAX_PAYMENT, description });

/** Which requests to list, and in which order. All given conditions must hold. */
@Rule<PendingQuery>(({ min_priority: min = 1, max_priority: max = 10 }) =>
  min > max ? ruleViolation('`min_priority` must not be above `max_priority`', 'min_priority') : undefined,
)
@Rule<PendingQuery>(({ min_payment: min = 0, max_payment: max = MAX_PAYMENT }) =>
  min > max ? ruleViolation('`min_payment` must not be above `max_payment`', 'min_payment') : undefined,
)
export class PendingQuery {
  @EnumField(PREDICTION_TYPES, {
    name: 'MarketplacePredictionType',
    optional: true,
    description: 'Only of this type.',
  })
  prediction_type?: MarketplacePredictionType;

  @StringField({ optional: true, minLength: 1, maxLength: 32, description: 'Only of exactly this symbol.' })
  symbol?: string;

  @priority('Least priority.')
  min_priority?: number;

  @priority('Highest priority.')
  max_priority?: number;

  @payment('Least payment in USD; others are left out.')
  min_payment?: number;

  @payment('Highest payment in USD; others are left out.')
  max_payment?: number;

  @StringField({ optional: true, minLength: 1, maxLength: 100, description: 'Only for this predictor.' })
  predictor_plugin?: string;

  @EnumField(SORTS, {
    name: 'PendingSort',
    default: 'priority',
    description: 'Equal ones: higher priority first, then older first.',
    example: 'priority',
  })
  sort!: (typeof SORTS)[number];

  @EnumField(['desc', 'asc'], {
    name: 'SortOrder',
    default: 'desc',
    description: 'Direction of `sort`.',
    example: 'desc',
  })
  order!: 'desc' | 'asc';

  @IntegerField({ default: 20, min: 1, max: 100, description: 'Most items of the answer.', example: 20 })
  limit!: number;

  @IntegerField({ default: 0, min: 0, max: MAX_OFFSET, description: 'Items to skip.' })
  offset!: number;
}

/** What a request asks of the machine that computes it. */
export class RequirementsOut {
  @BooleanField({ description: 'Transformers are slow without one.', example: false })
  gpu_required!: boolean;

  @IntegerField({ description: 'Memory to have free: 4, for high effort 8.', example: 4 })
  memory_gb!: number;

  @IntegerField({ description: '`prediction_timeout` of this server, seconds.', example: 300 })
  processing_timeout!: number;
}

/** A request that can be claimed. */
export class PendingRequestOut {
  @StringField({ description: 'UUID.', example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  id!: string;

  @StringField({ description: 'UUID of the task.', example: '9a0b4a52-5c55-4a3e-8f0e-1f6a1c1de0a7' })
  task_id!: string;

  @StringField({ example: 'EURUSD' })
  symbol!: string;

  @EnumField(PREDICTION_TYPES, { name: 'MarketplacePredictionType', example: 'short_term' })
  prediction_type!: MarketplacePredictionType;

  @DateTimeField({ description: 'The moment to predict.', example: '2026-02-01T12:00:00.000Z' })
  datetime_requested!: Date;

  @IntegerField({ description: 'Bars of history.', example: 1000 })
  lookback_ticks!: number;

  @StringField({ example: 'default_predictor' })
  predictor_plugin!: string;

  @StringField({ example: 'default_feeder' })
  feeder_plugin!: string;

  @StringField({ example: 'default_pipeline' })
  pipeline_plugin!: string;

  @StringField({ description: 'The model as it is priced.', example: 'default_predictor' })
  model_name!: string;

  @EnumField(JOB_INTERVALS, {
    name: 'MarketplaceInterval',
    description: 'Length of a bar.',
    example: '1h',
  })
  interval!: JobInterval;

  @IntegerField({ description: 'Bars ahead.', example: 6 })
  prediction_horizon!: number;

  @IntegerField({ description: '1 to 10; more comes first.', example: 5 })
  priority!: number;

  @NumberField({ description: "The evaluator's share of the price.", example: 3.5 })
  estimated_payment!: number;

  @StringField({ description: 'Currency of the payment.', example: 'USD' })
  currency!: string;

  @EnumField(EFFORTS, {
    name: 'Effort',
    description: 'By horizon, lookback and predictor.',
    example: 'low',
  })
  estimated_effort!: Effort;

  @StringField({ nullable: true, description: 'Nobody measures it, so null.', example: null })
  data_complexity!: string | null;

  @EnumField(TIERS, {
    name: 'ClientTier',
    description: "The client's tier when it asked.",
    example: 'basic',
  })
  client_tier!: ClientTier;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  created_at!: Date;

  @DateTimeField({ description: 'Too old to be claimed from then on.', example: '2026-02-01T12:00:00.000Z' })
  expires_at!: Date;

  @NestedField(RequirementsOut, { description: 'What it asks of the machine.' })
  requirements!: RequirementsOut;
}

/** Payments of all that match, in USD; 0 when nothing does. */
export class PaymentRangeOut {
  @NumberField({ example: 3.5 })
  min!: number;

  @NumberField({ example: 8.4 })
  max!: number;

  @NumberField({ example: 4.2 })
  average!: number;
}

/** Work to choose from. */
export class PendingOut {
  @ListField(NestedField(PendingRequestOut), { description: 'One page.' })
  pending_requests!: PendingRequestOut[];

  @IntegerField({ description: 'How many match, whatever the page.', example: 1 })
  total_pending!: number;

  @StringField({
    nullable: true,
    description:
      'How long a new request of middling priority would wait, from the latest completed ones; null while there are none.',
    example: 'about 4 minutes',
  })
  estimated_queue_time!: string | null;

  @NestedField(PaymentRangeOut, { description: 'Payments of all that match.' })
  payment_range!: PaymentRangeOut;
}
