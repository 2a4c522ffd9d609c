import {
  BooleanField,
  DateTimeField,
  EnumField,
  IntegerField,
  ListField,
  MapField,
  NestedField,
  NumberField,
  ObjectField,
  StringField,
} from '#libs/http';
import type { JsonObject } from '../marketplace/marketplace.port.js';
import type { ReleaseReason } from '../marketplace/evaluator-queue.port.js';

/** Characters of a log; more belongs into a file of the evaluator's own. */
const LONGEST_LOG = 100_000;
/** Twice as many as any answer has. */
const MOST_VALUES = 100;
const RELEASE_REASONS = ['insufficient_resources', 'technical_issue', 'other'] as const;
/** Seconds in a day; no lease is longer. */
const MAX_REMAINING = 86_400;

/** What every write under a claim may carry. */
class UnderLease {
  @IntegerField({
    optional: true,
    nullable: true,
    min: 1,
    description: '`lease_epoch` of the claim; an older one is refused. Absent: the holder is trusted.',
    example: 1,
  })
  lease_epoch?: number | null;
}

/** An answer. Its lists have one value for each bar of the horizon. */
export class SubmitRequest extends UnderLease {
  @ListField(NumberField(), {
    maxItems: MOST_VALUES,
    description: 'The predicted values.',
    example: [1.0841, 1.0843, 1.0846, 1.0844, 1.085, 1.0853],
  })
  predictions!: readonly number[];

  @ListField(NumberField(), {
    maxItems: MOST_VALUES,
    description: 'Their standard deviations.',
    example: [0.0004, 0.0006, 0.0008, 0.0009, 0.001, 0.0011],
  })
  uncertainties!: readonly number[];

  @MapField(ListField(NumberField(), { maxItems: MOST_VALUES }), {
    description:
      'By name: `lower_95` with `upper_95`, or `95%` with both ends of each bar one after another. They hold the predictions.',
    example: {
      lower_95: [1.0833, 1.0831, 1.083, 1.0826, 1.083, 1.0831],
      upper_95: [1.0849, 1.0855, 1.0862, 1.0862, 1.087, 1.0875],
    },
  })
  confidence_intervals!: Readonly<Record<string, readonly number[]>>;

  @ObjectField({
    description: 'What computed it.',
    example: { model: 'default_predictor', version: '1.0.0' },
  })
  model_metadata!: JsonObject;

  @StringField({
    optional: true,
    nullable: true,
    multiline: true,
    maxLength: LONGEST_LOG,
    description: 'For the client.',
    example: 'fetched 1000 bars, computed 100 passes',
  })
  processing_log?: string | null;

  @ObjectField({
    optional: true,
    nullable: true,
    description: 'What it took.',
    example: { cpu_seconds: 1.8, memory_mb: 240 },
  })
  resource_usage?: JsonObject | null;

  @ObjectField({
    optional: true,
    nullable: true,
    description: 'What the evaluator says of its answer; kept for the client, paid for by nobody.',
    example: { model_confidence: 0.9 },
  })
  quality_metrics?: JsonObject | null;
}

/** A settled answer. */
export class SubmitOut {
  @BooleanField({ description: 'Always true; failures are errors.', example: true })
  success!: boolean;

