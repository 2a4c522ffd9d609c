import { ACCESS_POLICY, type AccessPolicy } from '#libs/http';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { GuardBench, key, Routes, type Route } from './guard-bench.js';

describe('the access guard', () => {
  let bench: GuardBench;
  beforeEach(() => {
    bench = new GuardBench();
  });
  const enter: GuardBench['enter'] = (...given) => bench.enter(...given);

  describe('with API keys', () => {
    it.each<[Route, string, string, string, string, string]>([
      // route, none, empty, unknown, inactive, expired
      [
        'flexible',
        'as anonymous',
        '403 API key cannot be empty',
        '403 Invalid API key',
        '403 User account is not active',
        '403 API key has expired',
      ],
      [
        'predict',
        'as anonymous',
        '401 API key cannot be empty',
        '401 Invalid API key',
        '401 User account is not active',
        '401 API key has expired',
      ],
      [
        'strict',
        '401 API key required',
        '401 API key required',
        '401 Invalid API key',
        '401 User account is not active',
        '401 API key has expired',
      ],
    ])(
      'answers on %s routes as the contract says',
      async (route, none, empty, unknown, inactive, expired) => {
        expect(await enter(route)).toBe(none);
        expect(await enter(route, key(''))).toBe(empty);
        expect(await enter(route, key('never issued'))).toBe(unknown);
        expect(await enter(route, key('x'.repeat(5000)))).toBe(unknown);
        expect(await enter(route, key('sleeper key'))).toBe(inactive);
        expect(await enter(route, key('late key'))).toBe(expired);
        expect(await enter(route, key('client key'))).toBe('as client');
      },
    );

    it('asks for one everywhere but on public routes with require_auth', async () => {
      const required = { requireAuth: true };
      expect(await enter('flexible', {}, required)).toBe('403 API key required');
      expect(await enter('predict', {}, required)).toBe('403 API key required');
      expect(await enter('strict', {}, required)).toBe('401 API key required');
      expect(await enter('public', {}, required)).toBe('as anonymous');
      expect(await enter('flexible', key('client key'), required)).toBe('as client');
    });

    it('refuses one from the very moment of its expiry', async () => {
      expect(await enter('strict', key('short key'))).toBe('as short');
      bench.clock.jump(999);
      expect(await enter('strict', key('short key'))).toBe('as short');
      bench.clock.jump(1);
      expect(await enter('strict', key('short key'))).toBe('401 API key has expired');
    });

    it('looks at none on public routes', async () => {
      expect(await enter('public', key('never issued'))).toBe('as anonymous');
    });

    it('notes the use of one when it lets somebody in, and only then', async () => {
      await enter('strict', key('client key'));
      await enter('strict', key('late key'));
      expect(bench.credentials.uses).toEqual([{ apiKeyOf: 4 }]);
    });
  });

  describe('with roles', () => {
    it('names the needed roles in the order of declaration', async () => {
      expect(await enter('providers', key('client key'))).toBe(
        '403 Insufficient permissions. Required roles: provider, administrator, admin',
      );
      expect(await enter('providers', key('provider key'))).toBe('as provider');
    });

    it('takes admin and administrator for one right', async () => {
      for (const route of ['administrators', 'admins', 'providers'] as const) {
        expect(await enter(route, key('admin key'))).toBe('as admin');
        expect(await enter(route, key('administrator key'))).toBe('as administrator');
      }
      expect(bench.request.actor?.role).toBe('administrator');
      for (const role of ['client', 'evaluator', 'operator', 'guest']) {
        expect(await enter('admins', key(`${role} key`))).toMatch(/^403/);
      }
    });
  });

  it('refuses a route without a policy, whoever comes', async () => {
    expect(await enter('forgotten', key('administrator key'))).toMatch(/^500/);
    expect(Reflect.getMetadata(ACCESS_POLICY, Routes.prototype.strict) as AccessPolicy).toEqual({
      mode: 'strict',
    });
  });

  it('attributes refusals to the owner of the credential', async () => {
    await enter('strict', key('sleeper key'));
    expect(bench.operation.actor?.username).toBe('sleeper');
    await enter('admins', key('guest key'));
    expect(bench.operation.actor?.username).toBe('guest');
    expect(bench.request.actor).toBeUndefined();
  });
});
