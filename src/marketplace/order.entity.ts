import { integerColumn, jsonColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryColumn, type ValueTransformer } from 'typeorm';
import type { SubscriptionTier } from '../accounts/accounts.port.js';
import {
  type Effort,
  EFFORTS,
  type JsonObject,
  type MarketplacePredictionType,
  type Order,
  type OrderInterval,
  type OrderResult,
  type OrderScoreState,
  type OrderStatus,
} from './marketplace.port.js';

/** A word in code; 1 low, 2 medium, 3 high in the database: a number, so that it sorts. */
const effortNumber: ValueTransformer = {
  to: (effort: Effort) => EFFORTS.indexOf(effort) + 1,
  from: (number: number) => EFFORTS[number - 1],
};

const PENDING = { where: `"status" = 'pending'` };
/** An index with a column that falls, which decorators can't declare, or one like it: the migrations `ListingIndexes`, `NarrowedLists` and `LanedLists` have it. */
const DESCENDING = { synchronize: false } as const;
const PROCESSING = { where: `"status" = 'processing'` };
/** Lanes of lists, see decision 0092. */
const BY_COST = ['estimatedCost', 'createdAt', 'id', 'symbol'] as const;
const BY_END = ['completedAt', 'createdAt', 'id', 'symbol'] as const;
const OF_SYMBOL = ['symbol', 'status', 'predictionType', 'priority', 'createdAt', 'id'] as const;

/**
 * An order of the marketplace: what was asked, what it costs, who works on it and what came out; {@link Order} tells what
 * its fields mean. The claims of its past are rows of `prediction_claims`, its money is the ledger's.
 */
@Entity('prediction_jobs')
@Index('uq_prediction_jobs_task', ['taskId'], { unique: true })
@Index('ix_prediction_jobs_queue', ['priority', 'createdAt'], PENDING)
@Index('ix_prediction_jobs_expiry', ['expiresAt'], PENDING)
@Index('ix_prediction_jobs_lease', ['timeoutAt'], PROCESSING)
@Index('ix_prediction_jobs_held', ['evaluatorId', 'claimedAt'], PROCESSING)
@Index('ix_prediction_jobs_claims', ['claimedAt'], PROCESSING)
@Index('ix_prediction_jobs_done', ['completedAt'], { where: `"status" = 'completed'` })
@Index('ix_prediction_jobs_open', ['clientId'], { where: `"status" IN ('pending', 'processing')` })
@Index('ix_prediction_jobs_user', ['clientId', 'createdAt'])
@Index('ix_prediction_jobs_created', ['createdAt'])
@Index('ix_prediction_jobs_user_status', [
  'clientId',
  'status',
  'predictionType',
  'priority',
  'createdAt',
  'id',
])
@Index('ix_prediction_jobs_user_status_cost', ['clientId', 'status', 'predictionType', ...BY_COST])
@Index('ix_prediction_jobs_user_status_ended', ['clientId', 'status', 'predictionType', ...BY_END])
@Index('ix_prediction_jobs_type_status', ['predictionType', 'status', 'priority', 'createdAt', 'id'])
@Index('ix_prediction_jobs_type_status_cost', ['predictionType', 'status', ...BY_COST])
@Index('ix_prediction_jobs_type_status_ended', ['predictionType', 'status', ...BY_END])
@Index('ix_prediction_jobs_user_symbol', ['clientId', ...OF_SYMBOL])
@Index('ix_prediction_jobs_user_ended', ['clientId', 'completedAt', 'createdAt'])
@Index('ix_prediction_jobs_user_priority', ['clientId', 'priority', 'createdAt'])
@Index('ix_prediction_jobs_user_cost', ['clientId', 'estimatedCost', 'createdAt'])
@Index('ix_prediction_jobs_symbol', [...OF_SYMBOL])
@Index('ix_prediction_jobs_priority', ['priority', 'createdAt'])
@Index('ix_prediction_jobs_cost', ['estimatedCost', 'createdAt'])
@Index('ix_prediction_jobs_ended', ['completedAt', 'createdAt'])
@Index('ix_prediction_jobs_waiting_first', DESCENDING)
@Index('ix_prediction_jobs_waiting_oldest', DESCENDING)
@Index('ix_prediction_jobs_waiting_youngest', DESCENDING)
@Index('ix_prediction_jobs_waiting_cheapest', DESCENDING)
@Index('ix_prediction_jobs_waiting_dearest', DESCENDING)
@Index('ix_prediction_jobs_waiting_lightest', DESCENDING)
@Index('ix_prediction_jobs_waiting_heaviest', DESCENDING)
@Index('ix_prediction_jobs_waiting_symbol', DESCENDING)
@Index('ix_prediction_jobs_waiting_type', DESCENDING)
@Index('ix_prediction_jobs_waiting_plugin', DESCENDING)
@Index('ix_prediction_jobs_waiting_symbol_cheapest', DESCENDING)
@Index('ix_prediction_jobs_waiting_symbol_dearest', DESCENDING)
@Index('ix_prediction_jobs_waiting_type_cheapest', DESCENDING)
@Index('ix_prediction_jobs_waiting_type_dearest', DESCENDING)
export class OrderEntity implements Omit<Order, 'evaluatorUsername' | 'mayReadResult'> {
  @PrimaryColumn({ type: 'varchar', length: 36 }) id!: string;
  @Column({ type: 'varchar', length: 36 }) taskId!: string;
  @Column({ name: 'user_id', type: 'integer' }) clientId!: number;
  @Column({ type: 'varchar', length: 32 }) symbol!: string;

