import { KeyedDigest, TextCipher } from '#libs/kernel';
import { describe, expect, it } from '@jest/globals';

describe('a hidden text', () => {
  const cipher = new TextCipher(['one secret'], 'replies');
  const hidden = cipher.encrypt('{"api_key":"pp_1"}');

  it('can be read with the same secret and for the same purpose only', () => {
    expect(hidden).not.toContain('pp_1');
    expect(cipher.decrypt(hidden)).toBe('{"api_key":"pp_1"}');
    expect(new TextCipher(['one secret'], 'replies').decrypt(hidden)).toBe('{"api_key":"pp_1"}');
    expect(new TextCipher(['another'], 'replies').decrypt(hidden)).toBeNull();
    expect(new TextCipher(['one secret'], 'signatures').decrypt(hidden)).toBeNull();
  });

  it('is read with a key of before, and brought under the present one', () => {
    const changed = new TextCipher(['another', 'one secret'], 'replies');
    expect(changed.decrypt(hidden)).toBe('{"api_key":"pp_1"}');
    const renewed = changed.renew(hidden);
    if (renewed.state !== 'renewed') throw new Error(renewed.state);
    expect(new TextCipher(['another'], 'replies').decrypt(renewed.text)).toBe('{"api_key":"pp_1"}');
    expect(changed.renew(renewed.text)).toEqual({ state: 'current' });
    expect(new TextCipher(['third'], 'replies').renew(hidden)).toEqual({ state: 'unreadable' });
    expect(cipher.renew('bm90IG9uZQ==')).toEqual({ state: 'unreadable' });
  });

  it('is another one each time', () => {
    expect(cipher.encrypt('{"api_key":"pp_1"}')).not.toBe(hidden);
  });
});

describe('a keyed digest', () => {
  it('depends on text, secret and purpose', () => {
    const digests = [
      new KeyedDigest(['one secret'], 'requests').of('body'),
      new KeyedDigest(['one secret'], 'requests').of('body.'),
      new KeyedDigest(['another'], 'requests').of('body'),
      new KeyedDigest(['one secret'], 'replies').of('body'),
    ];
    expect(new Set(digests).size).toBe(4);
    expect(new KeyedDigest(['another', 'one secret'], 'requests').formerOf('body')).toEqual([digests[0]]);
    expect(digests[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(new KeyedDigest(['one secret'], 'requests').of('body')).toBe(digests[0]);
  });
});
