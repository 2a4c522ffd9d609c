import { integerColumn, jsonColumn, utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';

/** To whom an invoice is addressed, as it was on the day of issue. */
export interface InvoiceRecipient {
  readonly name: string;
  /** Lines of the address, in order. */
  readonly address: readonly string[];
}

/** The invoice of a client for a closed month and a currency; it never changes. */
@Entity('invoices')
@Index('uq_invoices_number', ['invoiceNumber'], { unique: true })
@Index('uq_invoices_period', ['userId', 'periodStart', 'currency'], { unique: true })
@Index('ix_invoices_period', ['periodStart'])
export class InvoiceEntity {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'integer' }) userId!: number;
  @Column({ type: 'varchar', length: 50 }) invoiceNumber!: string;

  /** First moment of the month, UTC. */
  @Column(utcColumn({ name: 'billing_period_start' })) periodStart!: Date;

  /** First moment of the next month. */
  @Column(utcColumn({ name: 'billing_period_end' })) periodEnd!: Date;
  @Column({ type: 'varchar', length: 3 }) currency!: string;
  @Column(integerColumn()) subtotalMicros!: number;
  @Column(integerColumn()) taxMicros!: number;
  @Column(integerColumn()) totalMicros!: number;
  @Column(jsonColumn()) recipient!: InvoiceRecipient;
  @Column(utcColumn()) paymentDueDate!: Date;
  @Column(utcColumn()) createdAt!: Date;
}

/** One line of an invoice: orders of one kind at one price. */
@Entity('invoice_lines')
export class InvoiceLineEntity {
  @PrimaryColumn({ name: 'invoice_id', type: 'integer' })
  @ForeignKey(() => InvoiceEntity, { name: 'fk_invoice_lines_invoice' })
  invoiceId!: number;

  /** From 1. */
  @PrimaryColumn({ type: 'integer' }) position!: number;
  @Column({ type: 'varchar', length: 255 }) description!: string;
  @Column({ type: 'integer' }) quantity!: number;
  @Column(integerColumn()) unitMicros!: number;
  @Column(integerColumn()) amountMicros!: number;
}
