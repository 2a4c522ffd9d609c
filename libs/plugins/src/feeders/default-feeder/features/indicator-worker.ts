import { move, transferableSymbol, valueSymbol } from 'piscina';
import { computeIndicators, type IndicatorInput } from './compute-indicators.js';

/** The worker thread's entry: computes the indicators of one frame and hands the arrays over without copying them. */
export default function computeInThread(input: IndicatorInput): unknown {
  const columns = computeIndicators(input);
  return move({
    get [transferableSymbol]() {
      return Object.values(columns).map((values) => values.buffer);
    },
    get [valueSymbol]() {
      return columns;
    },
  });
}
