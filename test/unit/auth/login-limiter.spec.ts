import type { AppError } from '#libs/kernel';
import { configOf, FakeClock, gate } from '#libs/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { LoginLimiter } from '../../../src/auth/login-limiter.js';
import { MemoryRateLimitStorage } from '../../../src/auth/rate-limit-storage.js';

const LIMITS = {
  login_attempts: 3,
  login_attempts_per_address: 5,
  login_window_seconds: 60,
};

describe('the login limiter', () => {
  let clock: FakeClock;
  let limiter: LoginLimiter;
  let checks: number;
  beforeEach(() => {
    clock = new FakeClock();
    checks = 0;
    limiter = new LoginLimiter(new MemoryRateLimitStorage(clock), configOf(LIMITS));
  });

  const attempt = async (counts: 'success' | 'failure' | 'neutral', username = 'a', address = '192.0.2.1') =>
    limiter
      .attempt({ address, username }, async () => {
        checks += 1;
        return { counts, value: 'checked' };
      })
      .catch((error: unknown) => {
        const { kind, headers } = error as AppError;
        return `${kind} ${headers['Retry-After']}`;
      });
  const fail = async (times: number, username = 'a', address = '192.0.2.1') => {
    for (let n = 0; n < times; n += 1) await attempt('failure', username, address);
  };

  it('refuses after three failures of a name without checking the password any more', async () => {
    await fail(3);
    expect(await attempt('success')).toBe('too_many 60');
    expect(checks).toBe(3);
  });

  it('counts in a sliding window: a failure stops to count after a minute', async () => {
    await fail(1);
    clock.jump(40_000);
    await fail(2);
    clock.jump(19_999);
    expect(await attempt('success')).toBe('too_many 1');
    clock.jump(1);
    expect(await attempt('failure')).toBe('checked');
    expect(await attempt('failure')).toBe('too_many 40');
  });

  it('forgets the failures of a name when it gets in', async () => {
    await fail(2);
    expect(await attempt('success')).toBe('checked');
    await fail(2);
    expect(await attempt('success')).toBe('checked');
  });

  it('counts a right password of an inactive account neither way', async () => {
    await fail(2);
    for (let n = 0; n < 5; n += 1) expect(await attempt('neutral')).toBe('checked');
    await fail(1);
    expect(await attempt('neutral')).toBe('too_many 60');
  });

  it('counts every address and name by itself', async () => {
    await fail(3);
    expect(await attempt('success', 'b')).toBe('checked');
    expect(await attempt('success', 'a', '192.0.2.2')).toBe('checked');
  });

  it('refuses an address that fails with many names, until it waits; success elsewhere does not help it', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await fail(1, name);
    expect(await attempt('success', 'f')).toBe('too_many 60');
    expect(await attempt('success', 'f', '192.0.2.2')).toBe('checked');
    expect(await attempt('success', 'f')).toBe('too_many 60');
    clock.jump(60_000);
    expect(await attempt('success', 'f')).toBe('checked');
  });

  it('lets parallel guesses of one address in one by one, so that the fourth is refused', async () => {
    const first = gate();
    const slow = limiter.attempt({ address: '192.0.2.1', username: 'a' }, async () => {
      await first.opened;
      return { counts: 'failure', value: 'checked' };
    });
    const rest = Promise.all(Array.from({ length: 9 }, () => attempt('failure')));
    first.open();
    await slow;
    const outcomes = await rest;
    expect(outcomes.filter((one) => one === 'checked')).toHaveLength(2);
    expect(outcomes.filter((one) => one === 'too_many 60')).toHaveLength(7);
  });

  it('lets as many right logins in at the same time as come', async () => {
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => attempt('success')));
    expect(new Set(outcomes)).toEqual(new Set(['checked']));
  });

  it('refuses when too many of one address wait', async () => {
    const first = gate();
    const slow = limiter.attempt({ address: '192.0.2.1', username: 'a' }, async () => {
      await first.opened;
      return { counts: 'success', value: 'checked' };
    });
    const rest = Promise.all(Array.from({ length: 60 }, () => attempt('success')));
    first.open();
    await slow;
    const outcomes = await rest;
    expect(outcomes.filter((one) => one === 'too_many 1')).toHaveLength(11);
    expect(await attempt('success')).toBe('checked');
  });

  it('goes on after a check that broke', async () => {
    const broken = limiter.attempt({ address: '192.0.2.1', username: 'a' }, async () => {
      throw new Error('database gone');
    });
    await expect(broken).rejects.toThrow('database gone');
    expect(await attempt('success')).toBe('checked');
  });

  it('can be switched off', async () => {
    limiter = new LoginLimiter(
      new MemoryRateLimitStorage(clock),
      configOf({ ...LIMITS, skip_rate_limiting: true }),
    );
    await fail(9);
    expect(await attempt('failure')).toBe('checked');
  });
});
