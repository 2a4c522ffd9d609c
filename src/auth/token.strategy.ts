import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import { AppConfig, secretKeysOf } from '#libs/config';
import { Clock, isRecord, isUuid } from '#libs/kernel';
import { ExtractJwt, type SecretOrKeyProvider, Strategy } from 'passport-jwt';
import { Credentials } from '../accounts/accounts.port.js';
import { accepted, refused, type Verdict } from './verdict.js';

/** Signature of login tokens. Pinned: what a token's own header says counts for nothing. */
export const TOKEN_ALGORITHM = 'HS256';

/** What a login token says. Times are in whole seconds since the epoch. */
interface TokenClaims {
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
function isTokenClaims(payload: unknown): payload is TokenClaims {
  if (!isRecord(payload)) return false;
  const { sub, iat, exp, jti, ver } = payload;
  return (
    typeof sub === 'string' &&
    typeof jti === 'string' &&
    isUuid(jti) &&
    [iat, exp, ver].every((claim) => typeof claim === 'number' && Number.isFinite(claim))
  );
}

/** Whether the payload of an unverified token is a JSON object. The library throws over the claims of any other. */
function hasClaims(token: string): boolean {
  const [, payload = ''] = token.split('.');
  try {
    return isRecord(JSON.parse(Buffer.from(payload, 'base64url').toString()));
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** The key that signed the token, else the present one, under which it is refused. The library knows one key at a time. */
function signerOf(token: string, keys: readonly KeyObject[]): KeyObject | undefined {
  if (keys.length === 1) return keys[0];
  const end = token.lastIndexOf('.');
  const signature = Buffer.from(token.slice(end + 1), 'base64url');
  const hasSigned = (key: KeyObject): boolean => {
    const own = createHmac('sha256', key).update(token.slice(0, end)).digest();
    return own.length === signature.length && timingSafeEqual(own, signature);
  };
  return keys.find(hasSigned) ?? keys[0];
}

/**
 * The secret as a key object, for tokens with claims. A secret as text is first tried as a public key for each token,
 * which takes half a millisecond; the type of the library's callback knows text only.
 */
const provided =
  (keys: readonly KeyObject[]): SecretOrKeyProvider =>
  (_request, token: string, done) =>
    hasClaims(token)
      ? (done as unknown as (error: null, key: KeyObject | undefined) => void)(null, signerOf(token, keys))
      : done(new Error('the payload of the token is no JSON object'));

/**
 * Resolves `Authorization: Bearer`: signature, expiry, an open session of an active account, the account's present
 * token version. Each request asks the database, so that a revocation holds at once.
 */
@Injectable()
export class TokenStrategy extends PassportStrategy(Strategy, 'jwt') {
  constructor(
    private readonly credentials: Credentials,
    private readonly clock: Clock,
    config: AppConfig,
  ) {
    super({
      jwtFromRequest: ExtractJwt.fromAuthHeaderAsBearerToken(),
      secretOrKeyProvider: provided(secretKeysOf(config).map((key) => createSecretKey(key, 'utf8'))),
      algorithms: [TOKEN_ALGORITHM],
      // The library reads the system's clock; `validate` checks the expiry on the product's.
      ignoreExpiration: true,
    });
  }

  async validate(payload: unknown): Promise<Verdict> {
    if (!isTokenClaims(payload) || payload.exp * 1000 <= this.clock.now()) return refused('invalid_token');
    const owner = await this.credentials.findBySession(payload.jti);
    if (owner === null || owner.username !== payload.sub) return refused('invalid_token');
    if (!owner.isActive) return refused('account_inactive', owner);
    if (!owner.isOpen || owner.tokenVersion !== payload.ver) return refused('invalid_token', owner);
    this.credentials.noteUse({ sessionId: payload.jti });
    return accepted(owner, payload.jti);
  }
}
