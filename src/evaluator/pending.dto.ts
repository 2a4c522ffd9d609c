import { MINUTE_MS } from '#libs/kernel';
import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  LimitField,
  ListField,
  MoneyField,
  NestedField,
  OffsetField,
  Rule,
  ruleViolation,
  StringField,
  IsExactField,
} from '#libs/http';
import { SUBSCRIPTION_TIERS, type SubscriptionTier } from '../accounts/accounts.port.js';
import {
  type Effort,
  EFFORTS,
  type MarketplacePredictionType,
  type OrderInterval,
} from '../marketplace/marketplace.port.js';
import { PENDING_SORTS, type PendingPage } from '../marketplace/order-queue.port.js';
import {
  HorizonField,
  IntervalField,
  LookbackField,
  ModelNameField,
  OrderCurrencyField,
  OrderIdField,
  OrderTimeField,
  PredictionTypeField,
  PredictionTypeFilterField,
  SortOrderField,
  SymbolField,
  SymbolFilterField,
  TargetTimeField,
  TaskIdField,
} from '../marketplace/order.fields.js';

/** Beyond it no payment lies; keeps micro-units far below 2^53. */
const MAX_PAYMENT = 1_000_000;

const priority = (description: string) => IntegerField({ optional: true, min: 1, max: 10, description });
const payment = (description: string) =>
  MoneyField({ optional: true, min: 0, max: MAX_PAYMENT, description });

/** Which orders to list, and how they are sorted. All given conditions must hold. */
@Rule<PendingQuery>(({ minPriority: min = 1, maxPriority: max = 10 }) =>
  min > max ? ruleViolation('`min_priority` must not be above `max_priority`', 'min_priority') : undefined,
)
@Rule<PendingQuery>(({ minPayment: min = 0, maxPayment: max = Infinity }) =>
  min > max ? ruleViolation('`min_payment` must not be above `max_payment`', 'min_payment') : undefined,
)
export class PendingQuery {
  @PredictionTypeFilterField predictionType?: MarketplacePredictionType;
  @SymbolFilterField symbol?: string;
  @priority('Lowest priority to return.') minPriority?: number;
  @priority('Highest priority to return.') maxPriority?: number;
  @payment('Lowest payment in USD; orders in other currencies are not returned.') minPayment?: number;
  @payment('Highest payment in USD; orders in other currencies are not returned.') maxPayment?: number;

  @StringField({
    optional: true,
    minLength: 1,
    maxLength: 100,
    description: 'Return only orders for this predictor.',
  })
  predictorPlugin?: string;

  @EnumField(PENDING_SORTS, {
    name: 'PendingSort',
    default: 'priority',
    description: 'Sort key; ties are sorted by higher priority, then by age, oldest first.',
    example: 'priority',
  })
  sort!: PendingPage['sort'];

  @SortOrderField order!: PendingPage['order'];
  @LimitField({ default: 20, max: 100, example: 20 }) limit!: number;
  @OffsetField offset!: number;
}

/** What an order asks of the machine that computes it. */
export class RequirementsOut {
  @BooleanField({
    description: 'Whether a GPU is recommended; transformers are slow without one.',
    example: false,
  })
  gpuRequired!: boolean;
  @IntegerField({ description: 'Free memory required, in GB: 8 for high effort, otherwise 4.', example: 4 })
  memoryGb!: number;

  @IntegerField({ description: 'The `prediction_timeout` setting of this server, in seconds.', example: 300 })
  processingTimeout!: number;
}

/** An order that can be claimed. */
export class PendingRequestOut {
  @OrderIdField id!: string;
  @TaskIdField taskId!: string;
  @SymbolField symbol!: string;
  @PredictionTypeField predictionType!: MarketplacePredictionType;
  @TargetTimeField datetimeRequested!: Date;
  @LookbackField lookbackTicks!: number;
  @StringField({ example: 'default_predictor' }) predictorPlugin!: string;
  @StringField({ example: 'default_feeder' }) feederPlugin!: string;
  @StringField({ example: 'default_pipeline' }) pipelinePlugin!: string;
  @ModelNameField modelName!: string;
  @IntervalField interval!: OrderInterval;
  @HorizonField predictionHorizon!: number;
  @IntegerField({ description: 'Priority from 1 to 10; higher ones come first.', example: 5 })
  priority!: number;

  @MoneyField({ description: "The evaluator's share of the price.", example: 3.5 }) estimatedPayment!: number;
  @OrderCurrencyField currency!: string;

  @EnumField(EFFORTS, {
    name: 'Effort',
    wire: 'estimated_effort',
    description: 'Estimated effort, based on horizon, lookback and predictor.',
    example: 'low',
  })
  effort!: Effort;

  @StringField({
    nullable: true,
    always: null,
    description: 'Always null; it is not measured.',
    example: null,
  })
  dataComplexity?: null;

  @EnumField(SUBSCRIPTION_TIERS, {
    name: 'ClientTier',
    description: "The client's tier when the order was submitted.",
    example: 'basic',
  })
  clientTier!: SubscriptionTier;

  @OrderTimeField createdAt!: Date;

  @DateTimeField({
    description: 'Time after which the order can no longer be claimed.',
    example: '2026-02-01T12:00:00.000Z',
  })
  expiresAt!: Date;

  @NestedField(RequirementsOut, { description: 'Requirements for the machine that computes the order.' })
  requirements!: RequirementsOut;
}

/** Payments of all that match, in USD; 0 when nothing does. */
export class PaymentRangeOut {
  @MoneyField({ example: 3.5 }) min!: number;
  @MoneyField({ example: 8.4 }) max!: number;
  @MoneyField({ example: 4.2 }) average!: number;
}

/** A length of time for people, as exact as an estimate is. */
export function durationText(ms: number): string {
  const minutes = Math.round(ms / MINUTE_MS);
  if (minutes < 1) return 'less than a minute';
  if (minutes < 90) return `about ${minutes} minute${minutes === 1 ? '' : 's'}`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `about ${hours} hours` : `about ${Math.round(hours / 24)} days`;
}

/** Work to choose from. */
export class PendingOut {
  @ListField(NestedField(PendingRequestOut), {
    wire: 'pending_requests',
    description: 'Orders on this page.',
  })
  orders!: readonly PendingRequestOut[];

  @IntegerField({ wire: 'total_pending', description: 'Number of matching orders on all pages.', example: 1 })
  total!: number;

  @IsExactField isExact!: boolean;

  @StringField({
    wire: 'estimated_queue_time',
    nullable: true,
    write: durationText,
    description:
      'Estimated wait of a new order with medium priority, based on recently completed orders; null if there are none.',
    example: 'about 4 minutes',
  })
  estimatedQueueMs!: number | null;

  @NestedField(PaymentRangeOut, {
    description: 'Payments of all matching orders, or of the 2,000 that are counted.',
  })
  paymentRange!: PaymentRangeOut;
}
