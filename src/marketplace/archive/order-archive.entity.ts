import { integerColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryColumn, PrimaryGeneratedColumn } from 'typeorm';
import type { OrderStatus } from '../marketplace.port.js';

/** A file with ended orders. Recorded when the file is on the disk and was read again; only then its orders leave the database. */
@Entity('order_archives')
@Index('uq_order_archives_file', ['file'], { unique: true })
export class OrderArchiveEntity {
  @PrimaryGeneratedColumn() id!: number;
  @Column(integerColumn()) orders!: number;

  /** When the last of them ended. */
  @Column(utcColumn()) endedUntil!: Date;
  @Column({ type: 'varchar', length: 255 }) file!: string;

  /** SHA-256 of the file. */
  @Column({ type: 'varchar', length: 64 }) fileHash!: string;
  @Column(integerColumn()) fileBytes!: number;
  @Column(utcColumn()) archivedAt!: Date;

  /** So many of its orders, in their order, are not in the database any more. */
  @Column(integerColumn({ default: 0 })) droppedOrders!: number;
}

/** What stays of an archived order: whose it was, how it ended, and where it is. */
@Entity('archived_orders')
export class ArchivedOrderEntity {
  @PrimaryColumn({ type: 'varchar', length: 36 }) id!: string;
  @Column({ name: 'user_id', type: 'integer' }) clientId!: number;

  /** Who completed it; null for an order that nobody held when it ended. */
  @Column({ type: 'integer', nullable: true }) evaluatorId!: number | null;
  @Column({ type: 'varchar', length: 16 }) status!: OrderStatus;
  @Column(utcColumn()) endedAt!: Date;
  @Column({ type: 'integer' }) archiveId!: number;
}
