import { createHmac, generateKeyPairSync, sign as signWith } from 'node:crypto';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { bearer, GuardBench, key, SECRET, SESSIONS } from './guard-bench.js';

describe('the access guard', () => {
  let bench: GuardBench;
  beforeEach(() => {
    bench = new GuardBench();
  });
  const enter: GuardBench['enter'] = (...given) => bench.enter(...given);

  describe('with tokens', () => {
    const claims = () => ({
      sub: 'client',
      iat: bench.clock.now() / 1000,
      exp: bench.clock.now() / 1000 + 60,
      jti: SESSIONS.client,
      ver: 3,
    });
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const token = (changes: object = {}, header: object = {}, secret = SECRET) => {
      const text = `${part({ alg: 'HS256', typ: 'JWT', ...header })}.${part({ ...claims(), ...changes })}`;
      return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
    };
    const REFUSED = '401 Invalid or expired token';

    it('takes a good token wherever it takes a key', async () => {
      for (const route of ['flexible', 'predict', 'strict'] as const) {
        expect(await enter(route, bearer(token()))).toBe('as client');
        expect(bench.request.sessionId).toBe(SESSIONS.client);
      }
      expect(await enter('strict', { authorization: `bearer ${token()}` })).toBe('as client');
      expect(bench.credentials.uses).toContainEqual({ sessionId: SESSIONS.client });
    });

    it('lets the key win when both are sent, a bad key too', async () => {
      expect(await enter('strict', { ...bearer(token()), ...key('provider key') })).toBe('as provider');
      expect(bench.request.sessionId).toBeUndefined();
      expect(await enter('strict', { ...bearer(token()), ...key('never issued') })).toBe(
        '401 Invalid API key',
      );
    });

    it('answers a bad token with 401 on every kind of route', async () => {
      for (const route of ['flexible', 'predict', 'strict'] as const) {
        expect(await enter(route, bearer('nonsense'))).toBe(REFUSED);
        expect(await enter(route, { authorization: 'Bearer' })).toBe(REFUSED);
        expect(await enter(route, { authorization: 'Bearer ' })).toBe(REFUSED);
      }
    });

    it('takes other schemes for no credential at all', async () => {
      expect(await enter('strict', { authorization: 'Basic dXNlcjpwYXNz' })).toBe('401 API key required');
      expect(await enter('flexible', { authorization: 'Basic dXNlcjpwYXNz' })).toBe('as anonymous');
    });

    it('refuses a token that expires now, and one that never does', async () => {
      expect(await enter('strict', bearer(token({ exp: bench.clock.now() / 1000 })))).toBe(REFUSED);
      expect(await enter('strict', bearer(token({ exp: undefined })))).toBe(REFUSED);
      expect(await enter('strict', bearer(token({ exp: '9999999999' })))).toBe(REFUSED);
      const lasting = token();
      bench.clock.jump(59_999);
      expect(await enter('strict', bearer(lasting))).toBe('as client');
      bench.clock.jump(1);
      expect(await enter('strict', bearer(lasting))).toBe(REFUSED);
    });

    it('refuses a token without a signature, whatever its header says', async () => {
      const unsigned = `${part({ alg: 'none', typ: 'JWT' })}.${part(claims())}.`;
      expect(await enter('strict', bearer(unsigned))).toBe(REFUSED);
      expect(await enter('strict', bearer(token({}, { alg: 'none' })))).toBe(REFUSED);
      expect(await enter('strict', bearer(token().replace(/\.[^.]*$/, '.')))).toBe(REFUSED);
    });

    it('refuses a token of another algorithm, even under the right secret', async () => {
      const text = `${part({ alg: 'HS512', typ: 'JWT' })}.${part(claims())}`;
      const hs512 = `${text}.${createHmac('sha512', SECRET).update(text).digest('base64url')}`;
      expect(await enter('strict', bearer(hs512))).toBe(REFUSED);
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const rs = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims())}`;
      const rs256 = `${rs}.${signWith('sha256', Buffer.from(rs), privateKey).toString('base64url')}`;
      expect(await enter('strict', bearer(rs256))).toBe(REFUSED);
    });

    it('refuses a tampered token, and one of another secret', async () => {
      const [header, , signature] = token().split('.');
      const forged = `${header}.${part({ ...claims(), sub: 'administrator' })}.${signature}`;
      expect(await enter('strict', bearer(forged))).toBe(REFUSED);
      expect(await enter('strict', bearer(token({}, {}, 'another secret')))).toBe(REFUSED);
    });

    it('refuses a token of an older version, of a closed or unknown session, of another name', async () => {
      expect(await enter('strict', bearer(token({ ver: 2 })))).toBe(REFUSED);
      expect(await enter('strict', bearer(token({ ver: '3' })))).toBe(REFUSED);
      expect(await enter('strict', bearer(token({ jti: SESSIONS.closed })))).toBe(REFUSED);
      expect(await enter('strict', bearer(token({ jti: '00000000-0000-4000-8000-000000000009' })))).toBe(
        REFUSED,
      );
      expect(await enter('strict', bearer(token({ sub: 'provider' })))).toBe(REFUSED);
    });

    it('says that the account is inactive in the way of the route', async () => {
      const sleeper = bearer(token({ sub: 'sleeper', jti: SESSIONS.sleeper }));
      expect(await enter('strict', sleeper)).toBe('401 User account is not active');
      expect(await enter('flexible', sleeper)).toBe('403 User account is not active');
    });
  });
});
