import { FakeClock, gate } from '#libs/testing';
import { describe, expect, it } from '@jest/globals';
import { Repeater } from '../../../libs/jobs/src/engines/repeater.js';

describe('a repeated activity', () => {
  it('runs once an interval, never twice at a time, and makes up for missed ticks once', async () => {
    const clock = new FakeClock();
    const gates = [gate(), gate(), gate()];
    const begun: number[] = [];
    const repeater = new Repeater(
      clock,
      1_000,
      async () => {
        const index = begun.push(clock.now()) - 1;
        await gates[index]?.opened;
      },
      () => undefined,
    );
    const start = clock.now();
    repeater.start();
    await clock.advance(999);
    expect(begun).toEqual([]);
    await clock.advance(3_500);
    expect(begun).toEqual([start + 1_000]);
    gates[0]?.open();
    await clock.advance(0);
    expect(begun).toEqual([start + 1_000, start + 4_499]);
    gates[1]?.open();
    await clock.advance(501);
    expect(begun).toHaveLength(3);
    const stopped = repeater.stop();
    gates[2]?.open();
    await stopped;
    expect(clock.pending).toBe(0);
  });

  it('reports what goes wrong and goes on', async () => {
    const clock = new FakeClock();
    const errors: unknown[] = [];
    let turns = 0;
    const repeater = new Repeater(
      clock,
      10,
      async () => {
        turns += 1;
        throw new Error(`turn ${turns}`);
      },
      (error) => errors.push(error),
    );
    repeater.start();
    await clock.advance(30);
    await repeater.stop();
    expect(errors.map(String)).toEqual(['Error: turn 1', 'Error: turn 2', 'Error: turn 3']);
  });
});
