import type { Transaction } from '#libs/database';
import type { PageWindow, Role } from '#libs/http';
import { type Actor, AppError } from '#libs/kernel';

/** What an account pays for; decides how many orders it may have open. */
export const SUBSCRIPTION_TIERS = ['basic', 'premium', 'enterprise'] as const;
export type SubscriptionTier = (typeof SUBSCRIPTION_TIERS)[number];

/** An account as the rest of the code sees it: no hashes, the role by its stored name. */
export interface User {
  readonly id: number;
  readonly username: string;
  readonly email: string;
  readonly role: Role;
  readonly isActive: boolean;
  readonly subscriptionTier: SubscriptionTier;
  /** For invoices, line by name. */
  readonly billingAddress: Readonly<Record<string, string>> | null;
  /** Remarks for administrators; never for the account itself. */
  readonly notes: string | null;
  readonly createdAt: Date;
  readonly lastLogin: Date | null;
}

/** The address pattern of the contract; for stored addresses, not for proof that mail arrives. */
export const EMAIL_PATTERN = /^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$/;
export const EMAIL_MAX_LENGTH = 254;

/** Printable, and neither beginning nor ending with a blank: such names can't be told apart on a screen. */
export const USERNAME_PATTERN = /^(?!\s)[^\p{C}]+(?<!\s)$/u;
export const USERNAME_MAX_LENGTH = 50;

export const PASSWORD_MIN_LENGTH = 8;
/** Longer ones are refused before they are hashed. */
export const PASSWORD_MAX_LENGTH = 1024;

/** An account to be made. */
export interface NewAccount {
  readonly username: string;
  readonly email: string;
  /** A role's name; one that does not exist is refused. */
  readonly role: string;
  /** Absent: the configured first password, or a random one that is returned once. */
  readonly password?: string;
  readonly isActive: boolean;
  readonly subscriptionTier?: SubscriptionTier;
  /** Micro-units of USD, as a record of what the account began with; granting them is the caller's work. */
  readonly initialCreditsMicros?: number;
  readonly billingAddress?: Readonly<Record<string, string>> | null;
}

/** The account, with secrets that are shown only once. */
export interface CreatedAccount {
  readonly user: User;
  readonly apiKey: string;
  /** The random first password; null when one was given or is configured. */
  readonly initialPassword: string | null;
}

/** What an administrator may change of an account. */
export interface AccountUpdate extends Partial<
  Pick<User, 'isActive' | 'role' | 'subscriptionTier' | 'billingAddress'>
> {
  readonly notes?: string;
}

/** Which accounts a listing shows. All given conditions must hold. */
export interface UserFilter {
  readonly roles?: readonly Role[];
  readonly isActive?: boolean;
  readonly subscriptionTier?: SubscriptionTier;
  readonly createdAfter?: Date;
  /** Part of the name or the address, in any case. */
  readonly search?: string;
}

/** The answer about an account that does not exist. */
export const userNotFound = (): AppError =>
  new AppError('not_found', 'User not found', { code: 'user_not_found' });

/** Accounts: made, read and changed. Deleted ones do not exist here. */
export abstract class Accounts {
  /**
   * Makes an account with an API key.
   * @param duplicates how a taken name or address is answered: 400 that names the field, or one 409 for both
   * @param within what belongs into the same transaction, once the account exists
   * @throws AppError `bad_request` for an unknown role, `bad_request` or `conflict` for a taken name or address
   */
  abstract create(
    account: NewAccount,
    duplicates: 'bad_request' | 'conflict',
    within?: (tx: Transaction, user: User) => Promise<unknown>,
  ): Promise<CreatedAccount>;
  /** Null for an unknown id. */
  abstract find(id: number): Promise<User | null>;
  /** Oldest account first. */
  abstract list(filter: UserFilter, page: PageWindow): Promise<readonly User[]>;
  abstract count(filter: UserFilter): Promise<number>;
  /** @throws AppError `not_found` */
  abstract activate(username: string): Promise<User>;
  /** @throws AppError `not_found`; `bad_request` for the caller's own account and for the last administrator */
  abstract deactivate(username: string, caller: Actor): Promise<User>;
  /** @throws AppError `not_found`; `bad_request` as for {@link deactivate} and for a demotion of the last administrator */
  abstract update(id: number, update: AccountUpdate, caller: Actor): Promise<User>;
  /**
   * Ends an account. `delete` also takes its key away and hides it; the row stays for records that refer to it.
   * @throws AppError `not_found`; `bad_request` for the caller's own account and for the last administrator
   */
  abstract remove(id: number, action: 'deactivate' | 'delete', caller: Actor): Promise<User>;
  /** @throws AppError `bad_request` when another account has the address */
  abstract changeEmail(id: number, email: string): Promise<void>;
}

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

/** The result of checking a name and a password. */
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
  /** The network that the account is known to log in from, from now on. */
  readonly network: string;
  readonly userAgent: string | null;
  readonly expiresAt: Date;
}

/** A change of a password by its owner. */
export interface NewPassword {
  readonly old: string;
  readonly new: string;
  /** Also removes the account's API key. */
  readonly revokeApiKey: boolean;
}

/** A freshly issued key; the only time its text is known. */
export interface IssuedApiKey {
  readonly apiKey: string;
  readonly expiresInDays: number;
}

/** What may be shown about an existing key. */
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
  /**
   * Replaces the account's key; the old one stops at once.
   * @param network where a password was given for it; the account is known to log in from there, from now on
   */
  abstract issueApiKey(userId: number, network?: string): Promise<IssuedApiKey>;
  /** Whether the account logged in from this network within `login_known_days`; false for an unknown name. */
  abstract knowsNetwork(username: string, network: string): Promise<boolean>;
  /** Null when the account has no key. */
  abstract describeApiKey(userId: number): Promise<ApiKeyInfo | null>;
  /**
   * Sets a new password, revokes all tokens and forgets the networks that the account is known from. The API key stays,
   * unless it is to be removed. False when the old password is wrong.
   * @throws AppError `unavailable` when too many passwords wait to be checked
   */
  abstract changePassword(userId: number, change: NewPassword): Promise<boolean>;
  /** Notes that a credential was used; written to the database a little later. */
  abstract noteUse(use: { readonly apiKeyOf: number } | { readonly sessionId: string }): void;
}

/** Who is who, for domains that show names or filter by them. Deleted accounts are included: their traces remain. */
export abstract class UserDirectory {
  /** Null for an unknown name. */
  abstract idOf(username: string): Promise<number | null>;
  /** Names by id; unknown ids are left out. At most 1,000 ids a call. */
  abstract usernames(ids: readonly number[]): Promise<ReadonlyMap<number, string>>;
  /** Accounts that are not deleted, and how many of these are active. */
  abstract counts(): Promise<{ readonly total: number; readonly active: number }>;
}

/** To whom an invoice is addressed. */
export interface Payer {
  readonly username: string;
  readonly email: string;
  readonly billingAddress: Readonly<Record<string, string>> | null;
}

/** Accounts as parties of a trade. */
export abstract class TradingParties {
  /** Null for an unknown name. */
  abstract idOf(username: string): Promise<number | null>;
  /** Those that are active and not deleted. At most 1,000 ids a call. */
  abstract activeAmong(ids: readonly number[]): Promise<ReadonlySet<number>>;
  /** Null for an unknown id; deleted accounts are included: their bills remain. */
  abstract payer(id: number): Promise<Payer | null>;
}

/** What accounts pay for. */
export abstract class Subscriptions {
  /** `basic` for an unknown id. */
  abstract tierOf(id: number): Promise<SubscriptionTier>;
}
