import { type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { ThrottlerGuard } from '@nestjs/throttler';
import { AppConfig, type RouteGroup } from '#libs/config';
import { requestContext } from '#libs/http';
import { AppError } from '#libs/kernel';
import { RuntimeSettings } from '../settings/runtime-settings.port.js';
import { RateLimitStorage } from './rate-limit-storage.js';
import { routeGroupOf } from './route-groups.js';

const WINDOW_MS = 60_000;
/** ThrottlerGuard wants a declaration; the limits that count are asked for at each request. */
const UNUSED_DECLARATION = [{ name: 'default', limit: 0, ttl: WINDOW_MS }];

/**
 * The limits of `rate_limits`: requests a minute by the group of the matched route and by caller (the account, else the
 * network). Runs after
 * the access guard. Answers carry `RateLimit` and `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10), a
 * refusal `Retry-After`. Without limits it costs one look at the settings.
 */
@Injectable()
export class RateLimitGuard extends ThrottlerGuard {
  constructor(
    // Both are named, because Nest would take the base class's tokens for the first two places.
    @Inject(RateLimitStorage) private readonly counters: RateLimitStorage,
    @Inject(Reflector) reflector: Reflector,
    private readonly settings: RuntimeSettings,
    private readonly config: AppConfig,
  ) {
    super(UNUSED_DECLARATION, counters, reflector);
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const limits = this.settings.get('rate_limits');
    if (this.config.skip_rate_limiting || Object.keys(limits).length === 0) return true;
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
      const { res } = this.getRequestResponse(context);
      for (const [name, value] of Object.entries(headers)) this.setResponseHeader(res, name, value);
      return;
    }
    throw new AppError('too_many', `Rate limit of ${limit} requests a minute reached for ${group}`, {
      code: 'rate_limit',
      headers: { ...headers, 'Retry-After': String(hit.timeToBlockExpire) },
    });
  }
}
