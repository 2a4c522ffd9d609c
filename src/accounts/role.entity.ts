import { jsonColumn, utcColumn } from '#libs/database';
import { Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';

/** What a role is documented to allow. Information for clients: routes name the roles they admit. */
export type Permissions = Readonly<Record<`can_${string}`, boolean>>;

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
