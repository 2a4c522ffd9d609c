import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { utcColumn } from '../column-types.js';

/** A login: one row for each issued token, under its `jti`, so that a single one can be revoked. */
@Entity('user_sessions')
@Index('ix_user_sessions_user', ['userId'])
export class UserSessionEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 })
  id!: string;

  @Column({ type: 'integer', name: 'user_id' })
  userId!: number;

  @Column({ type: 'varchar', length: 45, name: 'ip_address' })
  ipAddress!: string;

  @Column({ type: 'text', name: 'user_agent', nullable: true })
  userAgent!: string | null;

  @Column(utcColumn({ name: 'created_at' }))
  createdAt!: Date;

  @Column(utcColumn({ name: 'last_activity' }))
  lastActivity!: Date;

  @Column(utcColumn({ name: 'expires_at' }))
  expiresAt!: Date;

  @Column({ type: 'boolean', name: 'is_active', default: true })
  isActive!: boolean;
}
