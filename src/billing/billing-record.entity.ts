import { integerColumn, rowIdColumn, serialColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryColumn } from 'typeorm';

/** What a client paid to a provider for one completed order, with the shares. Rows are only ever added. */
@Entity('billing_records')
@Index('uq_billing_records_prediction', ['orderId'], { unique: true })
@Index('ix_billing_records_client', ['clientId', 'timestamp'])
@Index('ix_billing_records_provider', ['providerId', 'timestamp'])
@Index('ix_billing_records_evaluator', ['evaluatorId', 'timestamp'])
@Index('ix_billing_records_timestamp', ['timestamp'])
export class BillingRecordEntity {
  @PrimaryColumn(serialColumn()) id!: number;
  @Column({ type: 'integer' }) clientId!: number;

  /** 0 when the service itself is the provider. */
  @Column({ type: 'integer' }) providerId!: number;

  /** 0 when the service itself computed it. */
  @Column({ type: 'integer' }) evaluatorId!: number;
  @Column({ name: 'prediction_id', type: 'varchar', length: 36 }) orderId!: string;
  @Column({ type: 'varchar', length: 100 }) modelName!: string;

  /** What was paid at the answer: the sum of the next four. What a score earned later stands in `score_holds`. */
  @Column(integerColumn()) costMicros!: number;
  @Column(integerColumn()) evaluatorMicros!: number;
  @Column(integerColumn()) bonusMicros!: number;
  @Column(integerColumn()) providerMicros!: number;
  @Column(integerColumn()) platformMicros!: number;
  @Column({ type: 'varchar', length: 3 }) currency!: string;
  @Column({ type: 'varchar', length: 255, nullable: true }) description!: string | null;
  @Column(rowIdColumn()) transactionId!: number;
  @Column(utcColumn()) timestamp!: Date;
}
