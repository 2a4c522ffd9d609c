import { SharedWork } from '#libs/kernel';
import { describe, expect, it } from '@jest/globals';

describe('work that is shared', () => {
  it('is done once for all who ask for the same at the same time, and again for those who come later', async () => {
    const shared = new SharedWork<number>();
    let begun = 0;
    const work = async () => {
      begun += 1;
      return begun;
    };
    const together = [shared.of('a', work), shared.of('a', work), shared.of('b', work)];
    expect(await Promise.all(together)).toEqual([1, 1, 2]);
    expect(await shared.of('a', work)).toBe(3);
  });

  it('fails for all who wait and is tried anew by the next', async () => {
    const shared = new SharedWork<string>();
    const failing = () => Promise.reject(new Error('down'));
    const outcomes = await Promise.allSettled([shared.of('a', failing), shared.of('a', failing)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await shared.of('a', async () => 'up')).toBe('up');
  });
});
