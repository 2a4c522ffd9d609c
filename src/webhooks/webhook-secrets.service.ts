import { randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { AppConfig, secretKeysOf } from '#libs/config';
import { TransactionRunner } from '#libs/database';
import { type Actor, AppError, assertPresent, Clock, HOUR_MS, TextCipher } from '#libs/kernel';
import type { RotateSecret, SecretInfoOut, SecretOut } from './secret.dto.js';
import { WEBHOOK_SECRETS, type WebhookSecretEntity } from './webhook-secret.entity.js';
import { WebhookSecretRepository } from './webhook-secret.repository.js';

/** Marks a secret of the Standard Webhooks specification. */
const PREFIX = 'whsec_';
const SECRET_BYTES = 32;

const newWebhookSecret = (): string => PREFIX + randomBytes(SECRET_BYTES).toString('base64');

/** What messages are signed with: one secret a user, and for a while the one before. */
@Injectable()
export class WebhookSecrets {
  readonly #cipher: TextCipher;

  constructor(
    private readonly secrets: WebhookSecretRepository,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.#cipher = new TextCipher(secretKeysOf(config), WEBHOOK_SECRETS);
  }

  /** Makes a secret, the only time it is shown. The one before signs as well for some hours, and none before that. */
  async rotate({ userId }: Actor, { overlapHours: hours }: RotateSecret): Promise<SecretOut> {
    const secret = newWebhookSecret();
    const now = this.#now();
    return this.transactions.run(async (tx) => {
      await this.secrets.replace(tx, userId, this.#cipher.encrypt(secret), {
        now,
        previousValidUntil: new Date(now.getTime() + hours * HOUR_MS),
      });
      const row = assertPresent(await this.secrets.find(userId), 'a secret was just kept');
      return { secret, ...this.#info(row) };
    });
  }

  /** @throws AppError `not_found` for a user without a secret */
  async describe({ userId }: Actor): Promise<SecretInfoOut> {
    const row = await this.secrets.find(userId);
    if (row !== null) return this.#info(row);
    throw new AppError('not_found', 'There is no webhook secret yet; make one with POST', {
      code: 'webhook_secret_not_found',
    });
  }

  /**
   * The secrets to sign with now, the newest first. A user who has none gets one that nobody has seen: messages are
   * always signed. Null when it was stored under another secret key of the service.
   */
  async toSignWith(userId: number): Promise<readonly string[] | null> {
    const row = (await this.secrets.find(userId)) ?? (await this.#first(userId));
    const secret = this.#cipher.decrypt(row.secret);
    if (secret === null) return null;
    const previous = this.#hasPrevious(row) ? this.#cipher.decrypt(row.previousSecret) : null;
    return previous === null ? [secret] : [secret, previous];
  }

  #first(userId: number): Promise<WebhookSecretEntity> {
    const secret = this.#cipher.encrypt(newWebhookSecret());
    return this.transactions.run(async (tx) => {
      await this.secrets.addFirst(tx, userId, secret, this.#now());
      return assertPresent(await this.secrets.find(userId), 'a first secret is there');
    });
  }

  #info(row: WebhookSecretEntity): SecretInfoOut {
    return {
      createdAt: row.createdAt,
      previousValidUntil: this.#hasPrevious(row) ? row.previousValidUntil : null,
    };
  }

  #hasPrevious(
    row: WebhookSecretEntity,
  ): row is WebhookSecretEntity & { readonly previousSecret: string; readonly previousValidUntil: Date } {
    return (
      row.previousSecret !== null && row.previousValidUntil !== null && row.previousValidUntil > this.#now()
    );
  }

  #now(): Date {
    return new Date(this.clock.now());
  }
}
