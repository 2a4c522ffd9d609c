import type { Role } from '#libs/http';

/** What an account pays for; decides how many marketplace jobs it may have open. */
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
