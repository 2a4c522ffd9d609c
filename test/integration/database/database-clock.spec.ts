import { describe, expect, it } from '@jest/globals';
import { DatabaseClock } from '#libs/database';
import { FakeClock } from '#libs/testing';

const START = Date.UTC(2026, 0, 5);
const HOST = Date.UTC(2031, 0, 1);

/** A clock after one question whose answer took `tripMs`, when the database's time was START. */
function started(tripMs: number) {
  const host = new FakeClock(HOST);
  const sentMs = host.monotonic() - tripMs;
  const clock = new DatabaseClock(host, { databaseMs: START, sentMs, answeredMs: host.monotonic() });
  const ask = (databaseMs: number, trip: number): void =>
    clock.take({ databaseMs, sentMs: host.monotonic() - trip, answeredMs: host.monotonic() });
  return { host, clock, ask };
}

describe("the database's clock", () => {
  it("goes on with the host's monotonic clock, whatever the host thinks that the time is", async () => {
    const { host, clock } = started(4);
    expect(clock.now()).toBe(START + 2);
    await host.advance(60_000);
    expect(clock.now()).toBe(START + 60_002);
  });

  it('believes a quicker answer, and a slow one only when it contradicts', () => {
    const { clock, ask } = started(100);
    expect(clock.now()).toBe(START + 50);
    ask(START + 49, 10); // 44 to 54 ms after the start
    expect(clock.now()).toBe(START + 54);
    ask(START + 30, 80); // says 30 to 110, which agrees
    expect(clock.now()).toBe(START + 54);
    ask(START + 7_200_000, 80); // the database's clock was set by two hours
    expect(clock.now()).toBe(START + 7_200_040);
    ask(START, 2); // and back
    expect(clock.now()).toBe(START + 1);
  });

  it('gives whole milliseconds and the timers of the host', async () => {
    const { host, clock } = started(3);
    expect(Number.isInteger(clock.now())).toBe(true);
    let isOver = false;
    clock.after(1_000, () => (isOver = true));
    await host.advance(1_000);
    expect(isOver).toBe(true);
  });
});
