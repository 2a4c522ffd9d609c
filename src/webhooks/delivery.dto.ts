import {
  datesInOrder,
  DateTimeField,
  EnumField,
  IntegerField,
  LimitField,
  ListField,
  MAX_INTEGER,
  NestedField,
  ObjectField,
  OffsetField,
  redactText,
  Rule,
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
@Rule<DeliveriesQuery>(datesInOrder)
export class DeliveriesQuery {
  @StatusField({ optional: true, description: 'Return only deliveries with this status.' })
  status?: DeliveryStatus;
  @EventField({ optional: true, description: 'Return only messages of this type.' })
  eventType?: WebhookEventType;

  @StringField({
    optional: true,
    maxLength: 36,
    wire: 'prediction_id',
    description: 'Return only messages about this order.',
    example: PREDICTION,
  })
  orderId?: string;

  @DateTimeField({
    wire: 'start_date',
    optional: true,
    description: 'Return only deliveries created at or after this time.',
  })
  from?: Date;
  @DateTimeField({
    wire: 'end_date',
    optional: true,
    description: 'Return only deliveries created at or before this time.',
  })
  to?: Date;

  @IntegerField({
    optional: true,
    min: 1,
    max: MAX_INTEGER,
    description: 'Return only deliveries of this user. Only administrators can see those of other users.',
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
  @StringField({
    description: 'Id of the delivery, sent as `webhook-id` with every attempt.',
    example: DELIVERY,
  })
  id!: string;
  @IntegerField({ description: 'Id of the client that the message is for.', example: 2 }) userId!: number;
  @StringField({
    wire: 'prediction_id',
    description: 'Order that the message is about.',
    example: PREDICTION,
  })
  orderId!: string;
  @EventField({ description: 'Type of the event.' }) eventType!: WebhookEventType;
  @StringField({
    write: redactText,
    description: 'URL of the receiver; its secrets are replaced by `[redacted]`.',
    example: 'https://desk.example.com/hooks/predictions',
  })
  url!: string;

  @StatusField({
    description: '`pending`: more attempts follow. `failed`: no more attempts; it can be replayed.',
  })
  status!: DeliveryStatus;

  @IntegerField({ description: 'Number of attempts so far.', example: 1 }) attempts!: number;

  @DateTimeField({
    nullable: true,
    description: 'Time of the next attempt; null if there is none.',
    example: null,
  })
  nextAttemptAt!: Date | null;

  @IntegerField({
    nullable: true,
    description: 'HTTP status of the latest response; null if there was none.',
    example: 204,
  })
  lastResponseStatus!: number | null;

  @EnumField(ATTEMPT_ERRORS, {
    name: 'WebhookAttemptError',
    nullable: true,
    description: 'Why the latest attempt failed; null if it succeeded.',
    example: null,
  })
  lastError!: AttemptError | null;

  @DateTimeField({ example: '2026-01-31T12:00:00.000Z' }) createdAt!: Date;

  @DateTimeField({
    nullable: true,
    description: 'Time at which the delivery ended; null while pending.',
    example: '2026-01-31T12:00:00.180Z',
  })
  finishedAt!: Date | null;
}

export class AttemptOut {
  @IntegerField({ description: 'Number of the attempt, starting at 1.', example: 1 }) number!: number;
  @DateTimeField({ example: '2026-01-31T12:00:00.012Z' }) startedAt!: Date;

  @IntegerField({ description: 'Time until the response or the timeout, in milliseconds.', example: 168 })
  durationMs!: number;

  @IntegerField({
    nullable: true,
    description: 'HTTP status of the response; null if there was none.',
    example: 204,
  })
  responseStatus!: number | null;

  @EnumField(ATTEMPT_ERRORS, {
    name: 'WebhookAttemptError',
    nullable: true,
    description: 'Why the attempt failed; null if it succeeded.',
    example: null,
  })
  error!: AttemptError | null;
}

/** A delivery with its message and its attempts. */
export class DeliveryDetailOut extends DeliveryOut {
  @ObjectField({
    description: 'The message as sent.',
    example: {
      type: 'prediction.completed',
      timestamp: '2026-01-31T12:00:00.000Z',
      data: { prediction_id: PREDICTION },
    },
  })
  message!: Readonly<Record<string, unknown>>;

  @ListField(NestedField(AttemptOut), { description: 'The latest 50 attempts, newest first.' })
  attemptLog!: readonly AttemptOut[];
}
