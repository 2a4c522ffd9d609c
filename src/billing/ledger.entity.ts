import { integerColumn, jsonColumn, rowIdColumn, serialColumn, utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, Index, PrimaryColumn } from 'typeorm';
import type { PriceMultiplier } from './billing.port.js';
import type { AccountKind, TransactionType } from './ledger.js';

/** One movement of money; final as soon as it is there. Rows are only ever added: the database refuses all else. */
@Entity('transactions')
@Index('uq_transactions_job', ['orderId', 'type', 'revision'], { unique: true })
@Index('uq_transactions_settlement', ['orderId'], {
  unique: true,
  where: `"transaction_type" IN ('capture', 'void')`,
})
@Index('ix_transactions_user', ['userId', 'id'])
export class TransactionEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ name: 'transaction_type', type: 'varchar', length: 16 }) type!: TransactionType;

  /** Whose money moves: the client of an order, the owner of credits or earnings. */
  @Column({ type: 'integer' }) userId!: number;

  /** The order; null for credits and payouts. */
  @Column({ name: 'prediction_id', type: 'varchar', length: 36, nullable: true }) orderId!: string | null;

  /** Counts the adjustments of a hold. */
  @Column({ type: 'integer', default: 0 }) revision!: number;

  /** What moves; below zero for an adjustment that gives back. */
  @Column(integerColumn()) amountMicros!: number;
  @Column({ type: 'varchar', length: 3 }) currency!: string;
  @Column({ type: 'varchar', length: 255, nullable: true }) description!: string | null;
  @Column({ type: 'varchar', length: 255, nullable: true }) paymentReference!: string | null;

  /** The administrator who ordered it; null for the service itself. */
  @Column({ type: 'integer', nullable: true }) createdBy!: number | null;

  /** How far below zero the credits might go at that moment; only where that was asked. */
  @Column(integerColumn({ nullable: true })) creditLimitMicros!: number | null;
  @Column(utcColumn()) createdAt!: Date;
}

/** What a transaction does to one account. Those of a transaction sum to zero. */
@Entity('transaction_entries')
@Index('ix_entries_owner', ['ownerId', 'transactionId', 'kind'])
@Index('ix_entries_account', ['ownerId', 'currency', 'kind', 'transactionId', 'amountMicros'])
export class TransactionEntryEntity {
  @PrimaryColumn(rowIdColumn({ name: 'transaction_id' }))
  @ForeignKey(() => TransactionEntity, { name: 'fk_entries_transaction' })
  transactionId!: number;

  /** A user id, or one of the two that are no users. */
  @PrimaryColumn({ type: 'integer' }) ownerId!: number;
  @PrimaryColumn({ type: 'varchar', length: 12 }) kind!: AccountKind;
  @Column({ type: 'varchar', length: 3 }) currency!: string;
  @Column(integerColumn()) amountMicros!: number;
}

/** The sum of an account up to and with a transaction, so that a long history need not be added up again. */
@Entity('balance_snapshots')
export class BalanceSnapshotEntity {
  @PrimaryColumn({ type: 'integer' }) ownerId!: number;
  @PrimaryColumn({ type: 'varchar', length: 3 }) currency!: string;
  @PrimaryColumn({ type: 'varchar', length: 12 }) kind!: AccountKind;
  @PrimaryColumn(rowIdColumn()) throughId!: number;
  @Column(integerColumn()) balanceMicros!: number;
}

/** The price that an order is held with; an adjustment adds the next revision. */
@Entity('quotes')
@Index('uq_quotes_revision', ['orderId', 'revision'], { unique: true })
@Index('ix_quotes_client', ['clientId'])
export class QuoteEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ name: 'prediction_id', type: 'varchar', length: 36 }) orderId!: string;
  @Column({ type: 'integer' }) revision!: number;
  @Column({ type: 'integer' }) clientId!: number;
  @Column({ type: 'integer' }) providerId!: number;

  /** Version of the provider's price; null for the base table. */
  @Column({ type: 'integer', nullable: true }) priceId!: number | null;
  @Column({ type: 'varchar', length: 100 }) modelName!: string;
  @Column({ type: 'varchar', length: 255 }) description!: string;
  @Column({ type: 'varchar', length: 3 }) currency!: string;
  @Column(integerColumn()) unitMicros!: number;
  @Column(jsonColumn()) multipliers!: readonly PriceMultiplier[];
  @Column(integerColumn()) totalMicros!: number;
  @Column(integerColumn()) evaluatorMicros!: number;
  @Column(integerColumn()) providerMicros!: number;
  @Column(integerColumn()) platformMicros!: number;
  @Column(utcColumn()) createdAt!: Date;
}
