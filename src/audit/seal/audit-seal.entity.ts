import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { type IdRange, integerColumn, jsonColumn, serialColumn, utcColumn } from '#libs/database';

/**
 * A link of the audit chain: some rows of `api_logs`, in the order of their ids, numbered without a gap and hashed onto
 * the link before. One link for many rows keeps the price at one small row every few seconds.
 */
@Entity('audit_seals')
@Index('uq_audit_seals_sequence', ['firstSequence'], { unique: true })
export class AuditSealEntity {
  @PrimaryColumn(serialColumn()) id!: number;

  /** Number of the link's first row in the whole log, from 1. */
  @Column(integerColumn()) firstSequence!: number;
  @Column(integerColumn()) lastSequence!: number;

  /** Which rows: on PostgreSQL ids may commit out of order, so a link need not be one range. */
  @Column(jsonColumn()) idRanges!: readonly IdRange[];

  /** SHA-256, hexadecimal, of the chain up to and including these rows. */
  @Column({ type: 'varchar', length: 64 }) hash!: string;
  @Column(utcColumn()) sealedAt!: Date;
}
