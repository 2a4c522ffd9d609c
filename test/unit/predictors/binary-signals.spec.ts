import { describe, expect, it } from '@jest/globals';
import { predictorConformance } from '#libs/plugin-sdk';
import {
  binaryEntryPredictor as binaryEntry,
  binaryExitPredictor as binaryExit,
  binaryPredictor as binary,
} from '../../../libs/plugins/src/predictors/binary-predictors.js';
import { complementOf, entrySides } from '../../../libs/plugins/src/predictors/signals/probabilities.js';
import { entryAt, exitAt, FOURTEEN_BARS } from './predictor-context.js';
import {
  closeAt,
  csvOf,
  enter,
  FEATURES,
  leave,
  METADATA,
  PIP,
  ROWS,
  rsiAt,
  signalBench,
  SIGMOID,
  SPOKEN,
  spokenAt,
  timeAt,
  volumeAt,
  windowTo,
} from './signal-bench.js';
import { denseAnswer, type DenseModel } from './trained-models.js';

const { folder, create } = signalBench();
/** A model whose answers swing around a half. */
const SWINGING: DenseModel = { ...SIGMOID, kernel: (input) => 2 * Math.sin(1 + 2 * input), bias: () => -0.4 };
const EXIT_MODEL: DenseModel = {
  ...SWINGING,
  columns: 5,
  // The distances are thousands of pips: weighed so that they count about as much as the features.
  kernel: (input) => (input % 5 > 2 ? 1e-3 * Math.cos(3 * input) : 2 * Math.sin(1 + 2 * input)),
  bias: () => -1,
};

