import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';
import { jsonColumn, utcColumn } from '../column-types.js';

/** A setting that was changed while the service ran and holds on from then. */
@Entity('system_configuration')
export class SettingEntity {
  @PrimaryGeneratedColumn({ type: 'integer' }) id!: number;
  @Column({ type: 'varchar', length: 128, unique: true }) key!: string;
  @Column(jsonColumn()) value!: unknown;
  @Column({ type: 'text', nullable: true }) description!: string | null;
  @Column(utcColumn()) updatedAt!: Date;

  /** The user who set it; null when the system did. */
  @Column({ type: 'integer', nullable: true }) updatedBy!: number | null;
}
