import { Column, Entity, Index, PrimaryColumn } from 'typeorm';
import { jsonColumn, utcColumn } from '../column-types.js';

/** A request that carried an Idempotency-Key, and its answer once there is one. */
@Entity('idempotency_keys')
@Index('ix_idempotency_keys_expires', ['expiresAt'])
export class IdempotencyKeyEntity {
  /** Whose key it is: a user, or the address of an anonymous caller. */
  @PrimaryColumn({ type: 'varchar', length: 128 }) scope!: string;
  @PrimaryColumn({ type: 'varchar', length: 255 }) key!: string;

  /** Digest of method, path and body. */
  @Column({ type: 'varchar', length: 128 }) fingerprint!: string;
  @Column({ type: 'varchar', length: 16 }) state!: 'in_progress' | 'completed';

  /** Names the request that holds the reservation. */
  @Column({ type: 'varchar', length: 36 }) holder!: string;

  /** From then on another request may take an unfinished reservation over. */
  @Column(utcColumn()) leaseExpiresAt!: Date;
  @Column({ type: 'integer', nullable: true }) status!: number | null;
  @Column(jsonColumn({ nullable: true })) headers!: Readonly<Record<string, string>> | null;
  @Column({ type: 'text', nullable: true }) body!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn()) expiresAt!: Date;
}
