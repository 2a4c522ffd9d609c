import type { ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Authenticated, Flexible, PredictAccess, Public, type Role } from '#libs/http';
import { type AppError, type OperationContext, runInContext } from '#libs/kernel';
import { configOf, FakeClock, partial } from '#libs/testing';
import { AccessGuard, type AuthenticatedRequest } from '../../../src/auth/access.guard.js';
import { ApiKeyStrategy } from '../../../src/auth/api-key.strategy.js';
import { TokenStrategy } from '../../../src/auth/token.strategy.js';
import type { Credentials } from '../../../src/accounts/accounts.port.js';

export const SECRET = 'a secret of the specs, long enough to be taken';

/** A route of each kind. */
export class Routes {
  @Public() public(): void {}
  @Flexible() flexible(): void {}
  @PredictAccess() predict(): void {}
  @Authenticated() strict(): void {}
  @Authenticated('provider', 'administrator', 'admin') providers(): void {}
  @Authenticated('administrator') administrators(): void {}
  @Authenticated('admin') admins(): void {}
  forgotten(): void {}
}
export type Route = Exclude<keyof Routes, symbol>;

const STATUS: Readonly<Record<string, number>> = { unauthorized: 401, forbidden: 403, internal: 500 };

export const key = (text: string) => ({ 'x-api-key': text });
export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** The `jti` of a session of each of these accounts; `closed` was one of the client's. */
export const SESSIONS = {
  client: '00000000-0000-4000-8000-000000000001',
  sleeper: '00000000-0000-4000-8000-000000000002',
  closed: '00000000-0000-4000-8000-000000000003',
} as const;

/** The guard with its real strategies over accounts that need no database. */
export class GuardBench {
  readonly clock = new FakeClock();
  readonly credentials = new FakeCredentials(this.clock);
  readonly operation: OperationContext = { requestId: 'spec' };
  /** The request of the last {@link enter}. */
  request: AuthenticatedRequest = { headers: {} };

  /** `as NAME`, or the status and text of the refusal. */
  async enter(
    route: Route,
    headers: Readonly<Record<string, string>> = {},
    { requireAuth = false } = {},
  ): Promise<string> {
    const settings = configOf({ require_auth: requireAuth, secret_key: SECRET });
    const credentials = partial<Credentials>(this.credentials);
    const guard = new AccessGuard(
      new Reflector(),
      new ApiKeyStrategy(credentials, this.clock),
      new TokenStrategy(credentials, this.clock, settings),
      settings,
    );
    const request: AuthenticatedRequest = { headers };
    this.request = request;
    const context = {
      getHandler: () => Routes.prototype[route],
      getClass: () => Routes,
      switchToHttp: () => ({ getRequest: () => request }),
    } as unknown as ExecutionContext;
    return runInContext(this.operation, async () => guard.canActivate(context)).then(
      (allowed) => (allowed ? `as ${request.actor?.username ?? 'anonymous'}` : 'refused'),
      (error: unknown) => `${STATUS[(error as AppError).kind] ?? '?'} ${(error as AppError).detail}`,
    );
  }
}

interface FakeOwner {
  readonly role: Role;
  readonly isActive: boolean;
  readonly expiresAtMs: number | null;
}

/** Seven accounts named like their roles with the key `<role> key`, and a few that are special. */
class FakeCredentials {
  readonly uses: unknown[] = [];
  readonly #owners: ReadonlyMap<string, FakeOwner>;

  constructor(clock: FakeClock) {
    const roles = ['administrator', 'admin', 'provider', 'client', 'evaluator', 'operator', 'guest'] as const;
    this.#owners = new Map<string, FakeOwner>([
      ...roles.map((role) => [role, { role, isActive: true, expiresAtMs: null }] as const),
      ['sleeper', { role: 'client', isActive: false, expiresAtMs: null }],
      ['late', { role: 'client', isActive: true, expiresAtMs: clock.now() }],
      ['short', { role: 'client', isActive: true, expiresAtMs: clock.now() + 1_000 }],
    ]);
  }

  async findByApiKey(apiKey: string) {
    return this.#owner(/^(\w+) key$/.exec(apiKey)?.[1]);
  }

  async findBySession(sessionId: string) {
    const isOpen = sessionId !== SESSIONS.closed;
    const [username] = Object.entries(SESSIONS).find(([, id]) => id === sessionId) ?? [];
    const owner = this.#owner(isOpen ? username : 'client');
    return owner === null ? null : { ...owner, tokenVersion: 3, isOpen };
  }

  noteUse(use: unknown): void {
    this.uses.push(use);
  }

  #owner(username = '') {
    const owner = this.#owners.get(username);
    return owner === undefined
      ? null
      : { ...owner, username, userId: [...this.#owners.keys()].indexOf(username) + 1 };
  }
}
