/** The price columns of an oracle's data, one length. */
export interface BarColumns {
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
}

/**
 * Does a long position reach its take-profit before its stop-loss in the rows `first` to `last` (inclusive)? Within a row
 * the stop comes first and is touched by the low; the target counts only on the close. 0 when neither is reached.
 * Levels are absolute prices; equality touches. A NaN price touches nothing.
 */
export function buyPays(
  { low, close }: BarColumns,
  first: number,
  last: number,
  takeProfit: number,
  stopLoss: number,
): 0 | 1 {
  for (let row = first; row <= last; row += 1) {
    if ((low[row] ?? NaN) <= stopLoss) return 0;
    if ((close[row] ?? NaN) >= takeProfit) return 1;
  }
  return 0;
}

/** As {@link buyPays} for a short position: the stop is touched by the high, the target lies below. */
export function sellPays(
  { high, close }: BarColumns,
  first: number,
  last: number,
  takeProfit: number,
  stopLoss: number,
): 0 | 1 {
  for (let row = first; row <= last; row += 1) {
    if ((high[row] ?? NaN) >= stopLoss) return 0;
    if ((close[row] ?? NaN) <= takeProfit) return 1;
  }
  return 0;
}
