import { integerColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import type { JobStatus } from '../job-engine.js';

/**
 * A job's row: the truth about who works on what. The engines read and write it with their own statements;
 * this class declares the table.
 */
@Entity('jobs')
@Index('uq_jobs_open_subject', ['kind', 'subject'], { unique: true, where: '"finished_at" IS NULL' })
@Index('ix_jobs_claim', ['status', 'runAt'], { where: '"finished_at" IS NULL' })
@Index('ix_jobs_lease', ['leaseExpiresAt'], { where: '"lease_expires_at" IS NOT NULL' })
@Index('ix_jobs_finished', ['finishedAt'], { where: '"finished_at" IS NOT NULL' })
export class JobEntity {
  /** UUID. */
  @PrimaryColumn({ type: 'varchar', length: 36 })
  id!: string;

  @Column({ type: 'varchar', length: 64 })
  kind!: string;

  @Column({ type: 'varchar', length: 128 })
  subject!: string;

  @Column({ type: 'varchar', length: 16 })
  status!: JobStatus;

  /** Earliest start of the next run. */
  @Column(utcColumn({ name: 'run_at' }))
  runAt!: Date;

  /** The engine instance that runs it; null unless running. */
  @Column({ type: 'varchar', length: 64, name: 'lease_holder', nullable: true })
  leaseHolder!: string | null;

  @Column(utcColumn({ name: 'lease_expires_at', nullable: true }))
  leaseExpiresAt!: Date | null;

  /** Raised by every claim, never lowered. */
  @Column(integerColumn({ name: 'lease_epoch', default: 0 }))
  leaseEpoch!: number;

  @Column({ type: 'integer', default: 0 })
  attempts!: number;

  @Column({ type: 'integer', name: 'max_attempts' })
  maxAttempts!: number;

  /** This job's own limit; null means its definition's. */
  @Column(integerColumn({ name: 'time_limit_ms', nullable: true }))
  timeLimitMs!: number | null;

  /** Why the last run ended badly, for operators; never shown to clients. */
  @Column({ type: 'text', name: 'last_error', nullable: true })
  lastError!: string | null;

  @Column(utcColumn({ name: 'created_at' }))
  createdAt!: Date;

  @Column(utcColumn({ name: 'updated_at' }))
  updatedAt!: Date;

  @Column(utcColumn({ name: 'finished_at', nullable: true }))
  finishedAt!: Date | null;
}
