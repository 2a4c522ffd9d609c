import { ROUTE_GROUPS } from '#libs/config';
import { FakeClock } from '#libs/testing';
import { describe, expect, it } from '@jest/globals';
import { MemoryRateLimitStorage } from '../../../src/auth/rate-limit-storage.js';
import { routeGroupOf } from '../../../src/auth/route-groups.js';

describe('counters in memory', () => {
  it('block at the limit until the window of the first hit ends', async () => {
    const clock = new FakeClock();
    const storage = new MemoryRateLimitStorage(clock);
    const hit = () => storage.increment('key', 60_000, 2);
    expect(await hit()).toMatchObject({ totalHits: 1, timeToExpire: 60, isBlocked: false });
    clock.jump(59_500);
    expect(await hit()).toMatchObject({ totalHits: 2, timeToExpire: 1, isBlocked: false });
    expect(await hit()).toMatchObject({ totalHits: 2, isBlocked: true, timeToBlockExpire: 1 });
    clock.jump(500);
    expect(await hit()).toMatchObject({ totalHits: 1, isBlocked: false });
    await storage.clear();
    expect(await hit()).toMatchObject({ totalHits: 1 });
  });
});

describe('the group of a route', () => {
  it.each([
    ['/api/v1/predict', 'predictions'],
    ['/api/v1/predict/', 'predictions'],
    ['/api/v1/predictions/7', 'predictions'],
    ['/api/v1/secure/predictions/', 'predictions'],
    ['/api/v1/auth/predictions/', 'predictions'],
    ['/predict', 'predictions'],
    ['/status/7', 'predictions'],
    ['/api/v1/predict/entry', 'sync'],
    ['/api/v1/predict/exit/batch', 'sync'],
    ['/api/v1/model/info', 'sync'],
    ['/api/v1/auth/login', 'auth'],
    ['/api/v1/users/profile', 'users'],
    ['/api/v1/admin/users/7', 'admin'],
    ['/api/v1/plugins/', 'plugins'],
    ['/api/v1/client/predict', 'client'],
    ['/api/v1/evaluator/claim/x', 'evaluator'],
    ['/api/v1/provider/pricing', 'provider'],
    ['/health', 'other'],
    ['/api/v1/predictionsandmore', 'other'],
  ])('%s is %s', (path, group) => {
    expect(routeGroupOf(path)).toBe(group);
    expect(ROUTE_GROUPS).toContain(group);
  });
});
