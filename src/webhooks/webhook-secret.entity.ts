import { utcColumn } from '#libs/database';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** What a user's messages are signed with; encrypted under the service's secret key. */
@Entity('webhook_secrets')
export class WebhookSecretEntity {
  @PrimaryColumn({ type: 'integer' }) userId!: number;
  @Column({ type: 'text' }) secret!: string;
  @Column(utcColumn()) createdAt!: Date;

  /** The one before, which signs as well until {@link previousValidUntil}. */
  @Column({ type: 'text', nullable: true }) previousSecret!: string | null;
  @Column(utcColumn({ nullable: true })) previousValidUntil!: Date | null;
}
