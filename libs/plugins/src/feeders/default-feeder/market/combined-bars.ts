import type { Bar } from '#libs/plugin-sdk';

/** Bars put together to longer ones that begin at multiples of `lengthMs` since midnight UTC. */
export function combinedBars(bars: readonly Bar[], lengthMs: number): readonly Bar[] {
  const combined: Bar[] = [];
  for (const bar of bars) {
    const time = Math.floor(bar.time / lengthMs) * lengthMs;
    const last = combined.at(-1);
    if (last?.time !== time) {
      combined.push({ ...bar, time });
      continue;
    }
    combined[combined.length - 1] = {
      time,
      open: last.open,
      high: Math.max(last.high, bar.high),
      low: Math.min(last.low, bar.low),
      close: bar.close,
      volume: last.volume + bar.volume,
    };
  }
  return combined;
}
