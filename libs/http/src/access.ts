import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiSecurity } from '@nestjs/swagger';
import type { Actor } from '#libs/kernel';

/** The seven role names. `admin` and `administrator` are one right under two names. */
export const ROLES = [
  'administrator',
  'admin',
  'provider',
  'client',
  'evaluator',
  'operator',
  'guest',
] as const;
export type Role = (typeof ROLES)[number];

/**
 * Who may call a route. Routes are closed: one without a policy is refused and fails the policy test.
 * - `public`: anyone, credentials are not looked at.
 * - `flexible`: anonymous unless `REQUIRE_AUTH=true`; a credential that is sent must be good (403 otherwise).
 * - `predict`: as flexible, but a bad credential is answered with 401, as the original's clients expect.
 * - `strict`: a good credential (401) and, when `roles` is given, one of these roles (403).
 */
export interface AccessPolicy {
  readonly mode: 'public' | 'flexible' | 'predict' | 'strict';
  /** Strict only: allowed roles in the order they are named in the error text; every role when absent. */
  readonly roles?: readonly Role[];
}

/** The key by which endpoints plugins state theirs, too (`ROUTE_ACCESS` of the plugin SDK). */
export const ACCESS_POLICY = Symbol.for('prediction-provider.ROUTE_ACCESS');

const policy = (value: AccessPolicy, ...more: (MethodDecorator & ClassDecorator)[]) =>
  applyDecorators(
    SetMetadata(ACCESS_POLICY, value),
    ApiExtension('x-access-policy', { mode: value.mode, roles: value.roles ?? [] }),
    ...more,
  );
/** Made anew for each route: one of these decorators remembers the routes before it. */
const credentials = () => [ApiSecurity('api-key'), ApiBearerAuth('bearer')];

/** Anyone may call it. */
export const Public = () => policy({ mode: 'public' });
/** Mode F of the contract. */
export const Flexible = () => policy({ mode: 'flexible' }, ...credentials());
/** Mode P of the contract. */
export const PredictAccess = () => policy({ mode: 'predict' }, ...credentials());
/** Mode S of the contract: a credential and, when named, one of these roles. */
export const Authenticated = (...roles: Role[]) =>
  policy(roles.length === 0 ? { mode: 'strict' } : { mode: 'strict', roles }, ...credentials());

/** The two names of the right to do everything. */
export const ADMINISTRATORS = ['administrator', 'admin'] as const satisfies readonly Role[];

export const isAdministrator = (actor: Actor | null): boolean =>
  actor !== null && (actor.role === 'administrator' || actor.role === 'admin');

/** The authenticated caller, or null for an anonymous one. In a strict route it is never null. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Actor | null => {
  const request = context.switchToHttp().getRequest<{ actor?: Actor }>();
  return request.actor ?? null;
});
