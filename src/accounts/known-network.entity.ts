import { utcColumn } from '#libs/database';
import { Column, Entity, ForeignKey, PrimaryColumn } from 'typeorm';
import { UserEntity } from './user.entity.js';

/** Where an account logged in from: an IPv4 address or the /64 of an IPv6 one. A few for each account. */
@Entity('known_networks')
export class KnownNetworkEntity {
  @PrimaryColumn({ type: 'integer', name: 'user_id' })
  @ForeignKey(() => UserEntity, { name: 'fk_known_networks_user' })
  userId!: number;

  @PrimaryColumn({ type: 'varchar', length: 45 }) network!: string;
  @Column(utcColumn()) lastLoginAt!: Date;
}
