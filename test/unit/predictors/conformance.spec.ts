import { dirname } from 'node:path';
import { afterAll, describe, it } from '@jest/globals';
import { createPlugin, Frame, predictorConformance, type PredictorDefinition } from '#libs/plugin-sdk';
import binary from '../../../libs/plugins/src/predictors/oracle/binary-ideal-oracle.js';
import csvDirection from '../../../libs/plugins/src/predictors/csv-direction-predictor.js';
import idealBaseline from '../../../libs/plugins/src/predictors/default-predictor/default-predictor.js';
import direction from '../../../libs/plugins/src/predictors/oracle/direction-ideal-oracle.js';
import noisyIdeal from '../../../libs/plugins/src/predictors/noisy-ideal-predictor.js';
import randomWalk from '../../../libs/plugins/src/predictors/random-walk-predictor.js';
import { at, entryAt, exitAt, FOURTEEN_BARS, scratchFolder } from './predictor-context.js';

const folder = scratchFolder();
afterAll(() => folder.remove());
const csv_file = folder.write('fourteen.csv', FOURTEEN_BARS);
const predictions = folder.write(
  'predictions.csv',
  'DATE_TIME,Probability_H1\n2024-01-10 08:00:00,0.6\n2024-01-10 12:00:00,0.45\n',
);

const frame = Frame.of(
  Float64Array.from({ length: 60 }, (_, row) => at('2024-01-08') + row * 3_600_000),
  { CLOSE: Float64Array.from({ length: 60 }, (_, row) => 1 + Math.sin(row) / 100) },
);
const entries = [entryAt('2024-01-10 08:00', 40, 100), entryAt('2024-01-15 01:00', 0, 0)];
const exits = [
  exitAt('2024-01-10 08:00', 'buy', 1.1005, 1.099),
  exitAt('2024-01-10 12:00', 'sell', 1.0995, 1.2),
];

const subjects: readonly (readonly [PredictorDefinition, Readonly<Record<string, unknown>>])[] = [
  [idealBaseline, {}],
  [randomWalk, {}],
  [noisyIdeal, {}],
  [noisyIdeal, { noise_std: 0.01 }],
  [binary, { csv_file }],
  [binary, { csv_file, noise_probability: 0.3 }],
  [binary, { csv_file, noise_probability: 0.3, noise_mode: 'sequential', horizon_mode: 'original' }],
  [direction, { csv_file }],
  [direction, { csv_file, noise_std: 0.5, noise_mode: 'sequential' }],
  [csvDirection, { long_predictions_csv: predictions, short_predictions_csv: predictions }],
];

/** Titles name files without their folder, which is another one in each run. */
const titleOf = ({ id }: PredictorDefinition, given: object): string =>
  `${id} with ${JSON.stringify(given).replaceAll(`${dirname(csv_file)}/`, '')}`;
const named = subjects.map(([definition, given]) => [titleOf(definition, given), given, definition] as const);

describe.each(named)('%s', (_, given, definition) => {
  const create = () => createPlugin(definition, given);
  for (const { name, run } of predictorConformance({ definition, create, frame, entries, exits })) {
    it(name, run);
  }
});
