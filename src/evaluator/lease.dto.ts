import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  LimitField,
  ListField,
  MapField,
  MoneyField,
  NestedField,
  NumberField,
  ObjectField,
  StringField,
  SuccessField,
} from '#libs/http';
import { ExactOf } from '../billing/money.fields.js';
import type { JsonObject } from '../marketplace/marketplace.port.js';
import { RELEASE_REASONS, type ReleaseReason } from '../marketplace/order-queue.port.js';
import {
  ExpectedPaymentField,
  LeaseEpochField,
  OrderCurrencyField,
  OrderIdField,
  OrderTimeField,
  RequestIdField,
  SymbolField,
  TaskIdField,
  TimeoutField,
  TimeRemainingField,
  UnmeasuredField,
  UnmeasuredReasonField,
} from '../marketplace/order.fields.js';
import { ANSWER_EXAMPLES } from './evaluator.examples.js';

/** Characters of a log; more belongs into a file of the evaluator's own. */
const LONGEST_LOG = 100_000;
/** Twice as many as any answer has. */
const MOST_VALUES = 100;
/** Seconds in a day; no lease is longer. */
const MAX_REMAINING = 86_400;

const EXAMPLE = ANSWER_EXAMPLES['six hours of EURUSD'];
/** Left out and null mean the same. */
const omissible = { optional: true, nullable: true } as const;

/** What every write under a claim may carry. */
class UnderLease {
  @IntegerField({
    ...omissible,
    strict: true,
    min: 1,
    description:
      '`lease_epoch` of the claim; an older one is rejected. If omitted, the epoch is not checked.',
    example: 1,
  })
  leaseEpoch?: number | null;
}

/** An answer. Its lists have one value for each bar of the horizon. */
export class SubmitRequest extends UnderLease {
  @ListField(NumberField(), {
    maxItems: MOST_VALUES,
    description: 'Predicted values, one per bar.',
    example: EXAMPLE.predictions,
  })
  predictions!: readonly number[];

  @ListField(NumberField(), {
    maxItems: MOST_VALUES,
    description: 'Standard deviations, one per bar.',
    example: EXAMPLE.uncertainties,
  })
  uncertainties!: readonly number[];

  @MapField(ListField(NumberField(), { maxItems: MOST_VALUES }), {
    description:
      'Intervals by name: `lower_95` and `upper_95`, or `95%` with the lower and upper bound of each bar in turn. Each interval must contain its prediction.',
    example: EXAMPLE.confidence_intervals,
  })
  confidenceIntervals!: Readonly<Record<string, readonly number[]>>;

  @ObjectField({
    description: 'Metadata of the model that computed the answer.',
    example: EXAMPLE.model_metadata,
  })
  modelMetadata!: JsonObject;

  @StringField({
    ...omissible,
    multiline: true,
    maxLength: LONGEST_LOG,
    description: 'Log for the client.',
    example: EXAMPLE.processing_log,
  })
  processingLog?: string | null;

  @ObjectField({
    ...omissible,
    description: 'Resources that the computation used.',
    example: EXAMPLE.resource_usage,
  })
  resourceUsage?: JsonObject | null;

  @ObjectField({
    ...omissible,
    description: "The evaluator's own quality metrics; stored for the client, without effect on the payment.",
    example: EXAMPLE.quality_metrics,
  })
  qualityMetrics?: JsonObject | null;
}

/** A settled answer. */
export class SubmitOut {
  @SuccessField success?: true;
  @RequestIdField orderId!: string;

  @EnumField(['completed'], { name: 'SubmittedStatus', always: 'completed', example: 'completed' })
  status?: 'completed';

  @StringField({
    description: 'SHA-256 of the answer, its time and its evaluator, as 64 hexadecimal digits.',
    example: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  })
  resultHash!: string;

  @DateTimeField({ example: '2026-01-31T12:05:00.000Z' }) completedAt!: Date;

  @IntegerField({
    wire: 'processing_time_ms',
    write: Math.round,
    description: 'Time from claim to submission, in milliseconds.',
    example: 300_000,
  })
  processingMs!: number;

  @UnmeasuredField qualityScore?: null;

  @MoneyField({ wire: 'payment_amount', description: "The evaluator's share of the price.", example: 3.5 })
  payment!: number;

  @MoneyField({ wire: 'bonus_amount', description: 'Additional payment for speed.', example: 0.29 })
  bonus!: number;

