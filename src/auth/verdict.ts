import type { CredentialOwner } from '../accounts/accounts.port.js';

/** Why a presented credential is refused. */
export type CredentialRefusal = 'invalid_api_key' | 'api_key_expired' | 'invalid_token' | 'account_inactive';

/**
 * What became of a presented credential. `owner` is known for refused ones too where the credential names an account,
 * so that refusals are attributed in the audit log.
 */
export type Verdict =
  | { readonly accepted: true; readonly owner: CredentialOwner; readonly sessionId: string | null }
  | { readonly accepted: false; readonly refusal: CredentialRefusal; readonly owner: CredentialOwner | null };

export const refused = (refusal: CredentialRefusal, owner: CredentialOwner | null = null): Verdict => ({
  accepted: false,
  refusal,
  owner,
});

export const accepted = (owner: CredentialOwner, sessionId: string | null = null): Verdict => ({
  accepted: true,
  owner,
  sessionId,
});
