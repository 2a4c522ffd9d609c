import { FakeClock } from '#libs/testing';
import { delay } from '#libs/kernel';
import { describe, expect, it } from '@jest/globals';

describe('the fake clock', () => {
  it('runs due timers in order, each at its own moment, also those that timers set', async () => {
    const clock = new FakeClock(1_000);
    const seen: [string, number][] = [];
    const note = (name: string) => () => seen.push([name, clock.now()]);
    clock.after(30, note('c'));
    clock.after(10, () => {
      note('a')();
      clock.after(10, note('b'));
    });
    clock.after(10, note('a2'));
    clock.after(100, note('later'));
    await clock.advance(50);
    expect(seen).toEqual([
      ['a', 1_010],
      ['a2', 1_010],
      ['b', 1_020],
      ['c', 1_030],
    ]);
    expect(clock.now()).toBe(1_050);
    expect(clock.monotonic()).toBe(50);
    expect(clock.pending).toBe(1);
  });

  it('lets promises that wait on it go on before time does', async () => {
    const clock = new FakeClock(0);
    const seen: number[] = [];
    const work = async () => {
      for (let turn = 0; turn < 3; turn += 1) {
        await delay(clock, 10);
        seen.push(clock.now());
      }
    };
    const done = work();
    await clock.advance(30);
    await done;
    expect(seen).toEqual([10, 20, 30]);
  });

  it('forgets cancelled timers and can jump over due ones', async () => {
    const clock = new FakeClock(0);
    const seen: string[] = [];
    clock.after(5, () => seen.push('cancelled'))();
    clock.after(5, () => seen.push('late'));
    clock.jump(100);
    expect(seen).toEqual([]);
    await clock.advance(0);
    expect(seen).toEqual(['late']);
    expect(clock.now()).toBe(100);
  });
});
