import { integerColumn, serialColumn, utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, Index, PrimaryColumn, type ValueTransformer } from 'typeorm';
import type { OrderFile, OrderFileType } from './order-files.port.js';
import { OrderEntity } from './order.entity.js';

/** Base64: text is the same on both databases, and these files are small. */
const base64: ValueTransformer = {
  to: (content: Uint8Array) => Buffer.from(content).toString('base64'),
  from: (text: string) => Buffer.from(text, 'base64'),
};

/** A file that was made of a completed order for download. */
@Entity('prediction_files')
@Index('uq_prediction_files_name', ['orderId', 'fileName'], { unique: true })
export class OrderFileEntity implements OrderFile {
  @PrimaryColumn(serialColumn()) id!: number;

  @Column({ name: 'prediction_id', type: 'varchar', length: 36 })
  @ForeignKey(() => OrderEntity, { name: 'fk_prediction_files_job' })
  orderId!: string;

  @Column({ type: 'varchar', length: 50 }) fileType!: OrderFileType;
  @Column({ type: 'varchar', length: 255 }) fileName!: string;
  @Column(integerColumn()) fileSize!: number;
  @Column({ type: 'varchar', length: 64 }) fileHash!: string;
  @Column({ type: 'varchar', length: 100 }) mimeType!: string;
  @Column({ type: 'text', transformer: base64 }) content!: Uint8Array;
  @Column(utcColumn()) createdAt!: Date;
}
