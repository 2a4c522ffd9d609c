import { hiddenColumn, utcColumn } from '#libs/database';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Names the keys that they are encrypted with. */
export const WEBHOOK_SECRETS = 'webhook secrets';

/** What a user's messages are signed with; encrypted under the service's secret key. */
@Entity('webhook_secrets')
export class WebhookSecretEntity {
  @PrimaryColumn({ type: 'integer' }) userId!: number;
  @Column(hiddenColumn(WEBHOOK_SECRETS)) secret!: string;
  @Column(utcColumn()) createdAt!: Date;

  /** The one before, which signs as well until {@link previousValidUntil}. */
  @Column(hiddenColumn(WEBHOOK_SECRETS, { nullable: true })) previousSecret!: string | null;
  @Column(utcColumn({ nullable: true })) previousValidUntil!: Date | null;
}
