import { integerColumn, jsonColumn, serialColumn, utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { ClaimOutcome, OrderClaim } from './client-orders.port.js';
import type { JsonObject } from './marketplace.port.js';
import { OrderEntity } from './order.entity.js';

/** Every claim of every order, with its end. The database itself allows one open claim per order. */
@Entity('prediction_claims')
@Index('uq_prediction_claims_epoch', ['orderId', 'leaseEpoch'], { unique: true })
@Index('uq_prediction_claims_open', ['orderId'], { unique: true, where: '"ended_at" IS NULL' })
@Index('ix_prediction_claims_evaluator', ['evaluatorId', 'endedAt'])
@Index('ix_prediction_claims_ended', ['endedAt'])
export class OrderClaimEntity implements OrderClaim {
  @PrimaryColumn(serialColumn()) id!: number;

  @Column({ name: 'prediction_id', type: 'varchar', length: 36 })
  @ForeignKey(() => OrderEntity, { name: 'fk_prediction_claims_job' })
  orderId!: string;

  @Column(integerColumn()) leaseEpoch!: number;
  @Column({ type: 'integer' }) evaluatorId!: number;
  @Column(utcColumn()) claimedAt!: Date;
  @Column(utcColumn()) timeoutAt!: Date;
  @Column(jsonColumn({ nullable: true })) processingNodeInfo!: JsonObject | null;
  @Column(utcColumn({ nullable: true })) endedAt!: Date | null;
  @Column({ type: 'varchar', length: 16, nullable: true }) outcome!: ClaimOutcome | null;

  /** Who released it: the evaluator or an administrator. */
  @Column({ type: 'integer', nullable: true }) releasedBy!: number | null;
  @Column({ type: 'varchar', length: 32, nullable: true }) reason!: string | null;
  @Column({ type: 'text', nullable: true }) details!: string | null;
}
