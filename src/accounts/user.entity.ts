import { integerColumn, jsonColumn, utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, Index, PrimaryGeneratedColumn } from 'typeorm';
import type { SubscriptionTier } from './accounts.port.js';

/** What a role is documented to allow. Information for clients: routes name the roles they admit. */
type Permissions = Readonly<Record<`can_${string}`, boolean>>;

/** One of the seven roles; seeded by the migration, never created at run time. */
@Entity('roles')
@Index('uq_roles_name', ['name'], { unique: true })
export class RoleEntity {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'varchar', length: 20 }) name!: string;
  @Column({ type: 'text', nullable: true }) description!: string | null;
  @Column(jsonColumn()) permissions!: Permissions;
  @Column(utcColumn()) createdAt!: Date;
}

/**
 * An account. A deleted one keeps its row (and its name) because predictions, money and the audit log point at it;
 * it has no key, no valid token and is found by nobody but the database's own shell.
 */
@Entity('users')
@Index('uq_users_username', ['username'], { unique: true })
@Index('uq_users_email', ['email'], { unique: true })
@Index('uq_users_hashed_api_key', ['hashedApiKey'], { unique: true })
@Index('ix_users_role', ['roleId'])
export class UserEntity {
  @PrimaryGeneratedColumn() id!: number;
  @Column({ type: 'varchar', length: 50 }) username!: string;
  @Column({ type: 'varchar', length: 254 }) email!: string;

  /** See {@link PasswordHasher} for the two forms. */
  @Column({ type: 'varchar', length: 100 }) hashedPassword!: string;

  /** SHA-256 of the key, 64 hexadecimal digits; null when there is no key. */
  @Column({ type: 'varchar', length: 64, nullable: true }) hashedApiKey!: string | null;
  @Column(utcColumn({ nullable: true })) apiKeyCreatedAt!: Date | null;

  /** From then on the key is refused; null (rows of an import) means never. */
  @Column(utcColumn({ nullable: true })) apiKeyExpiresAt!: Date | null;

  /** Written late, at most about half a minute after the use. */
  @Column(utcColumn({ nullable: true })) apiKeyLastUsedAt!: Date | null;
  @Column({ type: 'boolean', default: false }) isActive!: boolean;

  @Column({ type: 'integer', name: 'role_id' })
  @ForeignKey(() => RoleEntity, { name: 'fk_users_role' })
  roleId!: number;

  /** Tokens carry the version they were issued under; raising it revokes them all. */
  @Column({ type: 'integer', default: 0 }) tokenVersion!: number;
  @Column({ type: 'varchar', length: 16, default: 'basic' }) subscriptionTier!: SubscriptionTier;

  /** Credits granted at creation, in micro-units (1e-6) of USD. */
  @Column(integerColumn({ default: 0 })) initialCreditsMicros!: number;
  @Column(jsonColumn({ nullable: true })) billingAddress!: Readonly<Record<string, string>> | null;

  /** Remarks of administrators; never shown to the account itself. */
  @Column({ type: 'text', nullable: true }) notes!: string | null;
  @Column(utcColumn()) createdAt!: Date;
  @Column(utcColumn({ nullable: true })) lastLogin!: Date | null;
  @Column(utcColumn({ nullable: true })) deletedAt!: Date | null;
}
