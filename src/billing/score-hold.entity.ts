import { integerColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { HoldState } from './score-holds.port.js';

/**
 * The terms of an order that is paid by score, what is held of it from its answer on, and what became of that. Each column is
 * set once; the database refuses all else.
 */
@Entity('score_holds')
@Index('ix_score_holds_look', ['lookAt'], { where: '"look_at" IS NOT NULL' })
@Index('ix_score_holds_client', ['clientId', 'settledAt'])
@Index('ix_score_holds_provider', ['providerId', 'settledAt'])
@Index('ix_score_holds_settled', ['settledAt'], { where: '"settled_at" IS NOT NULL' })
export class ScoreHoldEntity {
  @PrimaryColumn({ name: 'prediction_id', type: 'varchar', length: 36 }) orderId!: string;
  @Column({ type: 'integer' }) clientId!: number;
  @Column({ type: 'integer' }) providerId!: number;
  @Column({ type: 'varchar', length: 3 }) currency!: string;

  /** Millionths of the provider's share. */
  @Column({ type: 'integer' }) scoreShare!: number;
  @Column(integerColumn({ name: 'held_micros', nullable: true })) held!: number | null;
  @Column(utcColumn({ nullable: true })) heldAt!: Date | null;

  /** When it is looked at again whether the forecast can be scored; null when there is nothing to look for. */
  @Column(utcColumn({ nullable: true })) lookAt!: Date | null;
  @Column(utcColumn({ nullable: true })) settledAt!: Date | null;
  @Column({ type: 'varchar', length: 16 }) state!: HoldState;

  /** Why it could not be scored, or not whole. */
  @Column({ type: 'varchar', length: 32, nullable: true }) reason!: string | null;
  @Column({ type: 'double precision', nullable: true }) fraction!: number | null;
  @Column(integerColumn({ name: 'earned_micros', nullable: true })) earned!: number | null;
  @Column(integerColumn({ name: 'returned_micros', nullable: true })) returned!: number | null;
}
