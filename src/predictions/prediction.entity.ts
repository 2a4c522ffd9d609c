import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { jsonColumn, serialColumn, utcColumn } from '#libs/database';
import type { PredictionResult, PredictionStatus } from './prediction.types.js';

const IN_FLIGHT = { where: `"status" IN ('pending', 'processing')` };

/** One core prediction. The job that computes it is a row of its own (`jobs`), found by kind and this id; its changes are
 * steps in `events`. */
@Entity('predictions')
@Index('ix_predictions_user', ['userId', 'id'])
@Index('ix_predictions_user_open', ['userId'], IN_FLIGHT)
@Index('ix_predictions_address_open', ['clientAddress'], IN_FLIGHT)
@Index('ix_predictions_timestamp', ['timestamp'])
export class PredictionEntity {
  @PrimaryColumn(serialColumn()) id!: number;

  /** UUID, or the id that a caller of the legacy endpoint chose. */
  @Index('uq_predictions_task', { unique: true })
  @Column({ type: 'varchar', length: 64 })
  taskId!: string;

  /** Owner; null for an anonymous caller's prediction. */
  @Column({ type: 'integer', nullable: true }) userId!: number | null;

  /** Where an anonymous request came from: its in-flight limit is counted by address. Null for owned rows. */
  @Column({ type: 'varchar', length: 64, nullable: true }) clientAddress!: string | null;

  /** Last change. */
  @Column(utcColumn()) timestamp!: Date;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn({ nullable: true })) startedAt!: Date | null;
  @Column(utcColumn({ nullable: true })) completedAt!: Date | null;
  @Column({ type: 'varchar', length: 16 }) status!: PredictionStatus;
  @Column({ type: 'varchar', length: 32 }) symbol!: string;
  @Column({ type: 'varchar', length: 32 }) ticker!: string;
  @Column({ type: 'varchar', length: 8 }) interval!: string;
  @Column({ type: 'varchar', length: 100 }) predictorPlugin!: string;
  @Column({ type: 'varchar', length: 100 }) feederPlugin!: string;
  @Column({ type: 'varchar', length: 100 }) pipelinePlugin!: string;
  @Column({ type: 'varchar', length: 32 }) predictionType!: string;

  /** Without `prediction` and `uncertainty`, which have columns of their own. */
  @Column(jsonColumn()) result!: PredictionResult;
  @Column(jsonColumn({ nullable: true })) prediction!: readonly (number | null)[] | null;
  @Column(jsonColumn({ nullable: true })) uncertainty!: readonly (number | null)[] | null;
}
