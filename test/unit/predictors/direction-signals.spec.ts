import { describe, expect, it } from '@jest/globals';
import { predictorConformance, type Predictor } from '#libs/plugin-sdk';
import direction from '../../../libs/plugins/src/predictors/direction-predictor.js';
import { entryAt, exitAt } from './predictor-context.js';
import {
  BOUNDS,
  csvOf,
  enter,
  FEATURES,
  leave,
  METADATA,
  ROWS,
  SIGMOID,
  signalBench,
  SPOKEN,
  spokenAt,
  timeAt,
  windowTo,
} from './signal-bench.js';
import { denseAnswer, type DenseModel } from './trained-models.js';

const { folder, create } = signalBench();
const SHORT: DenseModel = { ...SIGMOID, bars: 5, kernel: (input) => Math.cos(input) / 3 };
const upLong = async (predictor: Predictor, row: number) =>
  (await enter(predictor, row)) as { readonly pUpLong?: number };
const models = () => ({
  long_model_path: folder.model('long', SIGMOID, METADATA),
  // Another window and no normalisation: what one model says of itself is nothing to the other.
  short_model_path: folder.model('short', SHORT, { feature_columns: ['VOLUME', 'RSI'], window_size: 5 }),
});

describe('a direction model', () => {
  it('answers the scaled window that ends at the bar, with zeros in front of the first bars', async () => {
    const predictor = await create(direction, models());
    for (let row = 0; row < ROWS; row += 1) {
      const [up = NaN] = denseAnswer(SIGMOID, windowTo(row));
      expect((await upLong(predictor, row)).pUpLong).toBeCloseTo(up, 5);
    }
  });

  it('may take its normalisation from a file of its own', async () => {
    const file = folder.write('own-scale.json', JSON.stringify(BOUNDS));
    const metadata = { feature_columns: ['RSI', 'VOLUME'] };
    const long_model_path = folder.model('unscaled', SIGMOID, metadata);
    const predictor = await create(direction, { long_model_path, normalization_params_path: file });
    const [up = NaN] = denseAnswer(SIGMOID, windowTo(50));
    expect((await upLong(predictor, 50)).pUpLong).toBeCloseTo(up, 5);
  });

  it('takes all columns but prices and labels where the metadata name none', async () => {
    const csv = csvOf({
      ...FEATURES,
      direction_long_label: () => 1,
      direction_short_label: () => 0,
      bars_to_friday: (row) => row,
      NOTE: () => 'text',
    });
    const metadata = { normalization: BOUNDS };
    const long_model_path = folder.model('unnamed', SIGMOID, metadata);
    const predictor = await create(direction, { long_model_path }, csv);
    const [up = NaN] = denseAnswer(SIGMOID, windowTo(33));
    expect((await upLong(predictor, 33)).pUpLong).toBeCloseTo(up, 5);
  });
});

describe('signals of direction models', () => {
  const speaking = () => {
    const path = folder.model('spoken', SPOKEN);
    return { long_model_path: path, short_model_path: path };
  };
  const csv = csvOf({ SPOKEN: spokenAt });

  it('enter with a rise or a fall that reaches the threshold', async () => {
    const predictor = await create(direction, { ...speaking(), confidence_threshold: 0.625 }, csv);
    for (let row = 0; row < 10; row += 1) {
      const up = spokenAt(row);
      expect(await enter(predictor, row)).toMatchObject({
        buy: up >= 0.625 ? 1 : 0,
        sell: 1 - up >= 0.625 ? 1 : 0,
        buyConfidence: 1,
        sellConfidence: 1,
        pUpLong: Math.fround(up),
      });
    }
  });

  it('leave when the price is said to go against the position, as the short model is to be read', async () => {
    const threshold = { ...speaking(), confidence_threshold: 0.625 };
    const up = await create(direction, threshold, csv);
    const down = await create(direction, { ...threshold, short_means: 'down' }, csv);
    for (let row = 0; row < 10; row += 1) {
      const [said, rest] = [spokenAt(row) >= 0.625 ? 0 : 1, 1 - spokenAt(row) >= 0.625 ? 0 : 1];
      expect(await leave(up, row, 'buy')).toMatchObject({ keep: rest, confidence: 1 });
      expect(await leave(up, row, 'sell')).toMatchObject({
        keep: said,
        pUpShort: Math.fround(spokenAt(row)),
      });
      expect(await leave(down, row, 'buy')).toMatchObject({ keep: said });
      expect(await leave(down, row, 'sell')).toMatchObject({ keep: rest });
    }
  });

  it('are none without models: no entry, every position kept', async () => {
    const none = await create(direction);
    expect(await enter(none, 3)).toEqual({
      buy: 0,
      sell: 0,
      barsRemaining: 26,
      buyConfidence: 0,
      sellConfidence: 0,
      pUpLong: null,
    });
    expect(await leave(none, 3, 'buy')).toEqual({ keep: 1, confidence: 1, pUpShort: null });
  });

  it('are described with each model and its own window', async () => {
    const predictor = await create(direction, { ...models(), mc_samples: 9, mc_seed: 4 });
    expect(await predictor.describe?.()).toMatchObject({
      model_name: 'direction_predictor',
      window_size: 5,
      supported_types: ['entry', 'exit'],
      entry_directions: ['buy', 'sell'],
      exit_directions: ['buy', 'sell'],
      prediction_scope: 'directional',
      required_columns: ['RSI', 'VOLUME'],
      accepts_ohlc_window: false,
      looks_ahead: false,
      confidence_threshold: 0.55,
      timestamp_match: 'previous',
      short_means: 'up',
      models: {
        long: {
          window_size: 3,
          model_loaded: true,
          model_path: 'long.json',
          total_features: 2,
          feature_columns: ['RSI', 'VOLUME'],
          normalized_columns: ['RSI', 'VOLUME'],
          mc_samples: 0,
        },
        short: { window_size: 5, feature_columns: ['VOLUME', 'RSI'], normalized_columns: [] },
      },
    });
  });
});

describe('the contract: direction_predictor', () => {
  const checks = predictorConformance({
    definition: direction,
    create: () => create(direction),
    entries: [entryAt(timeAt(10), 40, 60), entryAt(timeAt(1), 0, 0)],
    exits: [exitAt(timeAt(10), 'buy', 1.2, 1), exitAt(timeAt(11), 'sell', 1, 1.2)],
  });
  for (const check of checks) it(check.name, check.run);
});
