import { type CanActivate, type ExecutionContext, Injectable } from '@nestjs/common';
import { AppConfig, type RouteGroup } from '#libs/config';
import { requestContext } from '#libs/http';
import { AppError } from '#libs/kernel';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { RateLimitStorage } from './rate-limit-storage.js';
import { routeGroupOf } from './route-groups.js';

type Limits = Readonly<Partial<Record<RouteGroup, number>>>;

function isEmpty(limits: object): boolean {
  for (const group in limits) if (Object.hasOwn(limits, group)) return false;
  return true;
}

const WINDOW_MS = 60_000;

/** What both HTTP libraries' responses have in common. */
interface LibraryResponse {
  header(name: string, value: string): unknown;
}

/**
 * The limits of `rate_limits`: requests a minute by the group of the matched route and by caller (the account, else the
 * network). Runs after
 * the access guard. Answers carry `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), a
 * refusal `Retry-After`. Without limits it costs one look at the settings.
 */
@Injectable()
export class RateLimitGuard implements CanActivate {
  constructor(
    private readonly counters: RateLimitStorage,
    private readonly settings: RuntimeSettings,
    private readonly config: AppConfig,
  ) {}

  /** Answers at once where nothing is limited. */
  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const limits = this.settings.get('rate_limits');
    return this.config.skip_rate_limiting || isEmpty(limits) || this.#limited(context, limits);
  }

  async #limited(context: ExecutionContext, limits: Limits): Promise<boolean> {
    const { actor, callerNetwork, route, routedPath } = requestContext();
    const group = routeGroupOf(route ?? routedPath);
    const limit = limits[group];
    if (limit === undefined) return true;
    const caller = actor === undefined ? `address ${callerNetwork}` : `user ${actor.userId}`;
    await this.#count(context, group, limit, caller);
    return true;
  }

  async #count(context: ExecutionContext, group: RouteGroup, limit: number, caller: string): Promise<void> {
    const hit = await this.counters.increment(`rate ${group} ${caller}`, WINDOW_MS, limit, 0, group);
    const headers = {
      'RateLimit-Policy': `"${group}";q=${limit};w=${WINDOW_MS / 1000}`,
      RateLimit: `"${group}";r=${Math.max(0, limit - hit.totalHits)};t=${hit.timeToExpire}`,
    };
    if (!hit.isBlocked) {
      const response = context.switchToHttp().getResponse<LibraryResponse>();
      for (const [name, value] of Object.entries(headers)) response.header(name, value);
      return;
    }
    throw new AppError('too_many', `Rate limit of ${limit} requests a minute reached for ${group}`, {
      code: 'rate_limit',
      headers: { ...headers, 'Retry-After': String(hit.timeToBlockExpire) },
    });
  }
}
