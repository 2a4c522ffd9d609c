import { Injectable } from '@nestjs/common';
import { AppConfig } from '#libs/config';
import { type Transaction, TransactionRunner } from '#libs/database';
import { AppError, Clock, DAY_MS } from '#libs/kernel';
import { hashApiKey, newApiKey } from './api-key.js';
import { BatchedLookup } from './batched-lookup.js';
import { CredentialRepository, type PasswordHolder } from './credential.repository.js';
import { CredentialUses } from './credential-uses.js';
import { PasswordHasher } from './password-hasher.js';
import {
  type ApiKeyInfo,
  type ApiKeyOwner,
  Credentials,
  type IssuedApiKey,
  type NewPassword,
  type NewSession,
  type PasswordCheck,
  type SessionOwner,
} from './accounts.port.js';

/** {@link Credentials} over the tables `users` and `user_sessions`. */
@Injectable()
export class StoredCredentials implements Credentials {
  readonly #keyLifeDays: number;
  readonly #knownMs: number;
  readonly #keys: BatchedLookup<ApiKeyOwner>;
  readonly #sessions: BatchedLookup<SessionOwner>;

  constructor(
    private readonly repository: CredentialRepository,
    private readonly hasher: PasswordHasher,
    private readonly uses: CredentialUses,
    private readonly transactions: TransactionRunner,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    this.#keyLifeDays = config.api_key_expire_days;
    this.#knownMs = config.login_known_days * DAY_MS;
    this.#keys = new BatchedLookup((hashes) => repository.byApiKeyHashes(hashes));
    this.#sessions = new BatchedLookup((ids) => repository.bySessions(ids));
  }

  findByApiKey(apiKey: string): Promise<ApiKeyOwner | null> {
    return this.#keys.load(hashApiKey(apiKey));
  }

  findBySession(sessionId: string): Promise<SessionOwner | null> {
    return this.#sessions.load(sessionId);
  }

  async checkPassword(username: string, password: string): Promise<PasswordCheck> {
    const holder = await this.repository.passwordByUsername(username);
    const isRight =
      holder === null
        ? await this.hasher.verifyForNobody(password)
        : await this.hasher.verify(password, holder.hashedPassword);
    if (holder === null || !isRight) return { outcome: 'wrong' };
    await this.#renewOutdatedHash(holder, password);
    const { hashedPassword: _, ...owner } = holder;
    return { outcome: owner.isActive ? 'right' : 'inactive', owner };
  }

  openSession(session: NewSession): Promise<number> {
    const now = new Date(this.clock.now());
    return this.transactions.run(async (tx) => {
      await this.#rememberNetwork(tx, session.userId, session.network);
      return this.repository.openSession(tx, session, now);
    });
  }

  closeSession(sessionId: string): Promise<void> {
    return this.transactions.run((tx) => this.repository.closeSession(tx, sessionId));
  }

  async issueApiKey(userId: number, network?: string): Promise<IssuedApiKey> {
    const key = this.newKey();
    const isStored = await this.transactions.run(async (tx) => {
      if (network !== undefined) await this.#rememberNetwork(tx, userId, network);
      return this.repository.setApiKey(tx, userId, key);
    });
    if (!isStored) throw new AppError('not_found', 'User not found');
    return { apiKey: key.apiKey, expiresInDays: this.#keyLifeDays };
  }

  knowsNetwork(username: string, network: string): Promise<boolean> {
    return this.repository.knowsNetwork(username, network, this.#knownSince());
  }

  #rememberNetwork(tx: Transaction, userId: number, network: string): Promise<void> {
    const at = new Date(this.clock.now());
    return this.repository.rememberNetwork(tx, { userId, network, at, since: this.#knownSince() });
  }

  #knownSince(): Date {
    return new Date(this.clock.now() - this.#knownMs);
  }

  /** A new key (or the given text as one) with what is stored of it. */
  newKey(apiKey = newApiKey()) {
    const createdAt = new Date(this.clock.now());
    return {
      apiKey,
      hash: hashApiKey(apiKey),
      createdAt,
      expiresAt: new Date(createdAt.getTime() + this.#keyLifeDays * DAY_MS),
    };
  }

  describeApiKey(userId: number): Promise<ApiKeyInfo | null> {
    return this.repository.describeApiKey(userId);
  }

  async changePassword(userId: number, change: NewPassword): Promise<boolean> {
    const holder = await this.repository.passwordById(userId);
    if (holder === null || !(await this.hasher.verify(change.old, holder.hashedPassword))) return false;
    const hashes = {
      from: holder.hashedPassword,
      to: await this.hasher.hash(change.new),
      revokeTokens: true,
    };
    return this.transactions.run(async (tx) => {
      const isChanged = await this.repository.replacePassword(tx, userId, hashes);
      if (isChanged) await this.repository.forgetNetworks(tx, userId);
      if (isChanged && change.revokeApiKey) await this.repository.removeApiKey(tx, userId);
      return isChanged;
    });
  }

  noteUse(use: { readonly apiKeyOf: number } | { readonly sessionId: string }): void {
    if ('sessionId' in use) this.uses.noteSession(use.sessionId);
    else this.uses.noteKey(use.apiKeyOf);
  }

  /** Only now is the password known in clear, so this is when its hash can be made anew. */
  async #renewOutdatedHash(holder: PasswordHolder, password: string): Promise<void> {
    if (!this.hasher.isOutdated(holder.hashedPassword)) return;
    const change = {
      from: holder.hashedPassword,
      to: await this.hasher.hash(password),
      revokeTokens: false,
    };
    await this.transactions.run((tx) => this.repository.replacePassword(tx, holder.userId, change));
  }
}
