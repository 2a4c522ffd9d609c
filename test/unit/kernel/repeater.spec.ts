import { Repeater, type RepeaterOptions } from '#libs/kernel';
import { FakeClock, gate } from '#libs/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';

describe('a repeated activity', () => {
  let clock: FakeClock;
  let errors: string[];
  beforeEach(() => {
    clock = new FakeClock();
    errors = [];
  });
  const repeater = (options: Pick<RepeaterOptions, 'work'> & Partial<RepeaterOptions>) =>
    new Repeater({ clock, everyMs: 1_000, onError: (error) => errors.push(String(error)), ...options });

  it('runs once an interval, never twice at a time, and makes up for missed ticks once', async () => {
    const gates = [gate(), gate(), gate()];
    const begun: number[] = [];
    const repeated = repeater({
      work: async () => {
        const index = begun.push(clock.now()) - 1;
        await gates[index]?.opened;
      },
    });
    const start = clock.now();
    repeated.start();
    repeated.start();
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
    const stopped = repeated.stop();
    gates[2]?.open();
    await stopped;
    expect(clock.pending).toBe(0);
    await clock.advance(9_000);
    expect(begun).toHaveLength(3);
  });

  it('leaves turns out while the one before is at work, if told so, and goes on after it', async () => {
    const gates = [gate(), gate()];
    let begun = 0;
    let late = 0;
    const repeated = repeater({
      work: async () => {
        begun += 1;
        await gates[begun - 1]?.opened;
      },
      onLate: () => (late += 1),
    });
    repeated.start();
    await clock.advance(3_000);
    expect({ begun, late }).toEqual({ begun: 1, late: 2 });
    gates[0]?.open();
    await clock.advance(999);
    expect({ begun, late }).toEqual({ begun: 1, late: 2 });
    await clock.advance(1);
    expect({ begun, late }).toEqual({ begun: 2, late: 2 });
    gates[1]?.open();
    await repeated.stop();
  });

  it('waits another time before its first turn, if told so', async () => {
    const at: number[] = [];
    const repeated = repeater({ firstMs: 50, work: async () => at.push(clock.monotonic()) });
    repeated.start();
    await clock.advance(2_100);
    expect(at).toEqual([50, 1_050, 2_050]);
    await repeated.stop();
  });

  it('reports what goes wrong and goes on', async () => {
    let turns = 0;
    const repeated = repeater({
      everyMs: 10,
      work: async () => {
        turns += 1;
        throw new Error(`turn ${turns}`);
      },
    });
    repeated.start();
    await clock.advance(30);
    await repeated.stop();
    expect(errors).toEqual(['Error: turn 1', 'Error: turn 2', 'Error: turn 3']);
  });

  it('follows a changed interval and can be started again', async () => {
    let everyMs = 1_000;
    let turns = 0;
    const repeated = repeater({ everyMs: () => everyMs, work: async () => (turns += 1) });
    repeated.start();
    await clock.advance(1_000);
    everyMs = 10_000;
    await clock.advance(1_000);
    await clock.advance(9_999);
    expect(turns).toBe(2);
    await repeated.stop();
    repeated.start();
    await clock.advance(10_000);
    expect(turns).toBe(3);
    await repeated.stop();
  });

  it('tells the turn under way that it is to end', async () => {
    const reasons: string[] = [];
    const repeated = repeater({
      work: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve(reasons.push('stopped')));
        }),
    });
    repeated.start();
    await clock.advance(1_000);
    await repeated.stop();
    expect(reasons).toEqual(['stopped']);
    expect(clock.pending).toBe(0);
  });
});
