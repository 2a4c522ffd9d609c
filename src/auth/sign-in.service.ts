import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AppConfig } from '#libs/config';
import { AppError, Clock, newUuid } from '#libs/kernel';
import { type CredentialOwner, Credentials, type IssuedApiKey } from '../accounts/accounts.port.js';
import { attribute } from './actor.js';
import { LoginLimiter } from './login-limiter.js';

/** Where a request comes from, as a session remembers it. */
export interface RequestOrigin {
  readonly address: string;
  /** The caller as limits count it. */
  readonly network: string;
  readonly userAgent: string | null;
}

/** Somebody with a name and a password. */
interface SignInRequest extends RequestOrigin {
  readonly username: string;
  readonly password: string;
}

const MAX_USER_AGENT = 256;
const MAX_ADDRESS = 45;

/** Lets people in by name and password: for a token, or for a new API key. */
@Injectable()
export class SignIn {
  constructor(
    private readonly credentials: Credentials,
    private readonly limiter: LoginLimiter,
    private readonly jwt: JwtService,
    private readonly clock: Clock,
    private readonly config: AppConfig,
  ) {}

  /** @returns a signed token @throws AppError `unauthorized`, `too_many` */
  async forToken(request: SignInRequest): Promise<string> {
    const { userId, username } = await this.#authenticate(request);
    const issuedAt = Math.floor(this.clock.now() / 1000);
    const expiresAt = issuedAt + this.config.access_token_expire_minutes * 60;
    const id = newUuid();
    const version = await this.credentials.openSession({
      id,
      userId,
      address: request.address.slice(0, MAX_ADDRESS),
      network: request.network,
      userAgent: request.userAgent?.slice(0, MAX_USER_AGENT) ?? null,
      expiresAt: new Date(expiresAt * 1000),
    });
    return this.jwt.sign({ sub: username, iat: issuedAt, exp: expiresAt, jti: id, ver: version });
  }

  /** Replaces the account's key. @throws AppError `unauthorized`, `too_many` */
  async forApiKey(request: SignInRequest): Promise<IssuedApiKey> {
    const { userId } = await this.#authenticate(request);
    return this.credentials.issueApiKey(userId, request.network);
  }

  async #authenticate(request: SignInRequest): Promise<CredentialOwner> {
    const { network, username, password } = request;
    const isKnown = (): Promise<boolean> => this.credentials.knowsNetwork(username, network);
    const checked = await this.limiter.attempt({ network, username, isKnown }, async () => {
      const value = await this.credentials.checkPassword(username, password);
      return { counts: COUNTS[value.outcome], value };
    });
    if (checked.outcome === 'wrong') {
      throw new AppError('unauthorized', 'Invalid username or password', { code: 'invalid_login' });
    }
    attribute(checked.owner); // the password proves who it is, an inactive account too
    if (checked.outcome === 'right') return checked.owner;
    throw new AppError('unauthorized', 'User account is not active', { code: 'account_inactive' });
  }
}

const COUNTS = { right: 'success', wrong: 'failure', inactive: 'neutral' } as const;
