import { afterAll, afterEach } from '@jest/globals';
import {
  createPlugin,
  type EntryAnswer,
  type ExitAnswer,
  type Predictor,
  type PredictorDefinition,
} from '#libs/plugin-sdk';
import { formatNaiveIso } from '#libs/timeseries';
import { at as timeOf, entryAt, exitAt } from './predictor-context.js';
import { modelFolder, type DenseModel, type ModelFolder } from './trained-models.js';

/** Four-hour bars from a Monday on, weekends included. */
export const START = timeOf('2024-01-08');
export const HOURS = 4;
export const ROWS = 90;
export const PIP = 0.00001;

export const closeAt = (row: number) => 1.1 + Math.sin(row) / 100;
export const rsiAt = (row: number) => 50 + 40 * Math.cos(row);
export const volumeAt = (row: number) => 1000 + 7 * row;
/** What the model SPOKEN says: a probability that the file names for every bar. */
export const spokenAt = (row: number) => [0.5, 0.55, 0.6, 0.4, 0.75, 0.25, 1, 0, 0.45, 0.625][row % 10] ?? 0;

export const timeAt = (row: number) => formatNaiveIso(START + row * HOURS * 3_600_000).replace('T', ' ');

type Columns = Readonly<Record<string, (row: number) => number | string>>;
export const FEATURES: Columns = { RSI: rsiAt, VOLUME: volumeAt };
const PRICES: Columns = { OPEN: closeAt, HIGH: closeAt, LOW: closeAt, CLOSE: closeAt };

/** A file of bars: prices, and the given columns by row. */
export function csvOf(columns: Columns = FEATURES, rows = ROWS): string {
  const all = Object.entries({ ...PRICES, ...columns });
  const lines = Array.from({ length: rows }, (_, row) =>
    [timeAt(row), ...all.map(([, value]) => String(value(row)))].join(),
  );
  return `DATE_TIME,${all.map(([name]) => name).join()}\n${lines.join('\n')}\n`;
}

/** A sigmoid over three bars of two features. */
export const SIGMOID: DenseModel = {
  bars: 3,
  columns: 2,
  outputs: 1,
  activation: 'sigmoid',
  kernel: (input) => Math.sin(1 + 2 * input) / 2,
  bias: () => 0.2,
};
/** Repeats the last bar of one feature. */
export const SPOKEN: DenseModel = {
  bars: 2,
  columns: 1,
  outputs: 1,
  kernel: (input) => (input === 1 ? 1 : 0),
};

export const BOUNDS = { RSI: { min: 0, max: 100 }, VOLUME: { min: 900, max: 1700 } };
export const METADATA = { feature_columns: ['RSI', 'VOLUME'], window_size: 3, normalization: BOUNDS };

/** The scaled window of SIGMOID that ends at a row, with rows of zeros in front and numbers behind the features. */
export const windowTo = (row: number, extras: readonly number[] = [], bars = 3): number[] =>
  Array.from({ length: bars }, (_, bar) => row - bars + 1 + bar).flatMap((one) =>
    one < 0 ? [0, 0, ...extras.map(() => 0)] : [rsiAt(one) / 100, (volumeAt(one) - 900) / 800, ...extras],
  );

export interface SignalBench {
  readonly folder: ModelFolder;
  /** Creates a predictor over a file of bars; closed after the test. */
  create(
    definition: PredictorDefinition,
    given?: Readonly<Record<string, unknown>>,
    csv?: string,
  ): Promise<Predictor>;
}

/** A folder of models and files for the tests of one spec file. */
export function signalBench(): SignalBench {
  const folder = modelFolder();
  const open: Predictor[] = [];
  let files = 0;
  afterAll(() => folder.remove());
  afterEach(async () => {
    for (const predictor of open.splice(0)) await predictor.close?.();
  });
  return {
    folder,
    create: async (definition, given = {}, csv = csvOf()) => {
      const csv_file = folder.write(`bars-${(files += 1)}.csv`, csv);
      const predictor = (await createPlugin(definition, { csv_file, ...given })) as Predictor;
      open.push(predictor);
      return predictor;
    },
  };
}

export const enter = async (predictor: Predictor, time: string | number): Promise<EntryAnswer> => {
  if (predictor.entry === undefined) throw new Error('no entry');
  return predictor.entry(entryAt(typeof time === 'number' ? timeAt(time) : time, 40, 60));
};

export const leave = async (
  predictor: Predictor,
  row: number,
  direction: 'buy' | 'sell',
  [takeProfit, stopLoss]: readonly [number, number] = [1.2, 1],
): Promise<ExitAnswer> => {
  if (predictor.exit === undefined) throw new Error('no exit');
  return predictor.exit(exitAt(timeAt(row), direction, takeProfit, stopLoss));
};