describe('entries of a binary model', () => {
  it('come from the scaled window that ends at the bar, with zeros in front of the first bars', async () => {
    const predictor = await create(binaryEntry, { model_path: folder.model('entry', SWINGING, METADATA) });
    const sides = new Set<string>();
    for (let row = 0; row < ROWS; row += 1) {
      const [likely = NaN] = denseAnswer(SWINGING, windowTo(row));
      const { buy, sell } = await enter(predictor, row);
      expect([row, buy, sell]).toEqual([row, likely >= 0.5 ? 1 : 0, likely >= 0.5 ? 0 : 1]);
      sides.add(`${buy}${sell}`);
    }
    expect(sides.size).toBe(2);
  });

  it.each([
    [0.5, 0.5, 1, 0],
    [0.5, 0.500001, 1, 0],
    [0.5, 0.499999, 0, 1],
    [0.75, 0.75, 1, 0],
    [0.75, 0.25, 0, 1],
    [0.75, 0.7499, 0, 0],
    [0.75, 0.2501, 0, 0],
    [0.25, 0.5, 1, 0],
    [0.25, 0.45, 0, 1],
    [0.25, 0.75, 1, 0],
    [1, 1, 1, 0],
    [1, 0, 0, 1],
    [0, 0.2, 0, 1],
  ])('at a threshold of %d, inclusive, a probability of %d gives %d/%d', (threshold, value, buy, sell) => {
    const chance = { value, std: 0.125 };
    expect(entrySides(chance, complementOf(chance), threshold)).toEqual({
      buy,
      sell,
      buyConfidence: 0.75,
      sellConfidence: 0.75,
    });
  });

  it('are never on both sides, not even where the model says a half', async () => {
    const given = { model_path: folder.model('spoken', SPOKEN) };
    const predictor = await create(binaryEntry, given, csvOf({ SPOKEN: spokenAt }));
    for (let row = 0; row < 10; row += 1) {
      const buy = spokenAt(row) >= 0.5 ? 1 : 0;
      const answer = { buy, sell: 1 - buy, buyConfidence: 1, sellConfidence: 1 };
      expect(await enter(predictor, row)).toMatchObject(answer);
    }
  });

  it('take a second output as the probability of a sell', async () => {
    const two: DenseModel = { ...SPOKEN, outputs: 2, columns: 2, kernel: (i, o) => (i === 2 + o ? 1 : 0) };
    const chances = (row: number) => [row / ROWS, ((row * 7) % ROWS) / ROWS] as const;
    const csv = csvOf({ BUYS: (row) => chances(row)[0], SELLS: (row) => chances(row)[1] });
    const predictor = await create(binaryEntry, { model_path: folder.model('two', two) }, csv);
    for (let row = 0; row < ROWS; row += 1) {
      const [buy, sell] = chances(row);
      const answer = await enter(predictor, row);
      expect([answer.buy, answer.sell]).toEqual([
        buy >= 0.5 && buy >= sell ? 1 : 0,
        sell >= 0.5 && sell > buy ? 1 : 0,
      ]);
    }
  });

  it('are about the last bar that is not later than the question', async () => {
    const predictor = await create(binaryEntry, { match_limit_seconds: 14_399 });
    expect(await enter(predictor, '2024-01-08 19:59:59')).toEqual(await enter(predictor, 4));
    for (const time of ['2024-01-07 23:59:59', '2030-01-01 00:00']) {
      await expect(enter(predictor, time)).rejects.toMatchObject({ code: 'no_data' });
    }
    const patient = await create(binaryEntry);
    expect(await enter(patient, '2030-01-01 00:00')).toEqual(await enter(patient, ROWS - 1));
  });

  it('never depend on the values of later bars', async () => {
    const given = { model_path: folder.model('past', SWINGING, METADATA) };
    const row = 40;
    const changed = csvOf({
      RSI: (at) => (at > row ? -1e5 * at : rsiAt(at)),
      VOLUME: (at) => (at > row ? 1e9 : volumeAt(at)),
      CLOSE: (at) => (at > row ? 9 : closeAt(at)),
    });
    const predictors = [await create(binaryEntry, given), await create(binaryEntry, given, changed)];
    for (let at = 0; at <= row; at += 1) {
      const [honest, other] = await Promise.all(predictors.map((predictor) => enter(predictor, at)));
      expect(other).toEqual(honest);
    }
  });

  it('count the bars to the Friday close, at most 199, by their times alone', async () => {
    const few = await create(binaryEntry, {}, FOURTEEN_BARS);
    const counts: number[] = [];
    for (const line of FOURTEEN_BARS.trim().split('\n').slice(1)) {
      counts.push((await enter(few, line.slice(0, 16))).barsRemaining);
    }
    expect(counts).toEqual([7, 6, 5, 4, 3, 2, 1, 0, 0, 4, 3, 2, 1, 120]);
    const clock = (minute: number) =>
      `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
    const minutes = Array.from({ length: 300 }, (_, minute) => `2024-01-08 ${clock(minute)}:00,1`);
    const many = await create(
      binaryEntry,
      { prediction_horizon: 5 },
      `DATE_TIME,CLOSE\n${minutes.join('\n')}\n`,
    );
    const asked = [0, 100, 101, 298, 299].map((minute) => enter(many, `2024-01-08 ${clock(minute)}`));
    expect((await Promise.all(asked)).map((answer) => answer.barsRemaining)).toEqual([199, 199, 198, 1, 5]);
  });
});

describe('exits of a binary model', () => {
  it('come from window, side and distances', async () => {
    const predictor = await create(binaryExit, { model_path: folder.model('exit', EXIT_MODEL, METADATA) });
    const given = new Set<string>();
    for (let row = 0; row < ROWS; row += 3) {
      for (const side of ['buy', 'sell'] as const) {
        const levels = [closeAt(row) + 0.001 * (row % 7), closeAt(row) - 0.002 * (row % 5)] as const;
        const pips = (level: number) => Math.abs(level - closeAt(row)) / PIP;
        const extras = [side === 'buy' ? 1 : -1, pips(levels[0]), pips(levels[1])];
        const [likely = NaN] = denseAnswer(EXIT_MODEL, windowTo(row, extras));
        const { keep, confidence } = await leave(predictor, row, side, levels);
        expect([row, side, keep, confidence]).toEqual([row, side, likely >= 0.5 ? 1 : 0, 1]);
        given.add(`${side} ${keep}`);
      }
    }
    expect(given.size).toBe(4);
  });

  it('scale the distances where the normalisation knows them, and have none without a pip', async () => {
    const kernel = (input: number) => (input === 3 ? 1 : 0);
    const distance: DenseModel = { bars: 1, columns: 5, outputs: 1, kernel };
    const normalization = { ...METADATA.normalization, tp_distance_pips: { min: 0, max: 20_000 } };
    const metadata = { ...METADATA, window_size: 1, normalization };
    const given = { model_path: folder.model('distance', distance, metadata) };
    const predictor = await create(binaryExit, given);
    const level = (pips: number) => [closeAt(5) + pips * PIP, 1] as const;
    expect((await leave(predictor, 5, 'buy', level(10_001))).keep).toBe(1);
    expect((await leave(predictor, 5, 'buy', level(9_999))).keep).toBe(0);
    const none = await create(binaryExit, { ...given, pip_cost: 0 });
    expect((await leave(none, 5, 'buy', level(15_000))).keep).toBe(0);
  });

  it('are not offered by the entry predictor, nor entries by the exit predictor', async () => {
    expect(await leave(await create(binaryEntry), 5, 'buy')).toEqual({ keep: 1, confidence: 1 });
    const none = { buy: 0, sell: 0, barsRemaining: 0, buyConfidence: 0, sellConfidence: 0 };
    expect(await enter(await create(binaryExit), 5)).toEqual(none);
  });
});

describe('ideal exits', () => {
  const given = { use_ideal_buy_exit: true };
  const labels = {
    ...FEATURES,
    buy_exit_label: (row: number) => (row % 2 === 0 ? 1 : 0.49),
    sell_exit_label: (row: number) => (row === 7 ? '' : 0.5),
  };

  it('come from the labels in the file, which is told: they look ahead', async () => {
    const predictor = await create(binaryEntry, given, csvOf(labels));
    expect(await leave(predictor, 4, 'buy')).toEqual({ keep: 1, confidence: 1 });
    expect(await leave(predictor, 5, 'buy')).toEqual({ keep: 0, confidence: 1 });
    expect(await leave(predictor, 5, 'sell')).toEqual({ keep: 1, confidence: 1 });
    await expect(leave(predictor, 7, 'sell')).rejects.toThrow('"sell_exit_label" has no value in the bar of');
    expect(predictor.looksAheadWith?.(null)).toBe(true);
    expect(await predictor.describe?.()).toMatchObject({
      looks_ahead: true,
      supported_types: ['entry', 'exit'],
      exit_directions: ['buy', 'sell'],
    });
    expect((await create(binaryEntry)).looksAheadWith?.(null)).toBe(false);
  });

  it('are refused at the start when the file has no labels', async () => {
    await expect(create(binaryEntry, given)).rejects.toThrow(
      'csv_file: there is no column "buy_exit_label", which use_ideal_buy_exit reads',
    );
  });
});

describe('the predictor of both', () => {
  it('answers as the two alone', async () => {
    const entry_model_path = folder.model('entry', SWINGING, METADATA);
    const exit_model_path = folder.model('exit', EXIT_MODEL, METADATA);
    const both = await create(binary, { entry_model_path, exit_model_path });
    const entry = await create(binaryEntry, { model_path: entry_model_path });
    const exit = await create(binaryExit, { model_path: exit_model_path });
    for (let row = 0; row < ROWS; row += 7) {
      expect(await enter(both, row)).toEqual(await enter(entry, row));
      expect(await leave(both, row, 'sell')).toEqual(await leave(exit, row, 'sell'));
    }
  });

  it('opens nothing and keeps everything without models, with no confidence', async () => {
    const both = await create(binary);
    const none = { buy: 0, sell: 0, barsRemaining: 26, buyConfidence: 0, sellConfidence: 0 };
    expect(await enter(both, 3)).toEqual(none);
    expect(await leave(both, 3, 'sell')).toEqual({ keep: 1, confidence: 0 });
    expect(await both.describe?.()).toMatchObject({
      window_size: 64,
      models: { entry: { model_loaded: false }, exit: { model_loaded: false } },
    });
  });
});

describe.each([
  ['binary_entry_predictor', binaryEntry],
  ['binary_exit_predictor', binaryExit],
  ['binary_predictor', binary],
])('the contract: %s', (_, definition) => {
  const checks = predictorConformance({
    definition,
    create: () => create(definition),
    entries: [entryAt(timeAt(10), 40, 60), entryAt(timeAt(1), 0, 0)],
    exits: [exitAt(timeAt(10), 'buy', 1.2, 1), exitAt(timeAt(11), 'sell', 1, 1.2)],
  });
  for (const check of checks) it(check.name, check.run);
});
