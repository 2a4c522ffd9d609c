import { describe, expect, it } from '@jest/globals';
import { ScheduledPredictions } from '#libs/plugin-host';
import { FakeClock } from '#libs/testing';

function schedule(submit: (signal: AbortSignal) => Promise<void>, intervalMs = () => 300_000) {
  const clock = new FakeClock();
  const lines: string[] = [];
  const write = (message: string) => {
    lines.push(message);
  };
  const scheduled = new ScheduledPredictions({
    clock,
    intervalMs,
    submit,
    logger: { info: write, warn: write, error: write },
  });
  return { clock, lines, scheduled };
}

describe('scheduled predictions', () => {
  it('come once each interval, the first after one interval', async () => {
    const at: number[] = [];
    const { clock, scheduled } = schedule(async () => {
      at.push(clock.monotonic());
    });
    scheduled.start();
    scheduled.start();
    await clock.advance(900_000);
    expect(at).toEqual([300_000, 600_000, 900_000]);
    await scheduled.stop();
    await clock.advance(900_000);
    expect(at).toHaveLength(3);
    expect(clock.pending).toBe(0);
  });

  it('are left out while the one before is running, and go on after it', async () => {
    const releases: (() => void)[] = [];
    const { clock, scheduled, lines } = schedule(
      () =>
        new Promise((resolve) => {
          releases.push(resolve);
        }),
    );
    scheduled.start();
    await clock.advance(900_000);
    expect(scheduled.figures).toEqual({ running: true, runs: 1, failures: 0, skipped: 2 });
    expect(lines).toHaveLength(2);
    releases[0]?.();
    await clock.advance(300_000);
    expect(scheduled.figures).toMatchObject({ runs: 2, skipped: 2 });
    releases[1]?.();
    await scheduled.stop();
  });

  it('survive a failure, which is logged', async () => {
    let run = 0;
    const { clock, scheduled, lines } = schedule(async () => {
      run += 1;
      if (run === 1) throw new Error('the exchange is down');
    });
    scheduled.start();
    await clock.advance(600_000);
    expect(scheduled.figures).toEqual({ running: false, runs: 2, failures: 1, skipped: 0 });
    expect(lines[0]).toContain('the exchange is down');
    await scheduled.stop();
  });

  it('follow a changed interval and can be started again', async () => {
    let intervalMs = 1_000;
    let runs = 0;
    const { clock, scheduled } = schedule(
      async () => {
        runs += 1;
      },
      () => intervalMs,
    );
    scheduled.start();
    await clock.advance(1_000);
    intervalMs = 10_000;
    await clock.advance(1_000);
    await clock.advance(9_999);
    expect(runs).toBe(2);
    await scheduled.stop();
    scheduled.start();
    await clock.advance(10_000);
    expect(runs).toBe(3);
    await scheduled.stop();
  });

  it('end a run under way when they are stopped, without counting it as a failure', async () => {
    const { clock, scheduled, lines } = schedule(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
        }),
    );
    scheduled.start();
    await clock.advance(300_000);
    await scheduled.stop();
    expect(scheduled.figures).toEqual({ running: false, runs: 1, failures: 0, skipped: 0 });
    expect(lines).toEqual([]);
  });
});
