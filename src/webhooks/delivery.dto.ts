import {
  DateTimeField,
  EnumField,
  IntegerField,
  LimitField,
  ListField,
  MAX_INTEGER,
  NestedField,
  ObjectField,
  OffsetField,
  Rule,
  ruleViolation,
  StringField,
} from '#libs/http';
import {
  ATTEMPT_ERRORS,
  type AttemptError,
  DELIVERY_STATUSES,
  type DeliveryStatus,
  EVENT_TYPES,
  type WebhookEventType,
} from './webhook.types.js';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const DELIVERY = '019bf3a2-4c00-7d1e-8a53-0c1b2d3e4f50';
const PREDICTION = '5f0c7a1e-1f3f-4a0e-9a63-2d2f1f8f7c11';

const StatusField = (options: { readonly optional?: boolean; readonly description: string }) =>
  EnumField(DELIVERY_STATUSES, { ...options, name: 'WebhookDeliveryStatus', example: 'delivered' });
const EventField = (options: { readonly optional?: boolean; readonly description: string }) =>
  EnumField(EVENT_TYPES, { ...options, name: 'WebhookEventType', example: 'prediction.completed' });

/** Filters of the delivery log; all of them are applied by the database. */
@Rule<DeliveriesQuery>(({ from, to }) =>
  from !== undefined && to !== undefined && to < from
    ? ruleViolation('end_date must not be before start_date', 'end_date')
    : undefined,
)
export class DeliveriesQuery {
  @StatusField({ optional: true, description: 'Only deliveries that stand so.' }) status?: DeliveryStatus;
  @EventField({ optional: true, description: 'Only messages of this type.' }) eventType?: WebhookEventType;

  @StringField({
    optional: true,
    maxLength: 36,
    wire: 'prediction_id',
    description: 'Only messages about this order.',
    example: PREDICTION,
  })
  orderId?: string;

  @DateTimeField({ wire: 'start_date', optional: true, description: 'Only deliveries begun at or after it.' })
  from?: Date;
  @DateTimeField({ wire: 'end_date', optional: true, description: 'Only deliveries begun at or before it.' })
  to?: Date;

  @IntegerField({
    optional: true,
    min: 1,
    max: MAX_INTEGER,
    description: "Only this user's deliveries; others than administrators see their own in any case.",
    example: 2,
  })
  userId?: number;

  @LimitField({ default: 50, max: 100 }) limit!: number;
  @OffsetField offset!: number;
}

export class DeliveryId {
  @StringField({ pattern: UUID, description: 'Id of the delivery.', example: DELIVERY }) deliveryId!: string;
}

/** A message to a receiver, and how far it got. */
export class DeliveryOut {
  @StringField({ description: 'The `webhook-id` of every attempt.', example: DELIVERY }) id!: string;
  @IntegerField({ description: 'The client whose message it is.', example: 2 }) userId!: number;
  @StringField({ wire: 'prediction_id', description: 'The order that it tells of.', example: PREDICTION })
  orderId!: string;
  @EventField({ description: 'What happened.' }) eventType!: WebhookEventType;

  @StringField({ example: 'https://desk.example.com/hooks/predictions' })
  url!: string;

  @StatusField({ description: '`pending`: attempts go on. `failed`: given up, can be replayed.' })
  status!: DeliveryStatus;

  @IntegerField({ description: 'Attempts so far.', example: 1 }) attempts!: number;

  @DateTimeField({ nullable: true, description: 'Null when it is over.', example: null })
  nextAttemptAt!: Date | null;

  @IntegerField({
    nullable: true,
    description: 'Status that the latest attempt was answered with; null when there was no answer.',
    example: 204,
  })
  lastResponseStatus!: number | null;

  @EnumField(ATTEMPT_ERRORS, {
    name: 'WebhookAttemptError',
    nullable: true,
    description: 'Why the latest attempt came to nothing; null when the receiver took the message.',
    example: null,
  })
  lastError!: AttemptError | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' }) createdAt!: Date;

  @DateTimeField({ nullable: true, description: 'Null while pending.', example: '2026-01-31T12:00:00.180Z' })
  finishedAt!: Date | null;
}

export class AttemptOut {
  @IntegerField({ description: '1 for the first.', example: 1 }) number!: number;
  @DateTimeField({ example: '2026-01-31T12:00:00.012Z' }) startedAt!: Date;

  @IntegerField({ description: 'Milliseconds until the answer, or until it was given up.', example: 168 })
  durationMs!: number;

  @IntegerField({ nullable: true, description: 'Null when there was no answer.', example: 204 })
  responseStatus!: number | null;

  @EnumField(ATTEMPT_ERRORS, {
    name: 'WebhookAttemptError',
    nullable: true,
    description: 'Null when the receiver took the message.',
    example: null,
  })
  error!: AttemptError | null;
}

/** A delivery with its message and its attempts. */
export class DeliveryDetailOut extends DeliveryOut {
  @ObjectField({
    description: 'The message, as it is sent.',
    example: {
      type: 'prediction.completed',
      timestamp: '2026-01-31T12:00:00.000Z',
      data: { prediction_id: PREDICTION },
    },
  })
  message!: Readonly<Record<string, unknown>>;

  @ListField(NestedField(AttemptOut), { description: 'Newest first; the latest 50.' })
  attemptLog!: readonly AttemptOut[];
}
