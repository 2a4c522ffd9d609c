import type { AppError } from '#libs/kernel';
import { configOf, FakeClock, gate } from '#libs/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { LoginLimiter } from '../../../src/auth/login-limiter.js';
import { MemoryRateLimitStorage } from '../../../src/auth/rate-limit-storage.js';

const LIMITS = {
  login_attempts: 3,
  login_attempts_per_address: 5,
  login_attempts_per_account: 8,
  login_window_seconds: 60,
};

describe('the login limiter', () => {
  let clock: FakeClock;
  let limiter: LoginLimiter;
  let checks: number;
  let known: Set<string>;
  const guess = { network: '192.0.2.1', username: 'a', isKnown: async () => false };
  beforeEach(() => {
    known = new Set();
    clock = new FakeClock();
    checks = 0;
    limiter = new LoginLimiter(new MemoryRateLimitStorage(clock), configOf(LIMITS));
  });

  const attempt = async (counts: 'success' | 'failure' | 'neutral', username = 'a', address = '192.0.2.1') =>
    limiter
      .attempt({ network: address, username, isKnown: async () => known.has(address) }, async () => {
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

  it('counts the failures of a name from all addresses, but not against the ones that it is known to come from', async () => {
    for (let n = 1; n <= 7; n += 1) await fail(1, 'a', `192.0.2.${n}`);
    expect(await attempt('success', 'a', '192.0.2.8')).toBe('checked');
    await fail(1, 'a', '192.0.2.8');
    expect(await attempt('success', 'a', '192.0.2.9')).toBe('too_many 60');
    expect(await attempt('success', 'b', '192.0.2.9')).toBe('checked');
    known.add('192.0.2.9');
    expect(await attempt('success', 'a', '192.0.2.9')).toBe('checked');
    await fail(3, 'a', '192.0.2.9');
    expect(await attempt('success', 'a', '192.0.2.9')).toBe('too_many 60');
  });

  it('lets no more guesses at one name in at the same time than may fail', async () => {
    const first = gate();
    let atWork = 0;
    let most = 0;
    const guesses = Array.from({ length: 20 }, (_, n) =>
      limiter
        .attempt({ ...guess, network: `192.0.2.${n}` }, async () => {
          atWork += 1;
          most = Math.max(most, atWork);
          await first.opened;
          atWork -= 1;
          return { counts: 'failure', value: 'checked' };
        })
        .catch((error: unknown) => (error as AppError).kind),
    );
    first.open();
    const outcomes = await Promise.all(guesses);
    expect([outcomes.filter((kind) => kind === 'checked').length, most]).toEqual([8, 8]);
  });

  it('lets parallel guesses of one address in one by one, so that the fourth is refused', async () => {
    const first = gate();
    const slow = limiter.attempt(guess, async () => {
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
    const slow = limiter.attempt(guess, async () => {
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
    const broken = limiter.attempt(guess, async () => {
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
