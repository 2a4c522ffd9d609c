/** First row whose time is at least `time`; `times.length` when there is none. `times` ascending, duplicates allowed. */
export function firstRowFrom(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** First row whose time is later than `time`; `times.length` when there is none. */
export function firstRowAfter(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] ?? Infinity) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Last row whose time is at most `time`; -1 when `time` lies before the first row. */
export const rowAtOrBefore = (times: Float64Array, time: number): number => firstRowAfter(times, time) - 1;

/** Last row whose time is exactly `time`; -1 when there is none. */
export function exactRow(times: Float64Array, time: number): number {
  const row = rowAtOrBefore(times, time);
  return row >= 0 && times[row] === time ? row : -1;
}

/**
 * The row nearest to `time`, whatever the distance; of rows equally near the later one. A time before the first row
 * gives the first, one after the last row the last; -1 only without rows.
 */
export function nearestRow(times: Float64Array, time: number): number {
  const after = firstRowAfter(times, time);
  if (after === times.length) return times.length - 1;
  const later = times[after] ?? Infinity;
  const earlier = times[after - 1] ?? -Infinity;
  return time - earlier < later - time ? after - 1 : rowAtOrBefore(times, later);
}
