import { move, transferableSymbol, valueSymbol } from 'piscina';
import { Frame } from './frame.js';
import type { Interval } from './intervals.js';
import { joinBars, type JoinedBars } from './longer-bars.js';

export interface JoinTask extends Pick<JoinedBars, 'time' | 'columns'> {
  readonly stepMs: number;
  readonly interval: Interval;
  readonly zone: string | null;
}

/** The worker thread's entry: puts bars together and hands the arrays over without copying them. */
export default function joinInThread({ time, columns, stepMs, interval, zone }: JoinTask): unknown {
  const joined = joinBars(Frame.of(time, columns).dated({ closeOf: null, zone }), stepMs, interval);
  const arrays = [
    joined.time,
    joined.closes,
    joined.knownFrom,
    ...joined.columns.map(([, values]) => values),
  ];
  return move({
    get [transferableSymbol]() {
      return [...new Set(arrays.map(({ buffer }) => buffer))];
    },
    get [valueSymbol]() {
      return joined;
    },
  });
}