  @StringField({ example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  request_id!: string;

  @EnumField(['completed'], { name: 'SubmittedStatus', example: 'completed' })
  status!: 'completed';

  @StringField({
    description: 'SHA-256 of the answer with when and by whom, 64 hexadecimal digits.',
    example: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
  })
  result_hash!: string;

  @DateTimeField({ example: '2026-01-31T12:05:00.000Z' })
  completed_at!: Date;

  @IntegerField({ description: 'From claim to submission, ms.', example: 300_000 })
  processing_time_ms!: number;

  @NumberField({ nullable: true, description: 'Null; see `reason`.', example: null })
  quality_score!: number | null;

  @NumberField({ description: "The evaluator's share of the price.", example: 3.5 })
  payment_amount!: number;

  @NumberField({ description: 'For speed, beside the payment.', example: 0.29 })
  bonus_amount!: number;

  @IntegerField({ description: 'The payment exactly: 1 is a millionth.', example: 3_500_000 })
  payment_amount_micros!: number;

  @IntegerField({ description: 'The bonus exactly.', example: 291_667 })
  bonus_amount_micros!: number;

  @NumberField({ nullable: true, description: 'Null; see `reason`.', example: null })
  performance_rating!: number | null;

  @StringField({ description: 'Currency of payment and bonus.', example: 'USD' })
  currency!: string;

  @StringField({ description: 'Why quality and rating are null.', example: 'needs realised outcomes' })
  reason!: string;
}

/** Where the work stands; what is left out stays as it was. */
export class ProgressRequest extends UnderLease {
  @NumberField({ optional: true, nullable: true, min: 0, max: 100, description: 'Done so far.', example: 40 })
  progress_percentage?: number | null;

  @StringField({
    optional: true,
    nullable: true,
    minLength: 1,
    maxLength: 255,
    description: 'For the client.',
    example: 'computing',
  })
  current_step?: string | null;

  @NumberField({
    optional: true,
    nullable: true,
    min: 0,
    max: MAX_REMAINING,
    description: 'Seconds, estimated.',
    example: 90,
  })
  estimated_remaining?: number | null;
}

/** The claim as it stands; progress does not extend it. */
export class ProgressOut {
  @BooleanField({ description: 'Always true; failures are errors.', example: true })
  success!: boolean;

  @StringField({ example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  request_id!: string;

  @IntegerField({ example: 1 })
  lease_epoch!: number;

  @DateTimeField({ description: 'A later answer is refused.', example: '2026-01-31T12:30:00.000Z' })
  timeout_at!: Date;

  @IntegerField({ description: 'Seconds until then.', example: 1500 })
  time_remaining!: number;
}

/** Why a request goes back. */
export class ReleaseRequest extends UnderLease {
  @EnumField(RELEASE_REASONS, {
    name: 'ReleaseReason',
    description: 'Kept in the history of the request.',
    example: 'technical_issue',
  })
  reason!: ReleaseReason;

  @StringField({
    optional: true,
    nullable: true,
    multiline: true,
    maxLength: 2_000,
    description: 'For administrators.',
    example: 'the data source did not answer',
  })
  details?: string | null;
}

/** Which claims to list. */
export class AssignedQuery {
  @EnumField(['processing', 'overdue'], {
    name: 'AssignedStatus',
    optional: true,
    description: '`processing`: in time; `overdue`: past the deadline and not returned to the queue yet.',
  })
  status?: 'processing' | 'overdue';

  @BooleanField({ default: false, description: 'Overdue ones too, when no status is given.', example: false })
  include_expired!: boolean;

  @IntegerField({ default: 100, min: 1, max: 1000, description: 'Most items of the answer.', example: 100 })
  limit!: number;
}

/** A request at work. */
export class AssignedRequestOut {
  @StringField({ example: '6f2c1f0e-6a0e-4c43-9e53-0a3f1d7f9b11' })
  id!: string;

  @StringField({ example: '9a0b4a52-5c55-4a3e-8f0e-1f6a1c1de0a7' })
  task_id!: string;

  @StringField({ example: 'EURUSD' })
  symbol!: string;

  @EnumField(['processing', 'overdue'], { name: 'AssignedStatus', example: 'processing' })
  status!: 'processing' | 'overdue';

  @IntegerField({ description: 'Who holds it; 0 for the service itself.', example: 7 })
  evaluator_id!: number;

  @IntegerField({ example: 1 })
  lease_epoch!: number;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' })
  claimed_at!: Date;

  @DateTimeField({ example: '2026-01-31T12:30:00.000Z' })
  timeout_at!: Date;

  @NumberField({ description: '0 while nothing was reported.', example: 40 })
  progress_percentage!: number;

  @StringField({ nullable: true, description: 'As it was reported.', example: 'computing' })
  current_step!: string | null;

  @NumberField({ nullable: true, description: 'Seconds, as it was reported.', example: 90 })
  estimated_remaining!: number | null;

  @NumberField({ description: "The evaluator's share of the price.", example: 3.5 })
  expected_payment!: number;

  @StringField({ description: 'Currency of the payment.', example: 'USD' })
  currency!: string;

  @IntegerField({ description: 'Seconds to the deadline; 0 when overdue.', example: 1500 })
  time_remaining!: number;
}

/** What an evaluator works on. */
export class AssignedOut {
  @ListField(NestedField(AssignedRequestOut), { description: 'Oldest claim first.' })
  assigned_requests!: AssignedRequestOut[];

  @IntegerField({ description: 'How many match, whatever the limit.', example: 1 })
  total_assigned!: number;

  @IntegerField({ description: 'In time, whatever was asked for.', example: 1 })
  total_processing!: number;

  @IntegerField({ description: 'Past the deadline, whatever was asked for.', example: 0 })
  total_overdue!: number;
}
