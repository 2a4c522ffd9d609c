import { describe, expect, it } from '@jest/globals';
import { getMetadataStorage } from 'class-validator';
import * as fc from 'fast-check';
import {
  RawText,
  redactPath,
  redactQuery,
  REDACTED,
  RedactedCopy,
  redactSecrets,
  redactText,
  TRUNCATED,
} from '#libs/http';
import { isSecretName } from '#libs/kernel';
import { auditPayload } from '../../../src/audit/group-commit-recorder.js';
import '../../../src/app/api.module.js';
import { sentRequest } from '../../integration/audit/sent-secrets.js';

describe('a name', () => {
  it.each(
    (
      'password Password PASSWORD passwd pwd dbPwd db_password userPassword password2 pass_word new-password passphrase ' +
      'auth_token authToken X-Auth-Token token tokens accessToken csrftoken id.token apiSecret secret client-secret ' +
      'clientSecret webhook_secret secret_id api_key apikey APIKey X-Api-Key x_api_keys private_key privateKey signing-key ' +
      'accessKey encryption_key credential credentials awsCredentials Authorization Proxy-Authorization cookie Set-Cookie ' +
      'jwt idJwt smtp_pass db-pass auth basic_auth bearer password_hash passcode otp mnemonic passwort contraseña'
    ).split(' '),
  )('%s is secret', (name) => expect(isSecretName(name)).toBe(true));

  it.each(
    (
      'token_count max_tokens tokenizer base_token quote_token next_page_token token_type keyboard key keys key_levels ' +
      'monkey turkey cache_key public_key primary_key sort_key Idempotency-Key author authority authors author_id ' +
      'passenger passing bypass low_pass high-pass compass passport pass_count secretary has_password require_auth ' +
      'password_hash_cost min_password_length password_policy credentials_count cookie_consent symbol prediction_id ' +
      'username email signature description horizon noise_seed session_bars basic pinned pin_bar'
    ).split(' '),
  )('%s is not', (name) => expect(isSecretName(name)).toBe(false));

  it('of a field that is declared secret is known where no declaration is: in the audit log', () => {
    const storage = getMetadataStorage() as unknown as {
      validationMetadatas: Map<unknown, { context?: { shape?: { wire: string; secret: boolean } } }[]>;
    };
    const shapes = [...storage.validationMetadatas.values()]
      .flat()
      .flatMap(({ context }) => (context?.shape === undefined ? [] : [context.shape]));
    expect(shapes.length).toBeGreaterThan(200);
    // The door codes are those of other specs, which the same process may have run before.
    const undeclared = shapes.filter(({ wire, secret }) => secret && !isSecretName(wire));
    expect(undeclared.filter(({ wire }) => wire !== 'door_code')).toEqual([]);
  });
});

describe('a text', () => {
  it.each([
    ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl', REDACTED],
    [`secret whsec_${'a1'.repeat(16)} here`, `secret ${REDACTED} here`],
    [`pp_${'Ab1-_'.repeat(8)}xyz`, REDACTED],
    ['Bearer abc123def', `Bearer ${REDACTED}`],
    ['Authorization: Basic dXNlcjpwYXNz', `Authorization: Basic ${REDACTED}`],
    ['X-Api-Key: k3yk3yk3y, more', `X-Api-Key: ${REDACTED}, more`],
    ['Server=db;Password=hunter2;Port=5', `Server=db;Password=${REDACTED};Port=5`],
    ['{"user":"ann","dbPassword":"a \\"b"}', `{"user":"ann","dbPassword":"${REDACTED}"}`],
    ['-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----', REDACTED],
    ['postgres://app:s3cret@db:5432/x', `postgres://${REDACTED}@db:5432/x`],
    ['postgres://app:s3/cr@et@db/x', `postgres://${REDACTED}@db/x`],
    ['https://x.example/a?key=1&b=2#access_token=3', `https://x.example/a?key=${REDACTED}&b=2#${REDACTED}`],
    ['https://hooks.slack.com/services/T0/B0/XXXXXXXX', `https://hooks.slack.com/services/${REDACTED}`],
    ['https://hooks.zapier.com/hooks/catch/1/abc/', `https://hooks.zapier.com/hooks/${REDACTED}`],
    [
      'https://x.example/hook/5f0c7a1e-1f3f-4a0e-9a63-2d2f1f8f7c11/in',
      `https://x.example/hook/${REDACTED}/in`,
    ],
  ])('%j loses its secret', (text, shown) => expect(redactText(text)).toBe(shown));

  it.each([
    'EURUSD',
    'Bearish engulfing after the basic understanding of tokens',
    'a token of appreciation and a basic income',
    'https://desk.example.com/hooks/predictions?symbol=EURUSD&horizon=6',
    'http://127.0.0.1:8080/in',
    '/api/v1/predictions/5f0c7a1e-1f3f-4a0e-9a63-2d2f1f8f7c11',
    '2026-01-31T12:00:00.000Z',
    'secret_key: is required with NODE_ENV=production',
    'file:///work/project/dist/src/app/server.js:12:3',
    'sqlite:///predictions.db',
    '-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----',
    'a'.repeat(64),
  ])('%j stays as it is', (text) => expect(redactText(text)).toBe(text));

  it('of the worst kind is looked through once, not once for each of its letters', () => {
    for (const piece of [
      'a',
      'eyJ',
      'eyJ.',
      'pp_',
      'x=',
      '"',
      '://',
      'Bearer ',
      '-----BEGIN ',
      'a:',
      '@:/',
      '%25',
    ]) {
      const text = piece.repeat(Math.ceil(100_000 / piece.length));
      const started = performance.now();
      redactText(text);
      redactQuery(text);
      redactPath(text);
      // a few milliseconds; a quadratic pattern takes 10 s and more
      expect(performance.now() - started).toBeLessThan(2000);
    }
  });
});