  /** The symbol under its other name. */
  @Column({ type: 'varchar', length: 32 }) ticker!: string;
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
  @Column(integerColumn({ name: 'max_cost_micros', nullable: true })) maxCost!: number | null;
  @Column({ type: 'varchar', length: 2048, nullable: true }) notificationWebhook!: string | null;
  @Column(jsonColumn({ nullable: true })) customParameters!: JsonObject | null;
  @Column({ type: 'integer', transformer: effortNumber }) effort!: Effort;
  @Column({ type: 'varchar', length: 16 }) clientTier!: SubscriptionTier;
  @Column({ type: 'varchar', length: 3 }) currency!: string;
  @Column(integerColumn({ name: 'estimated_cost_micros' })) estimatedCost!: number;
  @Column(integerColumn({ name: 'estimated_payment_micros' })) estimatedPayment!: number;
  @Column(integerColumn({ name: 'actual_cost_micros', nullable: true })) actualCost!: number | null;
  @Column(integerColumn({ name: 'bonus_micros', nullable: true })) bonus!: number | null;
  @Column({ type: 'integer' }) providerId!: number;

  /** Version of the provider's price; null for the base table. */
  @Column({ type: 'integer', nullable: true }) priceId!: number | null;

  /** Millionths of the provider's share that wait for the score; with what became of them. */
  @Column({ type: 'integer', nullable: true }) scoreShare!: number | null;
  @Column({ type: 'varchar', length: 16, nullable: true }) scoreState!: OrderScoreState | null;
  @Column(integerColumn({ name: 'score_held_micros', nullable: true })) scoreHeld!: number | null;
  @Column(integerColumn({ name: 'score_earned_micros', nullable: true })) scoreEarned!: number | null;
  @Column({ name: 'claimed_by', type: 'integer', nullable: true }) evaluatorId!: number | null;
  @Column(utcColumn({ nullable: true })) claimedAt!: Date | null;
  @Column(utcColumn({ nullable: true })) timeoutAt!: Date | null;
  @Column(integerColumn({ default: 0 })) leaseEpoch!: number;

  /** When the evaluator means to be done. */
  @Column(utcColumn({ nullable: true })) estimatedCompletion!: Date | null;
  @Column(jsonColumn({ nullable: true })) processingNodeInfo!: JsonObject | null;
  @Column({ type: 'double precision', nullable: true }) progressPercentage!: number | null;
  @Column({ type: 'varchar', length: 255, nullable: true }) currentStep!: string | null;
  @Column({ type: 'double precision', nullable: true }) estimatedRemaining!: number | null;
  @Column(jsonColumn({ nullable: true })) result!: OrderResult | null;
  @Column({ type: 'varchar', length: 64, nullable: true }) resultHash!: string | null;
  @Column({ name: 'processing_time_ms', type: 'double precision', nullable: true })
  processingMs!: number | null;
  @Column({ type: 'varchar', length: 32, nullable: true }) failureReason!: string | null;
  @Column({ type: 'text', nullable: true }) errorMessage!: string | null;
  @Column({ type: 'integer', nullable: true }) cancelledBy!: number | null;
  @Column(utcColumn({ nullable: true })) cancelledAt!: Date | null;
  @Column({ type: 'varchar', length: 255, nullable: true }) cancellationReason!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn()) updatedAt!: Date;
  @Column(utcColumn({ nullable: true })) completedAt!: Date | null;
  @Column(utcColumn()) expiresAt!: Date;
}
