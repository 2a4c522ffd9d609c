import type { DatabaseScope } from '#libs/database';
import type { Role } from '#libs/http';

/** What a credential leads to. `role` is the stored name. */
export interface CredentialOwner {
  readonly userId: number;
  readonly username: string;
  readonly role: Role;
  readonly isActive: boolean;
}

/** The owner of a presented API key. */
export interface ApiKeyOwner extends CredentialOwner {
  /** The moment (epoch ms) from which the key is refused; null for an imported key without one. */
  readonly expiresAtMs: number | null;
}

/** The owner of a login session, by the `jti` of a presented token. */
export interface SessionOwner extends CredentialOwner {
  /** Tokens of an older version are revoked. */
  readonly tokenVersion: number;
  /** False after logout. */
  readonly isOpen: boolean;
}

/** What is asked when somebody signs in with a name and a password. */
export type PasswordCheck =
  | { readonly outcome: 'wrong' }
  | { readonly outcome: 'inactive'; readonly owner: CredentialOwner }
  | { readonly outcome: 'right'; readonly owner: CredentialOwner };

/** A login to be remembered. */
export interface NewSession {
  /** UUID; the token's `jti`. */
  readonly id: string;
  readonly userId: number;
  readonly address: string;
  readonly userAgent: string | null;
  readonly expiresAt: Date;
}

/** A freshly issued key; the only time its text is known. */
export interface IssuedApiKey {
  readonly apiKey: string;
  readonly expiresInDays: number;
}

/** What may be told about a key that exists. */
export interface ApiKeyInfo {
  readonly createdAt: Date | null;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

/** Accounts' secrets, for the domain that lets people in. Times are UTC. */
export abstract class Credentials {
  /** The owner of a key, whatever the key's or account's state; null for an unknown key. Always read from the database. */
  abstract findByApiKey(apiKey: string): Promise<ApiKeyOwner | null>;
  /** The owner of a session; null for an unknown one. Always read from the database. */
  abstract findBySession(sessionId: string): Promise<SessionOwner | null>;
  /**
   * Checks a name and a password in the same time whether or not the name exists; brings an outdated hash up to date.
   * @throws AppError `unavailable` when too many passwords wait to be checked
   */
  abstract checkPassword(username: string, password: string): Promise<PasswordCheck>;
  /** Remembers a login and forgets the account's expired ones. Returns the token version to issue under. */
  abstract openSession(session: NewSession): Promise<number>;
  /** Revokes one token; unknown ids are ignored. */
  abstract closeSession(sessionId: string): Promise<void>;
  /** Replaces the account's key; the old one stops at once. */
  abstract issueApiKey(userId: number): Promise<IssuedApiKey>;
  /** Null when the account has no key. */
  abstract describeApiKey(userId: number): Promise<ApiKeyInfo | null>;
  /**
   * Sets a new password and revokes all tokens. False when the old one is wrong.
   * @throws AppError `unavailable` when too many passwords wait to be checked
   */
  abstract changePassword(userId: number, oldPassword: string, newPassword: string): Promise<boolean>;
  /** Notes that a credential was used; written to the database a little later. */
  abstract noteUse(use: { readonly apiKeyOf: number } | { readonly sessionId: string }): void;
}

/** Who is who, for domains that show names or filter by them. Deleted accounts are included: their traces remain. */
export abstract class UserDirectory {
  /** Null for an unknown name. */
  abstract idOf(username: string): Promise<number | null>;
  /** Names by id; unknown ids are left out. At most 1,000 ids a call. Inside of a transaction hand its scope on. */
  abstract usernames(ids: readonly number[], scope?: DatabaseScope): Promise<ReadonlyMap<number, string>>;
  /** Accounts that are not deleted, and how many of these are active. */
  abstract counts(): Promise<{ readonly total: number; readonly active: number }>;
}

/** To whom an invoice is addressed. */
export interface Payer {
  readonly username: string;
  readonly email: string;
  readonly billingAddress: Readonly<Record<string, string>> | null;
}

/**
 * Accounts as parties of a trade. Inside of a transaction hand its scope on: on PostgreSQL a read beside it would need
 * a second connection while the first is held.
 */
export abstract class TradingParties {
  /** Null for an unknown name. */
  abstract idOf(username: string, scope?: DatabaseScope): Promise<number | null>;
  /** Those that are active and not deleted. At most 1,000 ids a call. */
  abstract activeAmong(ids: readonly number[], scope?: DatabaseScope): Promise<ReadonlySet<number>>;
  /** Null for an unknown id; deleted accounts are included: their bills remain. */
  abstract payer(id: number, scope?: DatabaseScope): Promise<Payer | null>;
}

/** What accounts pay for. */
export abstract class Subscriptions {
  /** `basic` for an unknown id. Inside of a transaction hand its scope on. */
  abstract tierOf(id: number, scope?: DatabaseScope): Promise<'basic' | 'premium' | 'enterprise'>;
}
