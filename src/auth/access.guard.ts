import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppConfig } from '#libs/config';
import { ACCESS_POLICY, type AccessPolicy, ADMINISTRATORS, type Role, roleRequired } from '#libs/http';
import { type Actor, AppError, type ErrorKind } from '#libs/kernel';
import { attribute } from './actor.js';
import { API_KEY_HEADER, ApiKeyStrategy } from './api-key.strategy.js';
import { TokenStrategy } from './token.strategy.js';
import { refused, type Verdict, type CredentialRefusal } from './verdict.js';

/** What the guard leaves on a request for `@Caller()` and `@Session()`. */
export interface AuthenticatedRequest extends CredentialRequest {
  actor?: Actor;
  sessionId?: string;
}

/**
 * Enforces the access policy of every route, and refuses routes that have none. The key wins when a key and a token
 * are sent. Whoever a credential belongs to is known to the request's context before any refusal.
 */
@Injectable()
export class AccessGuard implements CanActivate {
  /** Policies by handler; a handler that several controllers inherit may have one for each. */
  readonly #policies = new WeakMap<object, { readonly of: object; readonly policy: AccessPolicy }>();

  constructor(
    private readonly reflector: Reflector,
    private readonly apiKeys: ApiKeyStrategy,
    private readonly tokens: TokenStrategy,
    private readonly config: AppConfig,
  ) {}

  /** Answers at once where nothing has to be looked up: a promise costs Nest four more, a tenth of a synchronous answer. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const policy = this.#policyOf(context);
    if (policy.mode === 'public') return true;
    const request = context.switchToHttp().getRequest<AuthenticatedRequest>();
    return presentsNothing(request) ? this.#admitAnonymous(policy) : this.#admit(request, policy);
  }

  async #admit(request: AuthenticatedRequest, policy: AccessPolicy): Promise<boolean> {
    const verdict = await this.#judge(request, policy);
    const actor = verdict.owner === null ? null : attribute(verdict.owner);
    if (!verdict.accepted) throw credentialRefusal(policy.mode, verdict.refusal);
    if (!mayEnter(verdict.owner.role, policy.roles)) throw roleRefusal(policy.roles ?? []);
    if (actor !== null) request.actor = actor;
    if (verdict.sessionId !== null) request.sessionId = verdict.sessionId;
    return true;
  }

  #policyOf(context: ExecutionContext): AccessPolicy {
    const targets = [context.getHandler(), context.getClass()] as const;
    const known = this.#policies.get(targets[0]);
    if (known?.of === targets[1]) return known.policy;
    const policy = this.reflector.getAllAndOverride<AccessPolicy | undefined>(ACCESS_POLICY, [...targets]);
    if (policy !== undefined) {
      this.#policies.set(targets[0], { of: targets[1], policy });
      return policy;
    }
    throw new AppError('internal', `${context.getClass().name} has a route without an access policy`);
  }

  /** A key header wins over a token, an empty one too: it is a fault of the client. */
  async #judge(request: CredentialRequest, { mode }: AccessPolicy): Promise<Verdict> {
    const key = request.headers[API_KEY_HEADER];
    if (key === '') throw emptyKeyRefusal(mode);
    if (key !== undefined) return (await runStrategy(this.apiKeys, request)) ?? refused('invalid_api_key');
    return (await runStrategy(this.tokens, request)) ?? refused('invalid_token');
  }

  #admitAnonymous({ mode }: AccessPolicy): boolean {
    if (mode !== 'strict' && !this.config.require_auth) return true;
    throw anonymousRefusal(mode);
  }
}

/** Other schemes (a proxy's Basic, say) are not meant for us and count as nothing. */
const isBearer = (header: string | string[] | undefined): boolean =>
  typeof header === 'string' && /^bearer(\s|$)/i.test(header);

const presentsNothing = ({ headers }: CredentialRequest): boolean =>
  headers[API_KEY_HEADER] === undefined && !isBearer(headers['authorization']);

const isAdministrators = (role: Role): boolean => ADMINISTRATORS.some((name) => name === role);

const mayEnter = (role: Role, roles: readonly Role[] | undefined): boolean =>
  roles === undefined || roles.includes(role) || (isAdministrators(role) && roles.some(isAdministrators));

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
const credentialRefusal = (mode: Mode, refusal: CredentialRefusal): AppError =>
  new AppError(refusal === 'invalid_token' ? 'unauthorized' : kindFor(mode), TEXTS[refusal], {
    code: refusal,
  });

/** No credential where one is needed: always on strict routes (401), with `require_auth` on the others (403). */
const anonymousRefusal = (mode: Mode): AppError =>
  new AppError(mode === 'strict' ? 'unauthorized' : 'forbidden', 'API key required', {
    code: 'api_key_required',
  });

/** The key's header without a key. */
const emptyKeyRefusal = (mode: Mode): AppError =>
  mode === 'strict'
    ? anonymousRefusal(mode)
    : new AppError(kindFor(mode), 'API key cannot be empty', { code: 'api_key_empty' });

const roleRefusal = (roles: readonly Role[]): AppError =>
  new AppError('forbidden', roleRequired(roles), { code: 'role_required' });

/** What strategies read of a request. */
interface CredentialRequest {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** A passport strategy, as far as it is called here. */
interface Strategy {
  authenticate(request: never, options?: unknown): void;
}

/**
 * Runs one passport strategy over a request. Passport itself keeps strategies in a registry of the whole process,
 * where a second application (a test, another tenant) would replace the first one's, and adds login functions to each
 * request; its contract for a strategy (success, fail, error on an object made for the request) is all that is needed.
 * @returns the strategy's verdict, or null when it found no credential or one that it can't read
 */
function runStrategy(strategy: Strategy, request: CredentialRequest): Promise<Verdict | null> {
  return new Promise((resolve, reject) => {
    const attempt = Object.create(strategy) as Strategy & {
      success(verdict: Verdict): void;
      fail(): void;
      error(error: unknown): void;
    };
    attempt.success = resolve;
    attempt.fail = () => resolve(null);
    attempt.error = reject;
    attempt.authenticate(request as never);
  });
}
