import { move, transferableSymbol, valueSymbol } from 'piscina';
import type { CsvOptions, CsvOutcome } from './csv-format.js';
import { parseCsv } from './parse-csv.js';

export interface CsvTask {
  readonly path: string;
  readonly options: CsvOptions;
}

/** The worker thread's entry: parses one file and hands the arrays over without copying them. */
export default async function parseInThread({ path, options }: CsvTask): Promise<unknown> {
  const outcome = await parseCsv(path, options);
  return move({
    get [transferableSymbol]() {
      return arraysOf(outcome);
    },
    get [valueSymbol]() {
      return outcome;
    },
  });
}

function arraysOf(outcome: CsvOutcome): ArrayBufferLike[] {
  if ('fault' in outcome) return [];
  const { time, columns } = outcome.parsed;
  // A column with two names has one buffer, which can be handed over once.
  return [...new Set([time.buffer, ...columns.map(([, values]) => values.buffer)])];
}
