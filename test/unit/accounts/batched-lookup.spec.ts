import { gate } from '#libs/testing';
import { describe, expect, it } from '@jest/globals';
import { BatchedLookup } from '../../../src/accounts/batched-lookup.js';

describe('a batched lookup', () => {
  it('sends what is asked during a statement with the next one, each key once', async () => {
    const sent: (readonly string[])[] = [];
    const first = gate();
    const lookup = new BatchedLookup(async (keys) => {
      sent.push(keys);
      if (sent.length === 1) await first.opened;
      return new Map(keys.filter((key) => key !== 'unknown').map((key) => [key, key.toUpperCase()]));
    });
    const answers = Promise.all(['a', 'a', 'b', 'unknown', 'b'].map((key) => lookup.load(key)));
    first.open();
    await expect(answers).resolves.toEqual(['A', 'A', 'B', null, 'B']);
    expect(sent).toEqual([['a'], ['a', 'b', 'unknown']]);
  });

  it('never answers with what was read before the question', async () => {
    const first = gate();
    let value = 'valid';
    const lookup = new BatchedLookup(async (keys) => {
      const read = value;
      await first.opened;
      return new Map(keys.map((key) => [key, read]));
    });
    const before = lookup.load('key');
    value = 'revoked';
    const after = lookup.load('key');
    first.open();
    await expect(Promise.all([before, after])).resolves.toEqual(['valid', 'revoked']);
  });

  it('asks for at most a hundred keys at a time', async () => {
    const sizes: number[] = [];
    const lookup = new BatchedLookup(async (keys) => {
      sizes.push(keys.length);
      return new Map<string, string>();
    });
    await Promise.all(Array.from({ length: 250 }, (_, index) => lookup.load(String(index))));
    expect(sizes).toEqual([1, 100, 100, 49]);
  });

  it('fails those who asked, and goes on', async () => {
    let isBroken = true;
    const lookup = new BatchedLookup<string>(async (keys) => {
      if (isBroken) throw new Error('database gone');
      return new Map(keys.map((key) => [key, key]));
    });
    await expect(lookup.load('a')).rejects.toThrow('database gone');
    isBroken = false;
    await expect(lookup.load('a')).resolves.toBe('a');
  });
});
