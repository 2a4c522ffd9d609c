import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { utcColumn } from './column-types.js';

/** A login: one row for each issued token, under its `jti`, so that a single one can be revoked. */
@Entity('user_sessions')
@Index('ix_user_sessions_user', ['userId'])
export class UserSessionEntity {
  @PrimaryColumn({ type: 'varchar', length: 128 }) id!: string;
  @Column({ type: 'integer' }) userId!: number;
  @Column({ type: 'varchar', length: 45 }) ipAddress!: string;
  @Column({ type: 'text', nullable: true }) userAgent!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn()) lastActivity!: Date;
  @Column(utcColumn()) expiresAt!: Date;
  @Column({ type: 'boolean', default: true }) isActive!: boolean;
}
