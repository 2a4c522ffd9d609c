import { WorkerThreads } from '#libs/kernel';
import type { Frame } from './frame.js';
import type { Interval } from './intervals.js';
import { framed, type JoinedBars, type LongerBars, longerBars } from './longer-bars.js';
import type { JoinTask } from './longer-bars-worker.js';

/** Up to here the calling thread does it: 5 ms of it, measured; 1,000,000 rows take 180 ms and more. */
const CALLERS_ROWS = 20_000;

const threads = new WorkerThreads<JoinTask, JoinedBars>(new URL('./longer-bars-worker.js', import.meta.url), {
  maxThreads: 1,
  idleMs: 1000,
});

/** As {@link longerBars}, of many bars in a thread, so that the event loop goes on; without a build in the caller's. */
export async function longerBarsBeside(bars: Frame, stepMs: number, interval: Interval): Promise<LongerBars> {
  if (bars.length <= CALLERS_ROWS || !threads.isBuilt) return longerBars(bars, stepMs, interval);
  const { time, columns, calendar } = bars;
  const { zone } = calendar;
  const joined = await threads.run({ time, columns: [...columns], stepMs, interval, zone });
  return framed(joined, interval, zone);
}
