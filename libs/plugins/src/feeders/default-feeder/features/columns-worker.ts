import { move, transferableSymbol, valueSymbol } from 'piscina';
import { buildColumns, type ColumnsInput } from './build-columns.js';

/** The worker thread's entry: builds the columns of one frame and hands the arrays over without copying them. */
export default function buildInThread(input: ColumnsInput): unknown {
  const output = buildColumns(input);
  const buffers = [output.time, ...output.columns.map(([, values]) => values)].map(({ buffer }) => buffer);
  return move({
    get [transferableSymbol]() {
      return [...new Set(buffers)];
    },
    get [valueSymbol]() {
      return output;
    },
  });
}
