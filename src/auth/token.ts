/** Signature of login tokens. Pinned: what a token's own header says counts for nothing. */
export const TOKEN_ALGORITHM = 'HS256';

/** What a login token says. Times are in whole seconds since the epoch. */
export interface TokenClaims {
  /** The user name. */
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
  /** The login session, a UUID. */
  readonly jti: string;
  /** The account's token version at the time of issue; a raised one revokes the token. */
  readonly ver: number;
}

/** Whether a verified payload has all claims in their types; tokens of others signed with the same secret do not. */
export function isTokenClaims(payload: unknown): payload is TokenClaims {
  if (typeof payload !== 'object' || payload === null) return false;
  const { sub, iat, exp, jti, ver } = payload as Record<string, unknown>;
  return (
    typeof sub === 'string' &&
    typeof jti === 'string' &&
    [iat, exp, ver].every((claim) => typeof claim === 'number' && Number.isFinite(claim))
  );
}
