import { utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { AttemptError, DeliveryStatus, WebhookEventType } from './webhook.types.js';

/** A message to a receiver, and how far it got. */
@Entity('webhook_deliveries')
@Index('ix_webhook_deliveries_user', ['userId', 'createdAt'])
@Index('ix_webhook_deliveries_user_status', ['userId', 'status', 'createdAt'])
@Index('ix_webhook_deliveries_status', ['status', 'createdAt'])
@Index('ix_webhook_deliveries_created', ['createdAt'])
@Index('ix_webhook_deliveries_prediction', ['orderId', 'createdAt'])
@Index('ix_webhook_deliveries_finished', ['finishedAt'], { where: '"finished_at" IS NOT NULL' })
export class WebhookDeliveryEntity {
  /** UUID; the `webhook-id` of every attempt. */
  @PrimaryColumn({ type: 'varchar', length: 36 }) id!: string;
  @Column({ type: 'integer' }) userId!: number;
  @Column({ name: 'prediction_id', type: 'varchar', length: 36 }) orderId!: string;
  @Column({ type: 'varchar', length: 32 }) eventType!: WebhookEventType;
  @Column({ type: 'varchar', length: 2048 }) url!: string;

  /** The message as it is sent, byte for byte the same at each attempt. */
  @Column({ type: 'text' }) body!: string;
  @Column({ type: 'varchar', length: 12 }) status!: DeliveryStatus;

  /** All attempts that were ever made; the number of the latest one. */
  @Column({ type: 'integer', default: 0 }) attempts!: number;

  /** Attempts since the delivery began or was last replayed; where the retry schedule stands. */
  @Column({ type: 'integer', default: 0 }) tries!: number;

  /** Null when it is over. */
  @Column(utcColumn({ nullable: true })) nextAttemptAt!: Date | null;
  @Column({ type: 'integer', nullable: true }) lastResponseStatus!: number | null;
  @Column({ type: 'varchar', length: 32, nullable: true }) lastError!: AttemptError | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn({ nullable: true })) finishedAt!: Date | null;
}

/** One attempt at a delivery; the newest ones are kept. */
@Entity('webhook_attempts')
export class WebhookAttemptEntity {
  @PrimaryColumn({ name: 'delivery_id', type: 'varchar', length: 36 })
  @ForeignKey(() => WebhookDeliveryEntity, { name: 'fk_webhook_attempts_delivery' })
  deliveryId!: string;

  /** 1 for the first. */
  @PrimaryColumn({ type: 'integer' }) number!: number;
  @Column(utcColumn()) startedAt!: Date;
  @Column({ type: 'integer' }) durationMs!: number;

  /** Null when no answer came. */
  @Column({ type: 'integer', nullable: true }) responseStatus!: number | null;

  /** Null when the receiver took the message. */
  @Column({ type: 'varchar', length: 32, nullable: true }) error!: AttemptError | null;
}
