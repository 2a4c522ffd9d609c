import { afterAll, afterEach, expect } from '@jest/globals';
import {
  createPlugin,
  Frame,
  type ForecastOutput,
  type ForecastRequest,
  type Predictor,
} from '#libs/plugin-sdk';

import { FakeClock } from '#libs/testing';
import defaultPredictor from '../../../libs/plugins/src/predictors/default-predictor/default-predictor.js';
import { at as timeOf, forecastRequest } from './predictor-context.js';
import { modelFolder, type DenseModel, type ModelFolder } from './trained-models.js';

export const HOUR = 3_600_000;
export const start = timeOf('2024-01-08');
export const ROWS = 60;
export const close = (row: number) => 100 + 10 * Math.sin(row);
export const volume = (row: number) => 1000 + row;
export const barsOf = (closes: (row: number) => number, rows = ROWS) =>
  Frame.of(
    Float64Array.from({ length: rows }, (_, row) => start + row * HOUR),
    {
      Close: Float64Array.from({ length: rows }, (_, row) => closes(row)),
      VOLUME: Float64Array.from({ length: rows }, (_, row) => volume(row)),
    },
  );
export const bars = barsOf(close);

export const LINEAR: DenseModel = {
  bars: 4,
  columns: 2,
  outputs: 3,
  kernel: (input, output) => Math.sin(1 + input + 10 * output) / 4,
  bias: (output) => output / 8,
};
export const DROPPING: DenseModel = { ...LINEAR, dropout: 0.5 };
export const METADATA = { feature_columns: ['VOLUME', 'CLOSE'], window_size: 4, target_column: 'CLOSE' };
export const BOUNDS = { CLOSE: { min: 80, max: 130 }, VOLUME: { min: 0, max: 2000 } };
export const MOMENTS = { CLOSE: { mean: 100, std: 7 }, VOLUME: { mean: 1000, std: 20 } };

/** The window that ends at a row, scaled by a function of column and value. */
export const windowTo = (row: number, scale = (_: 'CLOSE' | 'VOLUME', value: number) => value) =>
  [3, 2, 1, 0].flatMap((back) => [scale('VOLUME', volume(row - back)), scale('CLOSE', close(row - back))]);
export const byBounds = (column: 'CLOSE' | 'VOLUME', value: number) =>
  (value - BOUNDS[column].min) / (BOUNDS[column].max - BOUNDS[column].min);
export const byMoments = (column: 'CLOSE' | 'VOLUME', value: number) =>
  (value - MOMENTS[column].mean) / MOMENTS[column].std;

/** A folder of models and predictors over them, cleared away after the tests of a spec file. */
export interface ModelBench {
  readonly folder: ModelFolder;
  create(given: Readonly<Record<string, unknown>>): Promise<Predictor>;
}

export function modelBench(): ModelBench {
  const folder = modelFolder();
  const open: Predictor[] = [];
  afterAll(() => folder.remove());
  afterEach(async () => {
    for (const predictor of open.splice(0)) await predictor.close?.();
  });
  return {
    folder,
    create: async (given) => {
      const predictor = (await createPlugin(defaultPredictor, given, {
        clock: new FakeClock(),
      })) as Predictor;
      open.push(predictor);
      return predictor;
    },
  };
}

export const ask = async (
  predictor: Predictor,
  part: Partial<ForecastRequest> = {},
  frame = bars,
): Promise<ForecastOutput> => {
  if (predictor.forecast === undefined) throw new Error('no forecast');
  return predictor.forecast(frame, forecastRequest({ horizons: [1, 2, 3], ...part }));
};
export const closeTo = (values: readonly number[], digits = 4) =>
  values.map((value) => expect.closeTo(value, digits) as unknown);
