import { integerColumn, rowIdColumn, serialColumn, utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { CreditGrant } from './billing.port.js';

/** Credits that were given; nothing of it changes but that it is closed, once. */
@Entity('credits')
@Index('uq_credits_transaction', ['sourceTransactionId'], { unique: true })
@Index('ix_credits_user', ['userId', 'id'])
@Index('ix_credits_expiring', ['userId', 'currency', 'expiresAt'], {
  where: '"expires_at" IS NOT NULL AND "closed_at" IS NULL',
})
export class CreditEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ type: 'integer' }) userId!: number;
  @Column({ name: 'credit_type', type: 'varchar', length: 12 }) type!: CreditGrant['type'];
  @Column(integerColumn()) amountMicros!: number;
  @Column({ type: 'varchar', length: 3 }) currency!: string;
  @Column(rowIdColumn()) sourceTransactionId!: number;
  @Column(utcColumn({ nullable: true })) expiresAt!: Date | null;

  /** When it had expired and what was unused was taken back. */
  @Column(utcColumn({ nullable: true })) closedAt!: Date | null;
  @Column(utcColumn()) createdAt!: Date;
}

/** What a transaction took of an expiring credit, or (below zero) brought back. */
@Entity('credit_uses')
@Index('ix_credit_uses_transaction', ['transactionId'])
export class CreditUseEntity {
  @PrimaryColumn(rowIdColumn({ name: 'credit_id' }))
  @ForeignKey(() => CreditEntity, { name: 'fk_credit_uses_credit' })
  creditId!: number;

  @PrimaryColumn(rowIdColumn()) transactionId!: number;
  @Column(integerColumn()) amountMicros!: number;

  /** All uses of the credit up to this one, so that a long history need not be added up. */
  @Column(integerColumn()) usedAfterMicros!: number;
}