  @ExactOf('payment', { wire: 'payment_amount_micros', of: 'payment_amount', example: 3_500_000 })
  paymentMicros?: number;

  @ExactOf('bonus', { wire: 'bonus_amount_micros', of: 'bonus_amount', example: 291_667 })
  bonusMicros?: number;

  @UnmeasuredField performanceRating?: null;
  @OrderCurrencyField currency!: string;
  @UnmeasuredReasonField reason?: string;
}

/** Where the work stands; what is left out stays as it was. */
export class ProgressRequest extends UnderLease {
  @NumberField({
    ...omissible,
    strict: true,
    min: 0,
    max: 100,
    description: 'Progress in percent.',
    example: 40,
  })
  progressPercentage?: number | null;

  @StringField({
    ...omissible,
    minLength: 1,
    maxLength: 255,
    description: 'Current step, shown to the client.',
    example: 'computing',
  })
  currentStep?: string | null;

  @NumberField({
    ...omissible,
    strict: true,
    min: 0,
    max: MAX_REMAINING,
    description: 'Estimated remaining time, in seconds.',
    example: 90,
  })
  estimatedRemaining?: number | null;
}

/** The claim as it stands; progress does not extend it. */
export class ProgressOut {
  @SuccessField success?: true;
  @RequestIdField orderId!: string;
  @LeaseEpochField leaseEpoch!: number;
  @TimeoutField timeoutAt!: Date;
  @TimeRemainingField remainingMs!: number;
}

/** Why an order goes back. */
export class ReleaseRequest extends UnderLease {
  @EnumField(RELEASE_REASONS, {
    name: 'ReleaseReason',
    description: 'Reason, stored in the history of the order.',
    example: 'technical_issue',
  })
  reason!: ReleaseReason;

  @StringField({
    ...omissible,
    multiline: true,
    maxLength: 2_000,
    description: 'Details for administrators.',
    example: 'the data source did not answer',
  })
  details?: string | null;
}

/** Which claims to list. */
export class AssignedQuery {
  @EnumField(['processing', 'overdue'], {
    name: 'AssignedStatus',
    optional: true,
    description:
      '`processing`: within the deadline; `overdue`: past the deadline but not yet returned to the queue.',
  })
  status?: 'processing' | 'overdue';

  @BooleanField({
    default: false,
    description: 'Include overdue orders if no `status` is given.',
    example: false,
  })
  includeExpired!: boolean;

  @LimitField({ default: 100, max: 1000, example: 100 }) limit!: number;
}

/** An order at work. */
export class AssignedRequestOut {
  @OrderIdField id!: string;
  @TaskIdField taskId!: string;
  @SymbolField symbol!: string;

  @EnumField(['processing', 'overdue'], { name: 'AssignedStatus', example: 'processing' })
  status!: 'processing' | 'overdue';

  @IntegerField({ description: 'Evaluator; 0 is the service itself.', example: 7 }) evaluatorId!: number;
  @LeaseEpochField leaseEpoch!: number;
  @OrderTimeField claimedAt!: Date;
  @TimeoutField timeoutAt!: Date;

  @NumberField({
    from: ({ progressPercentage }: AssignedRequestOut) => progressPercentage ?? 0,
    description: 'Reported progress in percent; 0 if none was reported.',
    example: 40,
  })
  progressPercentage!: number | null;

  @StringField({ nullable: true, description: 'Reported step of the computation.', example: 'computing' })
  currentStep!: string | null;

  @NumberField({ nullable: true, description: 'Reported remaining time, in seconds.', example: 90 })
  estimatedRemaining!: number | null;

  @ExpectedPaymentField estimatedPayment!: number;
  @OrderCurrencyField currency!: string;
  @TimeRemainingField remainingMs!: number;
}

/** What an evaluator works on. */
export class AssignedOut {
  @ListField(NestedField(AssignedRequestOut), {
    wire: 'assigned_requests',
    description: 'Claimed orders, oldest claim first.',
  })
  orders!: readonly AssignedRequestOut[];

  @IntegerField({ description: 'Number of matching orders.', example: 1 }) totalAssigned!: number;
  @IntegerField({ description: 'Claimed orders within the deadline.', example: 1 }) totalProcessing!: number;
  @IntegerField({ description: 'Overdue orders, listed or not.', example: 0 }) totalOverdue!: number;
}
