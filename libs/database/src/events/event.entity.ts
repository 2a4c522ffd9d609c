import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { jsonColumn, utcColumn } from '../column-types.js';

/** One step in the life of something that clients follow. */
@Entity('events')
@Index('ix_events_topic', ['topic', 'id'])
@Index('ix_events_created', ['createdAt'])
export class EventEntity {
  /** Rises; a client that was cut off names the last one it saw. */
  @PrimaryGeneratedColumn({ type: 'integer' }) id!: number;
  @Column({ type: 'varchar', length: 128 }) topic!: string;
  @Column({ type: 'varchar', length: 64 }) type!: string;
  @Column(jsonColumn()) data!: unknown;
  @Column(utcColumn()) createdAt!: Date;
}
