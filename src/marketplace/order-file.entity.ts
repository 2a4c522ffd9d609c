import { integerColumn, utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { OrderFileType } from './order-files.port.js';
import { OrderEntity } from './order.entity.js';

/** A file that was made of a completed order for download. */
@Entity('prediction_files')
@Index('uq_prediction_files_name', ['orderId', 'fileName'], { unique: true })
export class OrderFileEntity {
  @PrimaryGeneratedColumn() id!: number;

  @Column({ name: 'prediction_id', type: 'varchar', length: 36 })
  @ForeignKey(() => OrderEntity, { name: 'fk_prediction_files_job' })
  orderId!: string;

  @Column({ type: 'varchar', length: 50 }) fileType!: OrderFileType;
  @Column({ type: 'varchar', length: 255 }) fileName!: string;

  /** Bytes. */
  @Column(integerColumn()) fileSize!: number;

  /** SHA-256 of the content, 64 hexadecimal digits. */
  @Column({ type: 'varchar', length: 64 }) fileHash!: string;
  @Column({ type: 'varchar', length: 100 }) mimeType!: string;

  /** Base64: text is the same on both databases, and these files are small. */
  @Column({ type: 'text' }) content!: string;
  @Column(utcColumn()) createdAt!: Date;
}
