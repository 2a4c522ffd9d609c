import type { AccessPolicy, Role } from '#libs/http';
import { AppError, type ErrorKind } from '#libs/kernel';
import type { CredentialRefusal } from './verdict.js';

type Mode = AccessPolicy['mode'];

/** Flexible routes say 403 where the others say 401; clients of the original rely on both. */
const kindFor = (mode: Mode): ErrorKind => (mode === 'flexible' ? 'forbidden' : 'unauthorized');

const TEXTS: Readonly<Record<CredentialRefusal, string>> = {
  invalid_api_key: 'Invalid API key',
  api_key_expired: 'API key has expired',
  invalid_token: 'Invalid or expired token',
  account_inactive: 'User account is not active',
};

/** A credential that leads to nobody who may act. A bad token is 401 on every route. */
export const credentialRefusal = (mode: Mode, refusal: CredentialRefusal): AppError =>
  new AppError(refusal === 'invalid_token' ? 'unauthorized' : kindFor(mode), TEXTS[refusal], {
    code: refusal,
  });

/** No credential where one is needed: always on strict routes (401), with `require_auth` on the others (403). */
export const anonymousRefusal = (mode: Mode): AppError =>
  new AppError(mode === 'strict' ? 'unauthorized' : 'forbidden', 'API key required', {
    code: 'api_key_required',
  });

/** The key's header without a key. */
export const emptyKeyRefusal = (mode: Mode): AppError =>
  mode === 'strict'
    ? anonymousRefusal(mode)
    : new AppError(kindFor(mode), 'API key cannot be empty', { code: 'api_key_empty' });

/** A good credential of the wrong role. Names the roles in the order of the route's declaration. */
export const roleRefusal = (roles: readonly Role[]): AppError =>
  new AppError('forbidden', `Insufficient permissions. Required roles: ${roles.join(', ')}`, {
    code: 'role_required',
  });
