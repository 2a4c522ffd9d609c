import { Injectable } from '@nestjs/common';
import { Database, runSql, type Transaction } from '#libs/database';
import { WebhookSecretEntity } from './webhook-secret.entity.js';

/** The secrets that messages are signed with, encrypted. */
@Injectable()
export class WebhookSecretRepository {
  constructor(private readonly database: Database) {}

  /** Null for a user without one. */
  find(userId: number): Promise<WebhookSecretEntity | null> {
    return this.database.read.manager.findOneBy(WebhookSecretEntity, { userId });
  }

  /** Keeps a first secret, unless there is one. */
  async addFirst(tx: Transaction, userId: number, secret: string, now: Date): Promise<void> {
    await runSql(
      tx,
      'INSERT INTO webhook_secrets (user_id, secret, created_at) VALUES (?, ?, ?) ON CONFLICT (user_id) DO NOTHING',
      [userId, secret, now.toISOString()],
    );
  }

  /** Puts a new secret in front. One statement, so that of two at the same time the first becomes the previous one. */
  async replace(
    tx: Transaction,
    userId: number,
    secret: string,
    times: { readonly now: Date; readonly previousValidUntil: Date },
  ): Promise<void> {
    await runSql(
      tx,
      `INSERT INTO webhook_secrets (user_id, secret, created_at) VALUES (?, ?, ?)
       ON CONFLICT (user_id) DO UPDATE SET previous_secret = webhook_secrets.secret, previous_valid_until = ?,
         secret = excluded.secret, created_at = excluded.created_at`,
      [userId, secret, times.now.toISOString(), times.previousValidUntil.toISOString()],
    );
  }
}