describe('redaction', () => {
  it('replaces secrets at any depth and in any spelling', () => {
    const body = {
      username: 'ann',
      Password: 'p',
      nested: [{ new_password: 'p', 'X-API-KEY': 'k', apiKey: 'k', keys: ['a'] }],
      token: { value: 't' },
      headers: [{ name: 'Authorization', value: 'x' }],
      key: 'trend',
      signature: '9f86d081884c7d659a2feaa0c55ad015',
    };
    const redacted = {
      username: 'ann',
      Password: REDACTED,
      nested: [{ new_password: REDACTED, 'X-API-KEY': REDACTED, apiKey: REDACTED, keys: ['a'] }],
      token: REDACTED,
      headers: [{ name: 'Authorization', value: REDACTED }],
      key: 'trend',
      signature: REDACTED,
    };
    expect(redactSecrets(body)).toEqual(redacted);
    expect(auditPayload(body, 10_000)).toEqual(redacted);
  });

  it('replaces secrets in query strings, however they are escaped', () => {
    expect(redactQuery('?user=ann&api_key=k&%74oken=t&a=token&x')).toBe(
      `user=ann&api_key=${REDACTED}&%74oken=${REDACTED}&a=token&x`,
    );
    expect(redactQuery('key=k&symbol=EURUSD&limit=5')).toBe(`key=${REDACTED}&symbol=EURUSD&limit=5`);
    expect(redactQuery('p%zz=1&=2&&')).toBe('p%zz=1&=2&&');
  });

  it('keeps ids in paths, and no keys', () => {
    const id = '5f0c7a1e-1f3f-4a0e-9a63-2d2f1f8f7c11';
    expect(redactPath(`/api/v1/predictions/${id}/events`)).toBe(`/api/v1/predictions/${id}/events`);
    expect(redactPath(`/api/v1/users/pp_${'a1'.repeat(12)}`)).toBe(`/api/v1/users/${REDACTED}`);
    expect(redactPath(`/api/v1/x/Bearer%20${'a1'.repeat(12)}`)).toBe(`/api/v1/x/${REDACTED}`);
  });

  it('leaves no secret in what is kept of a request, wherever it was sent', () => {
    fc.assert(
      fc.property(sentRequest, ({ path, query, body, userAgent, secrets }) => {
        const kept = JSON.stringify([
          redactPath(`/api/v1/x/${path}`),
          redactQuery(query),
          auditPayload(body, 16_384),
          redactText(userAgent),
        ]);
        return secrets.every((secret) => !kept.includes(secret));
      }),
      { numRuns: 2000, seed: 7 },
    );
  });
});

describe('the audited body', () => {
  it('is any JSON, or nothing', () => {
    expect([null, 5, 'x', [1], { a: null }].map((body) => auditPayload(body, 100))).toEqual([
      null,
      5,
      'x',
      [1],
      { a: null },
    ]);
    expect(auditPayload(undefined, 100)).toBeNull();
  });

  it('is cut at its limit without losing a secret or its shape', () => {
    const body = { rows: Array.from({ length: 100_000 }, (_, row) => ({ row, password: 'p' })), last: 1 };
    const kept = auditPayload(body, 1000);
    const text = JSON.stringify(kept);
    expect(text.length).toBeLessThan(3000);
    expect(text).toContain(TRUNCATED);
    expect(text).not.toContain('"p"');
    expect(JSON.stringify(auditPayload({ a: 'x'.repeat(5000) }, 300))).toMatch(
      /^\{"a":"x{1024}\[truncated\]"\}$/,
    );
  });

  it('is copied only as far as it is kept, whatever its shape', () => {
    const keys = Object.fromEntries(Array.from({ length: 80_000 }, (_, i) => [`k${i}`, 1]));
    const lists = Array.from({ length: 80_000 }, () => []);
    const texts = Array.from({ length: 80_000 }, () => '');
    let deep: unknown = 1;
    for (let i = 0; i < 60; i += 1) deep = { deep, list: Array.from({ length: 1000 }, () => 1) };
    for (const body of [keys, lists, texts, deep]) {
      const copy = new RedactedCopy(16_384);
      copy.of(body);
      expect(copy.isCut).toBe(true);
      expect(copy.visited).toBeLessThan(16_384 / 2 + 100);
    }
  });

  it('describes text of other types without keeping it', () => {
    expect(auditPayload(new RawText('password=p', 'application/x-www-form-urlencoded'), 100)).toEqual({
      content_type: 'application/x-www-form-urlencoded',
      bytes: 10,
    });
  });
});
