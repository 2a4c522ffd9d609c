import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AppConfig } from '#libs/config';
import { ACCESS_POLICY, type AccessPolicy, ADMINISTRATORS, type Role } from '#libs/http';
import { type Actor, AppError } from '#libs/kernel';
import { anonymousRefusal, credentialRefusal, emptyKeyRefusal, roleRefusal } from './access-refusals.js';
import { attribute } from './actor.js';
import { API_KEY_HEADER, ApiKeyStrategy } from './api-key.strategy.js';
import { type CredentialRequest, runStrategy } from './run-strategy.js';
import { TokenStrategy } from './token.strategy.js';
import { refused, type Verdict } from './verdict.js';

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
    const targets = [context.getHandler(), context.getClass()];
    const policy = this.reflector.getAllAndOverride<AccessPolicy | undefined>(ACCESS_POLICY, targets);
    if (policy !== undefined) return policy;
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
