import { afterAll, describe, expect, it } from '@jest/globals';
import csvDirection, {
  type CsvDirectionPredictor,
} from '../../../libs/plugins/src/predictors/csv-direction-predictor.js';
import { createPredictor, entryAt, exitAt, scratchFolder } from './predictor-context.js';

const folder = scratchFolder();
afterAll(() => folder.remove());

const predictions = (rows: Readonly<Record<string, number>>) =>
  `DATE_TIME,True_Label_H1,Probability_H1,Predicted_Label_H1\n${Object.entries(rows)
    .map(([time, probability]) => `${time}:00,1,${probability},1\n`)
    .join('')}`;
const long_predictions_csv = folder.write(
  'long.csv',
  predictions({
    '2024-01-10 08:00': 0.6,
    '2024-01-10 12:00': 0.45,
    '2024-01-10 16:00': 0.5,
    '2024-01-12 20:00': 0.55,
  }),
);
const short_predictions_csv = folder.write(
  'short.csv',
  predictions({ '2024-01-10 08:00': 0.6, '2024-01-10 12:00': 0.45 }),
);
const create = (given: object = {}) =>
  createPredictor<CsvDirectionPredictor, typeof csvDirection.parameters>(csvDirection, {
    long_predictions_csv,
    short_predictions_csv,
    ...given,
  });

describe('the csv direction predictor', () => {
  it.each<[string, 0 | 1, 0 | 1, number, number]>([
    ['2024-01-10 08:00', 1, 0, 15, 1],
    ['2024-01-10 10:00', 0, 1, 14, 1],
    ['2024-01-10 14:00', 0, 0, 13, 1],
    ['2024-01-10 18:00', 0, 0, 12, 1],
    ['2024-01-10 18:00:01', 0, 0, 12, 0],
    ['2024-01-12 20:00', 1, 0, 0, 1],
    ['2024-01-12 19:00', 1, 0, 0, 1],
    ['2024-01-12 23:00', 0, 0, 0, 0],
    ['2024-01-13 05:00', 0, 0, 39, 0],
    ['2024-01-14 22:00', 0, 0, 29, 0],
  ])(
    'answers an entry at %s: %d/%d, %d bars, confidence %d',
    async (time, buy, sell, barsRemaining, confidence) => {
      expect((await create()).entry(entryAt(time, 1, 1))).toEqual({
        buy,
        sell,
        barsRemaining,
        buyConfidence: confidence,
        sellConfidence: confidence,
      });
    },
  );

  it.each<[string, 'buy' | 'sell', 0 | 1, 0 | 1]>([
    ['2024-01-10 08:00', 'buy', 0, 1],
    ['2024-01-10 08:00', 'sell', 1, 0],
    ['2024-01-10 12:00', 'buy', 1, 0],
    ['2024-01-10 12:00', 'sell', 0, 1],
    ['2030-01-10 12:00', 'sell', 1, 1],
  ])(
    'answers an exit at %s of a %s: keep %d, and %d when the short model means up',
    async (time, side, down, up) => {
      const question = exitAt(time, side, 1, 1);
      expect((await create()).exit(question)).toEqual({ keep: down, confidence: 1 });
      expect((await create({ short_means: 'up' })).exit(question)).toEqual({ keep: up, confidence: 1 });
    },
  );

  it('can be kept from predictions that came later, and from ones too old', async () => {
    const previous = await create({ timestamp_match: 'previous' });
    expect(previous.entry(entryAt('2024-01-10 10:00', 1, 1))).toMatchObject({ buy: 1, sell: 0 });
    expect(previous.entry(entryAt('2024-01-10 10:00:01', 1, 1)).buyConfidence).toBe(0);
    expect(previous.describe()).toMatchObject({ looks_ahead: false, short_means: 'down' });
    const patient = await create({ timestamp_match: 'previous', match_limit_seconds: 1e9 });
    expect(patient.entry(entryAt('2030-01-10 10:00', 1, 1)).buy).toBe(1);
  });

  it.each([
    [{}, true],
    [{ match_limit_seconds: 1 }, true],
    [{ match_limit_seconds: 0 }, false],
    [{ timestamp_match: 'previous' }, false],
  ])('says with %j truthfully, to the host as well, whether it looks ahead: %s', async (given, ahead) => {
    const predictor = await create(given);
    expect([predictor.describe().looks_ahead, csvDirection.looksAhead && predictor.looksAheadWith()]).toEqual(
      [ahead, ahead],
    );
  });

  it('signals at its threshold, inclusive', async () => {
    const lenient = await create({ confidence_threshold: 0.5 });
    expect(lenient.entry(entryAt('2024-01-10 16:00', 1, 1))).toMatchObject({ buy: 1, sell: 1 });
  });

  it('needs both files, with the probability column', async () => {
    await expect(create({ short_predictions_csv: null })).rejects.toMatchObject({ code: 'not_configured' });
    const other = folder.write('other.csv', 'DATE_TIME,P\n2024-01-10 08:00:00,1\n');
    await expect(create({ long_predictions_csv: other })).rejects.toThrow('Probability_H1');
  });

  it('describes itself as directional, and that the nearest prediction may lie ahead', async () => {
    expect((await create()).describe()).toMatchObject({
      model_name: 'csv_direction_predictor',
      window_size: 0,
      prediction_scope: 'directional',
      required_columns: [],
      looks_ahead: true,
    });
  });
});
