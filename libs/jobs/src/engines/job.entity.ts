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
  @PrimaryColumn({ type: 'varchar', length: 36 }) id!: string;
  @Column({ type: 'varchar', length: 64 }) kind!: string;
  @Column({ type: 'varchar', length: 128 }) subject!: string;
  @Column({ type: 'varchar', length: 16 }) status!: JobStatus;

  /** Earliest start of the next run. */
  @Column(utcColumn()) runAt!: Date;

  /** The engine instance that runs it; null unless running. */
  @Column({ type: 'varchar', length: 64, nullable: true }) leaseHolder!: string | null;
  @Column(utcColumn({ nullable: true })) leaseExpiresAt!: Date | null;

  /** Raised by every claim, never lowered. */
  @Column(integerColumn({ default: 0 })) leaseEpoch!: number;
  @Column({ type: 'integer', default: 0 }) attempts!: number;
  @Column({ type: 'integer' }) maxAttempts!: number;

  /** This job's own limit; null means its definition's. */
  @Column(integerColumn({ nullable: true })) timeLimitMs!: number | null;

  /** Why the last run ended badly, for operators; never shown to clients. */
  @Column({ type: 'text', nullable: true }) lastError!: string | null;
  /** W3C Trace Context of who added it. */
  @Column({ type: 'varchar', length: 55, nullable: true }) traceparent!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn()) updatedAt!: Date;
  @Column(utcColumn({ nullable: true })) finishedAt!: Date | null;
}
