import { describe, expect, it } from '@jest/globals';
import { RawText, redactQuery, redactSecrets, REDACTED } from '#libs/http';
import { auditPayload, TRUNCATED } from '../../../src/audit/group-commit-recorder.js';

describe('redaction', () => {
  it('replaces secrets at any depth and in any spelling', () => {
    const body = {
      username: 'ann',
      Password: 'p',
      nested: [{ new_password: 'p', 'X-API-KEY': 'k', apiKey: 'k', keys: ['a'] }],
      token: { value: 't' },
    };
    const redacted = {
      username: 'ann',
      Password: REDACTED,
      nested: [{ new_password: REDACTED, 'X-API-KEY': REDACTED, apiKey: REDACTED, keys: ['a'] }],
      token: REDACTED,
    };
    expect(redactSecrets(body)).toEqual(redacted);
    expect(auditPayload(body, 10_000)).toEqual(redacted);
  });

  it('replaces secrets in query strings, however they are escaped', () => {
    expect(redactQuery('?user=ann&api_key=k&%74oken=t&a=token&x')).toBe(
      `user=ann&api_key=${REDACTED}&%74oken=${REDACTED}&a=token&x`,
    );
    expect(redactQuery('p%zz=1&=2&&')).toBe('p%zz=1&=2&&');
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

  it('describes text of other types without keeping it', () => {
    expect(auditPayload(new RawText('password=p', 'application/x-www-form-urlencoded'), 100)).toEqual({
      content_type: 'application/x-www-form-urlencoded',
      bytes: 10,
    });
  });
});
