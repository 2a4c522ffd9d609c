import { move, transferableSymbol, valueSymbol } from 'piscina';
import {
  buildColumns,
  buildPart,
  type ColumnsInput,
  type ColumnsOutput,
  type ColumnsPart,
  completeRowsInPlace,
} from './build-columns.js';

/** What a thread is asked for: all of the columns, a part of them, or the complete rows of columns that are there. */
export type ColumnsTask =
  | { readonly whole: ColumnsInput }
  | { readonly part: ColumnsInput }
  | { readonly rows: Pick<ColumnsOutput, 'time' | 'columns'>; readonly lacks: Uint8Array };

/** The worker thread's entry: builds the columns of one frame and hands the arrays over without copying them. */
export default function buildInThread(task: ColumnsTask): unknown {
  const output = outputOf(task);
  const arrays = output.columns.map(([, values]) => values);
  if ('time' in output) arrays.push(output.time);
  // Memory that threads share is not handed over.
  const buffers = arrays.map(({ buffer }) => buffer).filter((buffer) => buffer instanceof ArrayBuffer);
  return move({
    get [transferableSymbol]() {
      return [...new Set(buffers)];
    },
    get [valueSymbol]() {
      return output;
    },
  });
}

function outputOf(task: ColumnsTask): ColumnsOutput | ColumnsPart {
  if ('part' in task) return buildPart(task.part);
  return 'rows' in task ? completeRowsInPlace(task.lacks, task.rows) : buildColumns(task.whole);
}
