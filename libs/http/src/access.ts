import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import { ApiBearerAuth, ApiExtension, ApiSecurity } from '@nestjs/swagger';
import type { Actor } from '#libs/kernel';

/** The seven roles. `admin` and `administrator` have the same rights. */
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
 * Who may call a route. A route without a policy refuses every caller, and a spec fails.
 * - `public`: anyone; credentials are not read.
 * - `flexible`: anonymous unless `REQUIRE_AUTH=true`; a bad key is refused with 403, a bad token with 401.
 * - `predict`: like `flexible`, but a bad key is refused with 401, as the original's clients expect.
 * - `strict`: a valid credential is required (401) and, if `roles` is given, one of these roles (403).
 */
export interface AccessPolicy {
  readonly mode: 'public' | 'flexible' | 'predict' | 'strict';
  /** Strict only: the allowed roles, in the order in which the error text names them; if absent, every role. */
  readonly roles?: readonly Role[];
}

/** Metadata key of the policy; endpoints plugins use the same one (`ROUTE_ACCESS` of the plugin SDK). */
export const ACCESS_POLICY = Symbol.for('prediction-provider.ROUTE_ACCESS');

const policy = (value: AccessPolicy, ...more: (MethodDecorator & ClassDecorator)[]) =>
  applyDecorators(
    SetMetadata(ACCESS_POLICY, value),
    ApiExtension('x-access-policy', { mode: value.mode, roles: value.roles ?? [] }),
    ...more,
  );
/** Creates new decorators for each route, because one of them keeps state about the routes before it. */
const credentials = () => [ApiSecurity('api-key'), ApiBearerAuth('bearer')];

/** Anyone may call the route. */
export const Public = () => policy({ mode: 'public' });
/** Anonymous callers may call the route, unless `require_auth` is set. */
export const Flexible = () => policy({ mode: 'flexible' }, ...credentials());
/** Like {@link Flexible}, but a bad key is refused with 401. */
export const PredictAccess = () => policy({ mode: 'predict' }, ...credentials());
/** The caller needs a credential and, if roles are given, one of them. */
export const Authenticated = (...roles: Role[]) =>
  policy(roles.length === 0 ? { mode: 'strict' } : { mode: 'strict', roles }, ...credentials());

/** The answer to a good credential of the wrong role; names the roles in the order of the route's declaration. */
export const roleRequired = (roles: readonly Role[]): string =>
  `Insufficient permissions. Required roles: ${roles.join(', ')}`;

/** The two roles that may do everything. */
export const ADMINISTRATORS = ['administrator', 'admin'] as const satisfies readonly Role[];

export const isAdministrator = (actor: Actor | null): boolean =>
  actor !== null && (actor.role === 'administrator' || actor.role === 'admin');

/** The authenticated caller, or null for an anonymous one. On a strict route it is never null. */
export const Caller = createParamDecorator((_: unknown, context: ExecutionContext): Actor | null => {
  const request = context.switchToHttp().getRequest<{ actor?: Actor }>();
  return request.actor ?? null;
});
