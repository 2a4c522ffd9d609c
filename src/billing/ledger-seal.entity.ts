import { type IdRange, integerColumn, jsonColumn, serialColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** A link of the chain over the ledger: some transactions with their entries, as the audit log's links are made. */
@Entity('ledger_seals')
@Index('uq_ledger_seals_sequence', ['firstSequence'], { unique: true })
export class LedgerSealEntity {
  @PrimaryColumn(serialColumn()) id!: number;

  /** Number of the link's first transaction in the whole ledger, from 1. */
  @Column(integerColumn()) firstSequence!: number;
  @Column(integerColumn()) lastSequence!: number;
  @Column(jsonColumn()) idRanges!: readonly IdRange[];

  /** SHA-256, hexadecimal, of the chain up to and including these transactions. */
  @Column({ type: 'varchar', length: 64 }) hash!: string;
  @Column(utcColumn()) sealedAt!: Date;
}
