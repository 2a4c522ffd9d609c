import { integerColumn, jsonColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type {
  ClientTier,
  JsonObject,
  MarketplacePredictionType,
  OrderInterval,
  OrderResult,
  OrderStatus,
} from './marketplace.port.js';

const PENDING = { where: `"status" = 'pending'` };
const PROCESSING = { where: `"status" = 'processing'` };

/**
 * An order of the marketplace: what was asked, what it costs, who works on it and what came out. The claims of its past
 * are rows of `prediction_claims`, its money is the ledger's.
 */
@Entity('prediction_jobs')
@Index('uq_prediction_jobs_task', ['taskId'], { unique: true })
@Index('ix_prediction_jobs_queue', ['priority', 'createdAt'], PENDING)
@Index('ix_prediction_jobs_expiry', ['expiresAt'], PENDING)
@Index('ix_prediction_jobs_lease', ['timeoutAt'], PROCESSING)
@Index('ix_prediction_jobs_holder', ['claimedBy'], PROCESSING)
@Index('ix_prediction_jobs_open', ['userId'], { where: `"status" IN ('pending', 'processing')` })
@Index('ix_prediction_jobs_user', ['userId', 'createdAt'])
@Index('ix_prediction_jobs_status', ['status', 'completedAt'])
@Index('ix_prediction_jobs_created', ['createdAt'])
export class OrderEntity {
  /** UUID. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ name: 'task_id', type: 'varchar', length: 36 })
  taskId!: string;

  /** The client. */
  @Column({ name: 'user_id', type: 'integer' })
  userId!: number;

  @Column({ type: 'varchar', length: 32 })
  symbol!: string;

  /** The symbol under its other name. */
  @Column({ type: 'varchar', length: 32 })
  ticker!: string;

  /** The model as providers price it. */
  @Column({ name: 'model_name', type: 'varchar', length: 100 })
  modelName!: string;

  @Column({ type: 'varchar', length: 16, default: 'pending' })
  status!: OrderStatus;

  /** The terms as they were submitted, under the names of their fields. */
  @Column(jsonColumn({ name: 'request_payload' }))
  payload!: JsonObject;

  @Column({ name: 'prediction_type', type: 'varchar', length: 16 })
  predictionType!: MarketplacePredictionType;

  @Column(utcColumn({ name: 'datetime_requested' }))
  datetimeRequested!: Date;

  @Column({ name: 'lookback_ticks', type: 'integer' })
  lookbackTicks!: number;

  @Column({ name: 'predictor_plugin', type: 'varchar', length: 100 })
  predictorPlugin!: string;

  @Column({ name: 'feeder_plugin', type: 'varchar', length: 100 })
  feederPlugin!: string;

  @Column({ name: 'pipeline_plugin', type: 'varchar', length: 100 })
  pipelinePlugin!: string;

  @Column({ type: 'varchar', length: 8 })
  interval!: OrderInterval;

  @Column({ name: 'prediction_horizon', type: 'integer' })
  predictionHorizon!: number;

  @Column({ type: 'integer' })
  priority!: number;

  @Column(integerColumn({ name: 'max_cost_micros', nullable: true }))
  maxCostMicros!: number | null;

  @Column({ name: 'notification_webhook', type: 'varchar', length: 2048, nullable: true })
  notificationWebhook!: string | null;

  @Column(jsonColumn({ name: 'custom_parameters', nullable: true }))
  customParameters!: JsonObject | null;

  /** 1 low, 2 medium, 3 high: a number, so that it sorts. */
  @Column({ type: 'integer' })
  effort!: number;

  /** The client's tier when it submitted. */
  @Column({ name: 'client_tier', type: 'varchar', length: 16 })
  clientTier!: ClientTier;

  @Column({ type: 'varchar', length: 3 })
  currency!: string;

  /** The total of the quote in force. */
  @Column(integerColumn({ name: 'estimated_cost_micros' }))
  estimatedCostMicros!: number;

  /** The evaluator's share of it. */
  @Column(integerColumn({ name: 'estimated_payment_micros' }))
  estimatedPaymentMicros!: number;

  @Column(integerColumn({ name: 'actual_cost_micros', nullable: true }))
  actualCostMicros!: number | null;

  @Column(integerColumn({ name: 'bonus_micros', nullable: true }))
  bonusMicros!: number | null;

  @Column({ name: 'provider_id', type: 'integer' })
  providerId!: number;

  /** Version of the provider's price; null for the base table. */
  @Column({ name: 'price_id', type: 'integer', nullable: true })
  priceId!: number | null;

  /** User id of the holder, 0 for the service itself; kept when the order completes. */
  @Column({ name: 'claimed_by', type: 'integer', nullable: true })
  claimedBy!: number | null;

  @Column(utcColumn({ name: 'claimed_at', nullable: true }))
  claimedAt!: Date | null;

  @Column(utcColumn({ name: 'timeout_at', nullable: true }))
  timeoutAt!: Date | null;

  /** Raised by every claim, never lowered. */
  @Column(integerColumn({ name: 'lease_epoch', default: 0 }))
  leaseEpoch!: number;

  /** When the evaluator means to be done. */
  @Column(utcColumn({ name: 'estimated_completion', nullable: true }))
  estimatedCompletion!: Date | null;

  @Column(jsonColumn({ name: 'processing_node_info', nullable: true }))
  processingNodeInfo!: JsonObject | null;

  @Column({ name: 'progress_percentage', type: 'double precision', nullable: true })
  progressPercentage!: number | null;

  @Column({ name: 'current_step', type: 'varchar', length: 255, nullable: true })
  currentStep!: string | null;

  /** Seconds. */
  @Column({ name: 'estimated_remaining', type: 'double precision', nullable: true })
  estimatedRemaining!: number | null;

  @Column(jsonColumn({ nullable: true }))
  result!: OrderResult | null;

  @Column({ name: 'result_hash', type: 'varchar', length: 64, nullable: true })
  resultHash!: string | null;

  /** From claim to submission. */
  @Column({ name: 'processing_time_ms', type: 'double precision', nullable: true })
  processingTimeMs!: number | null;

  /** Stable word; only of a failed one. */
  @Column({ name: 'failure_reason', type: 'varchar', length: 32, nullable: true })
  failureReason!: string | null;

  @Column({ name: 'error_message', type: 'text', nullable: true })
  errorMessage!: string | null;

  @Column({ name: 'cancelled_by', type: 'integer', nullable: true })
  cancelledBy!: number | null;

  @Column(utcColumn({ name: 'cancelled_at', nullable: true }))
  cancelledAt!: Date | null;

  @Column({ name: 'cancellation_reason', type: 'varchar', length: 255, nullable: true })
  cancellationReason!: string | null;

  @Column(utcColumn({ name: 'created_at' }))
  createdAt!: Date;

  @Column(utcColumn({ name: 'updated_at' }))
  updatedAt!: Date;

  /** When it ended, whatever the end. */
  @Column(utcColumn({ name: 'completed_at', nullable: true }))
  completedAt!: Date | null;

  @Column(utcColumn({ name: 'expires_at' }))
  expiresAt!: Date;
}
