import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { integerColumn, utcColumn } from '#libs/database';

/**
 * A file with the oldest sealed rows of the audit log that no earlier file has. Recorded when the file is on the disk and was
 * read again; from then on, and only then, the database lets these rows be deleted.
 */
@Entity('audit_archives')
@Index('uq_audit_archives_sequence', ['firstSequence'], { unique: true })
@Index('uq_audit_archives_id', ['lastId'], { unique: true })
export class AuditArchiveEntity {
  @PrimaryGeneratedColumn() id!: number;

  /** Numbers of its first and last row in the whole log, from 1. */
  @Column(integerColumn()) firstSequence!: number;
  @Column(integerColumn()) lastSequence!: number;

  /** No row that is not archived has a lower id. */
  @Column(integerColumn()) lastId!: number;

  /** When its last link was sealed: requests from before that moment are archived. */
  @Column(utcColumn()) sealedUntil!: Date;

  /** Of the chain up to and with its last row. */
  @Column({ type: 'varchar', length: 64 }) hash!: string;
  @Column({ type: 'varchar', length: 255 }) file!: string;

  /** SHA-256 of the file. */
  @Column({ type: 'varchar', length: 64 }) fileHash!: string;
  @Column(integerColumn()) fileBytes!: number;
  @Column(utcColumn()) archivedAt!: Date;

  /** Rows up to this id are not in the log any more. */
  @Column(integerColumn({ default: 0 })) droppedId!: number;
}
