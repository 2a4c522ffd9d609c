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
  @PrimaryColumn({ type: 'varchar', length: 36 }) id!: string;
  @Column({ type: 'varchar', length: 36 }) taskId!: string;

  /** The client. */
  @Column({ type: 'integer' }) userId!: number;
  @Column({ type: 'varchar', length: 32 }) symbol!: string;

  /** The symbol under its other name. */
  @Column({ type: 'varchar', length: 32 }) ticker!: string;

  /** The model as providers price it. */
  @Column({ type: 'varchar', length: 100 }) modelName!: string;
  @Column({ type: 'varchar', length: 16, default: 'pending' }) status!: OrderStatus;

  /** The terms as they were submitted, under the names of their fields. */
  @Column(jsonColumn({ name: 'request_payload' })) payload!: JsonObject;
  @Column({ type: 'varchar', length: 16 }) predictionType!: MarketplacePredictionType;
  @Column(utcColumn()) datetimeRequested!: Date;
  @Column({ type: 'integer' }) lookbackTicks!: number;
  @Column({ type: 'varchar', length: 100 }) predictorPlugin!: string;
  @Column({ type: 'varchar', length: 100 }) feederPlugin!: string;
  @Column({ type: 'varchar', length: 100 }) pipelinePlugin!: string;
  @Column({ type: 'varchar', length: 8 }) interval!: OrderInterval;
  @Column({ type: 'integer' }) predictionHorizon!: number;
  @Column({ type: 'integer' }) priority!: number;
  @Column(integerColumn({ nullable: true })) maxCostMicros!: number | null;
  @Column({ type: 'varchar', length: 2048, nullable: true }) notificationWebhook!: string | null;
  @Column(jsonColumn({ nullable: true })) customParameters!: JsonObject | null;

  /** 1 low, 2 medium, 3 high: a number, so that it sorts. */
  @Column({ type: 'integer' }) effort!: number;

  /** The client's tier when it submitted. */
  @Column({ type: 'varchar', length: 16 }) clientTier!: ClientTier;
  @Column({ type: 'varchar', length: 3 }) currency!: string;

  /** The total of the quote in force. */
  @Column(integerColumn()) estimatedCostMicros!: number;

  /** The evaluator's share of it. */
  @Column(integerColumn()) estimatedPaymentMicros!: number;
  @Column(integerColumn({ nullable: true })) actualCostMicros!: number | null;
  @Column(integerColumn({ nullable: true })) bonusMicros!: number | null;
  @Column({ type: 'integer' }) providerId!: number;

  /** Version of the provider's price; null for the base table. */
  @Column({ type: 'integer', nullable: true }) priceId!: number | null;

  /** User id of the holder, 0 for the service itself; kept when the order completes. */
  @Column({ type: 'integer', nullable: true }) claimedBy!: number | null;
  @Column(utcColumn({ nullable: true })) claimedAt!: Date | null;
  @Column(utcColumn({ nullable: true })) timeoutAt!: Date | null;

  /** Raised by every claim, never lowered. */
  @Column(integerColumn({ default: 0 })) leaseEpoch!: number;

  /** When the evaluator means to be done. */
  @Column(utcColumn({ nullable: true })) estimatedCompletion!: Date | null;
  @Column(jsonColumn({ nullable: true })) processingNodeInfo!: JsonObject | null;
  @Column({ type: 'double precision', nullable: true }) progressPercentage!: number | null;
  @Column({ type: 'varchar', length: 255, nullable: true }) currentStep!: string | null;

  /** Seconds. */
  @Column({ type: 'double precision', nullable: true }) estimatedRemaining!: number | null;
  @Column(jsonColumn({ nullable: true })) result!: OrderResult | null;
  @Column({ type: 'varchar', length: 64, nullable: true }) resultHash!: string | null;

  /** From claim to submission. */
  @Column({ type: 'double precision', nullable: true }) processingTimeMs!: number | null;

  /** Stable word; only of a failed one. */
  @Column({ type: 'varchar', length: 32, nullable: true }) failureReason!: string | null;
  @Column({ type: 'text', nullable: true }) errorMessage!: string | null;
  @Column({ type: 'integer', nullable: true }) cancelledBy!: number | null;
  @Column(utcColumn({ nullable: true })) cancelledAt!: Date | null;
  @Column({ type: 'varchar', length: 255, nullable: true }) cancellationReason!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn()) updatedAt!: Date;

  /** When it ended, whatever the end. */
  @Column(utcColumn({ nullable: true })) completedAt!: Date | null;
  @Column(utcColumn()) expiresAt!: Date;
}
