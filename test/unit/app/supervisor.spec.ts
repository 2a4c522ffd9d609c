import { beforeEach, describe, expect, it } from '@jest/globals';
import { eventually, FakeClock } from '#libs/testing';
import { STARTING_EXIT } from '../../../src/app/commands/command.js';
import { type ProcessEnd, type SupervisedProcess, Supervisor } from '../../../src/app/commands/supervisor.js';

const SECOND = 1_000;
const AWAY: ProcessEnd = { code: STARTING_EXIT.mayPass, readyMs: null };
const WRONG: ProcessEnd = { code: STARTING_EXIT.lasts, readyMs: null };
const UNEXPLAINED: ProcessEnd = { code: 1, readyMs: null };
const CRASH: ProcessEnd = { code: null, readyMs: 10 };

/** A process that ends when the spec says so. */
class StubProcess implements SupervisedProcess {
  readonly signals: string[] = [];
  readonly ended: Promise<ProcessEnd>;
  end!: (end: ProcessEnd) => void;

  constructor(private readonly obeys: boolean) {
    this.ended = new Promise((resolve) => (this.end = resolve));
  }

  kill(signal: 'SIGTERM' | 'SIGKILL'): void {
    this.signals.push(signal);
    if (this.obeys || signal === 'SIGKILL') this.end({ code: 0, readyMs: 1 });
  }
}

describe('the supervisor of several processes', () => {
  let clock: FakeClock;
  let started: StubProcess[];
  let told: string[];
  beforeEach(() => {
    clock = new FakeClock(0);
    started = [];
    told = [];
  });

  function supervise({ size = 1, isWatching = false, obeys = true, draw = 0.5 } = {}) {
    const supervisor = new Supervisor({
      size,
      graceMs: 10 * SECOND,
      isWatching,
      clock,
      jitter: () => draw,
      tell: (text) => told.push(text),
      start: () => {
        const one = new StubProcess(obeys);
        started.push(one);
        return one;
      },
    });
    return { supervisor, code: supervisor.run() };
  }

  const count = (n: number) => eventually(`${n} processes were started`, () => started.length === n);

  /** Ends the newest process and tells after how many seconds another one came. */
  async function pauseAfter(end: ProcessEnd): Promise<number> {
    const [before, lines] = [started.length, told.length];
    started.at(-1)?.end(end);
    await eventually('it says that it waits', () => told.length > lines);
    let waited = 0;
    for (; started.length === before; waited += 0.5) await clock.advance(SECOND / 2);
    return waited;
  }

  it('waits for a database that is away with growing, bounded pauses, however long that takes', async () => {
    const { supervisor, code } = supervise();
    const pauses: number[] = [];
    for (let i = 0; i < 9; i += 1) pauses.push(await pauseAfter(AWAY));
    expect(pauses).toEqual([0.5, 1, 2, 4, 8, 16, 30, 30, 30]);
    supervisor.stop();
    expect(await code).toBe(0);
  });

  it('starts each of two processes that crash together again, and begins with short pauses after a steady time', async () => {
    const { supervisor, code } = supervise({ size: 2 });
    for (const one of started) one.end(CRASH);
    await eventually('both ends are told', () => told.length === 2);
    await clock.advance(SECOND / 2);
    await count(4);
    expect(await pauseAfter(CRASH)).toBe(1);
    expect(await pauseAfter({ code: null, readyMs: 61 * SECOND })).toBe(0.5);
    supervisor.stop();
    expect(await code).toBe(0);
  });

  it.each([
    [0, '0.4'],
    [1, '0.6'],
  ])(
    'spreads the starts of processes that ended together: a draw of %d is a pause of %s s',
    async (draw, pause) => {
      const { supervisor, code } = supervise({ draw });
      started[0]?.end(AWAY);
      await eventually('it waits', () => told.length === 1);
      expect(told[0]).toMatch(`another one starts in ${pause} s`);
      supervisor.stop();
      await code;
    },
  );

  it('gives up at once, with 1, for a fault that does not pass, and ends the others', async () => {
    const { code } = supervise({ size: 2 });
    started[0]?.end(WRONG);
    expect(await code).toBe(1);
    expect(started.map(({ signals }) => signals)).toEqual([[], ['SIGTERM']]);
    expect(told).toEqual(['The server cannot start; see the messages above.']);
  });

  it('gives up when five starts in a row end without a known reason', async () => {
    const { code } = supervise();
    for (let i = 0; i < 4; i += 1) await pauseAfter(UNEXPLAINED);
    started.at(-1)?.end(UNEXPLAINED);
    expect(await code).toBe(1);
    expect(started).toHaveLength(5);
  });

  it('goes on while someone is at work on the settings, and starts at once when a file changed', async () => {
    const { supervisor, code } = supervise({ isWatching: true });
    for (let i = 0; i < 6; i += 1) await pauseAfter(WRONG);
    started.at(-1)?.end(WRONG);
    await eventually('it waits', () => told.length === 7);
    supervisor.exchange();
    await count(8);
    supervisor.exchange();
    await count(9);
    expect(started[7]?.signals).toEqual(['SIGTERM']);
    supervisor.stop();
    expect(await code).toBe(0);
  });

  it('ends in the middle of a pause', async () => {
    const { supervisor, code } = supervise();
    started[0]?.end(AWAY);
    await eventually('it waits', () => told.length === 1);
    supervisor.stop();
    expect(await code).toBe(0);
    expect(started).toHaveLength(1);
  });

  it('ends a process by force that does not stop within its time', async () => {
    const { supervisor, code } = supervise({ obeys: false });
    supervisor.stop();
    await clock.advance(19 * SECOND);
    expect(started[0]?.signals).toEqual(['SIGTERM']);
    await clock.advance(SECOND);
    expect(started[0]?.signals).toEqual(['SIGTERM', 'SIGKILL']);
    expect(await code).toBe(0);
  });
});
