import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { EntryQuestion } from '#libs/plugin-sdk';
import binary, {
  type BinaryIdealOracle,
} from '../../../libs/plugins/src/predictors/oracle/binary-ideal-oracle.js';
import direction, {
  ConfusionCounts,
  type DirectionIdealOracle,
} from '../../../libs/plugins/src/predictors/oracle/direction-ideal-oracle.js';
import {
  at,
  createPredictor,
  entryAt,
  exitAt,
  FOURTEEN_BARS,
  scratchFolder,
  warnings,
} from './predictor-context.js';

const folder = scratchFolder();
const csv_file = folder.write('fourteen.csv', FOURTEEN_BARS);
afterAll(() => folder.remove());

const original = { csv_file, horizon_mode: 'original', noise_mode: 'sequential' };
const binaryOracle = (given = {}) =>
  createPredictor<BinaryIdealOracle, typeof binary.parameters>(binary, { ...original, ...given });
const directionOracle = (given = {}) =>
  createPredictor<DirectionIdealOracle, typeof direction.parameters>(direction, { ...original, ...given });

const times = FOURTEEN_BARS.split('\n')
  .slice(1, -1)
  .map((line) => line.slice(0, 19));

describe('the barrier oracles on fourteen bars', () => {
  let b: BinaryIdealOracle;
  let d: DirectionIdealOracle;
  beforeAll(async () => {
    b = await binaryOracle();
    d = await directionOracle();
  });

  it('see as far as the original from every row', () => {
    const horizons = (oracle: BinaryIdealOracle | DirectionIdealOracle) =>
      times.map((time) => oracle.entry(entryAt(time, 1, 1)).barsRemaining);
    expect(horizons(b)).toEqual([7, 6, 5, 4, 3, 2, 1, 1, 2, 2, 2, 30, 30, 30]);
    expect(horizons(d)).toEqual([7, 6, 5, 4, 3, 2, 1, 1, 2, 2, 2, 120, 120, 120]);
  });

  it.each<[string, number, number, Partial<EntryQuestion>, string, string, string]>([
    ['2024-01-10 08:00', 40, 100, {}, '1/0/7', '1/0', 'default cost of 5'],
    ['2024-01-10 08:00', 50, 100, {}, '0/0/7', '1/0', 'a target just above the close'],
    ['2024-01-10 08:00', 60, 110, {}, '0/0/7', '0/0', 'stop and target in one row'],
    ['2024-01-10 08:00', 60, 111, {}, '1/0/7', '1/0', 'stop missed by a pip'],
    ['2024-01-10 08:00', 36, 100, { spreadPips: 4 }, '1/0/7', '1/0', 'stated costs replace the default'],
    ['2024-01-10 08:00', 26, 100, { commissionPerLot: 7 }, '1/0/7', '1/0', '14 pips both ways'],
    ['2024-01-12 20:00', 100, 100, {}, '0/1/1', '0/1', 'one row after the Friday close'],
    ['2024-01-12 21:00', 100, 100, {}, '0/1/2', '0/1', 'into Monday'],
    ['2024-01-15 00:00', 100, 300, {}, '0/1/2', '0/1', 'the Monday rule'],
    ['2024-01-15 01:00', 100, 300, {}, '1/0/30', '1/0', 'the end of the data'],
    ['2024-01-14 12:00', 60, 300, {}, '0/1/2', '0/1', 'the nearest row'],
  ])(
    'answer an entry at %s, %d/%d pips, %j: %s and %s (%s)',
    (time, tp, sl, costs, forBinary, forDirection) => {
      const question = entryAt(time, tp, sl, costs);
      const answer = b.entry(question);
      expect(`${answer.buy}/${answer.sell}/${answer.barsRemaining}`).toBe(forBinary);
      const other = d.entry(question);
      expect(`${other.buy}/${other.sell}`).toBe(forDirection);
      expect([other.buyConfidence, other.sellConfidence]).toEqual([1, 1]);
    },
  );

  it.each<['buy' | 'sell', number, number, 0 | 1]>([
    ['buy', 1.1005, 1.099, 1],
    ['buy', 1.101, 1.0989, 0],
    ['buy', 1.101, 1.09885, 1],
    ['sell', 1.0995, 1.1006, 0],
    ['sell', 1.0995, 1.1025, 1],
  ])('answer an exit of a %s to %d or %d: keep %d', (side, target, stop, keep) => {
    const question = exitAt('2024-01-10 08:00', side, target, stop);
    expect(b.exit(question)).toMatchObject({ keep, confidence: 1 });
    expect(d.exit(question)).toMatchObject({ keep, confidence: 1 });
  });

  it('take 5 and 10 pips for distances of zero or less, the direction oracle takes them as they are', () => {
    const ask = (tp: number, sl: number) => entryAt('2024-01-10 08:00', tp, sl);
    expect(b.entry(ask(0, -3))).toEqual(b.entry(ask(5, 10)));
    // A target of zero is reached by the next close unless the stop, at the price itself, is touched first.
    expect(d.entry(ask(0, 0))).toMatchObject({ buy: 0, sell: 0 });
    expect(d.entry(ask(0, 100))).toMatchObject({ buy: 1, sell: 0 });
  });

  it('tell the average true range, with the mean range where it is not defined', async () => {
    const three = await directionOracle({ atr_period: 3 });
    const atr = times.slice(0, 6).map((time) => three.entry(entryAt(time, 1, 1)).atr);
    expect(atr.slice(2).map((value) => Number(value.toFixed(8)))).toEqual([
      0.00041667, 0.00083111, 0.00092074, 0.00114716,
    ]);
    expect(d.entry(entryAt(times[0] ?? '', 1, 1)).atr).toBeCloseTo(0.0002, 12);
    expect(d.entry(entryAt(times[5] ?? '', 1, 1)).atr).toBeCloseTo(0.000935, 12);
  });

  it('match the nearest bar, of two equally near ones the later', () => {
    const matched = (time: string) => b.entry(entryAt(time, 1, 1)).matchedTime;
    expect(matched('2024-01-10 08:29:59.999')).toBe(at('2024-01-10 08:00'));
    expect(matched('2024-01-10 08:30')).toBe(at('2024-01-10 09:00'));
    expect(matched('1999-01-01 00:00')).toBe(at('2024-01-10 08:00'));
    expect(matched('2050-01-01 00:00')).toBe(at('2024-01-16 02:00'));
  });
});

describe('the trading week of the barrier oracles', () => {
  it('ends with the first Friday row at or after the close, and a closed week has no bars left', async () => {
    const oracle = await binaryOracle({ horizon_mode: 'week' });
    const left = times.map((time) => oracle.entry(entryAt(time, 1, 1)).barsRemaining);
    expect(left).toEqual([7, 6, 5, 4, 3, 2, 1, 0, 0, 30, 30, 30, 30, 30]);
  });

  it('reaches from Monday to Friday and ends early before a holiday', async () => {
    const days = ['04-01', '04-02', '04-03', '04-04', '04-05', '04-08', '04-09', '04-10', '04-11', '04-15'];
    const rows = days.map((day) => `2024-${day} 21:00:00,1,1,1,1`);
    const path = folder.write('weeks.csv', `DATE_TIME,OPEN,HIGH,LOW,CLOSE\n${rows.join('\n')}\n`);
    const oracle = await binaryOracle({ csv_file: path, horizon_mode: 'week', prediction_horizon: 2 });
    const left = days.map((day) => oracle.entry(entryAt(`2024-${day} 21:00`, 1, 1)).barsRemaining);
    expect(left).toEqual([4, 3, 2, 1, 0, 3, 2, 1, 0, 2]);
  });

  it('never looks into the next week', async () => {
    const closed = await binaryOracle({ horizon_mode: 'week' });
    const open = await binaryOracle();
    const question = entryAt('2024-01-12 20:00', 100, 100);
    expect(open.entry(question).sell).toBe(1);
    expect(closed.entry(question)).toMatchObject({ buy: 0, sell: 0, barsRemaining: 0 });
  });
});

describe('what the barrier oracles make of odd files and times', () => {
  it('answer from the last of several rows with one time, in any order of the file', async () => {
    const path = folder.write(
      'odd.csv',
      'CLOSE,LOW,HIGH,DATE_TIME\n1.3,1.3,1.3,2024-01-10 10:00:00\n1.1,1.1,1.1,2024-01-10 09:00:00\n1.2,1.2,1.2,2024-01-10 09:00:00\n',
    );
    const oracle = await binaryOracle({ csv_file: path });
    for (const time of ['2024-01-10 09:00', '2024-01-10 09:10', '2024-01-10 08:00']) {
      expect(oracle.entry(entryAt(time, 1, 1))).toMatchObject({ currentPrice: 1.2, buy: 1 });
    }
  });

  it('take the last bar not later with timestamp_match previous, and none before the first', async () => {
    const oracle = await binaryOracle({ timestamp_match: 'previous' });
    expect(oracle.entry(entryAt('2024-01-10 08:59:59', 1, 1)).matchedTime).toBe(at('2024-01-10 08:00'));
    expect(() => oracle.entry(entryAt('2024-01-10 07:59', 1, 1))).toThrow(
      expect.objectContaining({ code: 'no_data' }) as never,
    );
  });

  it('refuse questions beyond match_limit_seconds', async () => {
    const oracle = await binaryOracle({ match_limit_seconds: 3600 });
    expect(oracle.entry(entryAt('2024-01-16 03:00', 1, 1)).matchedTime).toBe(at('2024-01-16 02:00'));
    expect(() => oracle.exit(exitAt('2024-01-16 03:00:01', 'buy', 1, 1))).toThrow(
      'there is no bar for 2024-01-16T03:00:01',
    );
  });

  it('leave bad rows out with a warning and hold empty prices for unknown', async () => {
    const path = folder.write(
      'bad.csv',
      'DATE_TIME,HIGH,LOW,CLOSE\n2024-01-10 08:00:00,1,1,1\nnonsense,1,1,1\n2024-01-10 09:00:00,2,,2\n',
    );
    const oracle = await binaryOracle({ csv_file: path });
    expect(warnings).toContainEqual(
      expect.stringMatching(
        /^csv_file: 1 row was left out, the first: line 3, bad date, DATE_TIME "nonsense"/,
      ),
    );
    expect(oracle.entry(entryAt('2024-01-10 08:00', 1, 1)).buy).toBe(1);
  });

  it.each([
    ['no file at all', { csv_file: null }, 'csv_file must name a CSV file'],
    ['a missing file', { csv_file: '/nowhere/at/all/bars.csv' }, 'csv_file: there is no file bars.csv'],
    ['a missing column', { close_column: 'Last' }, 'Last'],
  ])('say what is wrong with %s', async (_, given, text) => {
    const failure = binaryOracle(given);
    await expect(failure).rejects.toMatchObject({ code: 'not_configured' });
    await expect(failure).rejects.toThrow(text);
    await expect(failure).rejects.not.toThrow('/nowhere');
  });
});

describe('noise of the barrier oracles', () => {
  const questions = times.flatMap((time) => [entryAt(time, 40, 100), entryAt(time, 60, 111)]);

  it('turns every signal over at probability 1 and none at 0', async () => {
    const truth = await binaryOracle();
    for (const noise_mode of ['keyed', 'sequential']) {
      const liar = await binaryOracle({ noise_probability: 1, noise_mode });
      for (const question of questions) {
        const { buy, sell } = truth.entry(question);
        expect(liar.entry(question)).toMatchObject({ buy: 1 - buy, sell: 1 - sell });
      }
      expect(liar.exit(exitAt('2024-01-10 08:00', 'buy', 1.1005, 1.099)).keep).toBe(0);
    }
  });

  it('draws in the order of the questions when sequential: buy, sell, exit from one stream', async () => {
    // random() of seed 42: .774 .439 .859 .697 .094 .976 – below 0.5 are the second and the fifth draw.
    const noisy = await binaryOracle({ noise_probability: 0.5 });
    const truth = await binaryOracle();
    const question = entryAt('2024-01-10 08:00', 40, 100);
    const honest = truth.entry(question);
    expect(noisy.entry(question)).toMatchObject({ buy: honest.buy, sell: 1 - honest.sell });
    expect(noisy.exit(exitAt('2024-01-10 08:00', 'buy', 1.1005, 1.099)).keep).toBe(1);
    expect(noisy.exit(exitAt('2024-01-10 08:00', 'buy', 1.1005, 1.099)).keep).toBe(1);
    expect(noisy.entry(question)).toMatchObject({ buy: 1 - honest.buy, sell: honest.sell });
  });

  it('depends on seed, symbol and bar alone when keyed, whatever the order', async () => {
    const answers = async (given: object, asked: readonly EntryQuestion[]) => {
      const oracle = await binaryOracle({ noise_probability: 0.5, noise_mode: 'keyed', ...given });
      const said = new Map(asked.map((question) => [question, oracle.entry(question)]));
      return questions.map((question) => `${said.get(question)?.buy}${said.get(question)?.sell}`).join(' ');
    };
    const forward = await answers({}, questions);
    expect(await answers({}, questions.toReversed())).toBe(forward);
    expect(await answers({ noise_seed: 43 }, questions)).not.toBe(forward);
    expect(await answers({ symbol: 'USDJPY' }, questions)).not.toBe(forward);
  });

  it('cuts signal plus normal noise at 0.5 and counts against the truth', async () => {
    // Standard normals of seed 42: .305 -1.040 .751 .941; only the fourth turns a signal over.
    const oracle = await directionOracle({ noise_std: 1 });
    const truth = await directionOracle();
    const question = entryAt('2024-01-10 08:00', 40, 100);
    expect(truth.entry(question)).toMatchObject({ buy: 1, sell: 0 });
    expect(oracle.entry(question)).toMatchObject({ buy: 1, sell: 0 });
    expect(oracle.entry(question)).toMatchObject({ buy: 1, sell: 1 });
    expect(oracle.metrics()).toEqual({
      tp: 2,
      fp: 1,
      tn: 1,
      fn: 0,
      total_predictions: 4,
      precision: 0.666667,
      recall: 1,
      f1: 0.8,
      accuracy: 0.75,
      noise_std: 1,
    });
  });

  it('is set anew with zeroed counts and a fresh stream', async () => {
    const oracle = await directionOracle({ noise_std: 1 });
    const said = () => questions.map((question) => oracle.entry(question));
    const first = said();
    expect(said()).not.toEqual(first);
    oracle.setNoise(1);
    expect(oracle.metrics()).toMatchObject({ total_predictions: 0, precision: 0, f1: 0, accuracy: 0 });
    expect(said()).toEqual(first);
    oracle.setNoise(0);
    const truth = await directionOracle();
    expect(said()).toEqual(questions.map((question) => truth.entry(question)));
    expect(oracle.metrics()).toMatchObject({ fp: 0, fn: 0, accuracy: 1, noise_std: 0 });
  });

  it('rounds ratios to six decimals, exact halves to even', () => {
    const counts = new ConfusionCounts();
    counts.record(1, 1);
    for (let miss = 0; miss < 127; miss += 1) counts.record(0, 1);
    // 1 of 128 is 0.0078125.
    expect(counts.metrics(0).recall).toBe(0.007812);
    expect(counts.metrics(0)).toMatchObject({ tp: 1, fn: 127, precision: 1, accuracy: 0.007812 });
  });
});

describe('the model info of the barrier oracles', () => {
  it('has the keys of the original and says that they look ahead', async () => {
    const info = (await binaryOracle({ noise_probability: 0.25 })).describe();
    expect(info).toMatchObject({
      model_name: 'binary_ideal_oracle',
      window_size: 0,
      supported_types: ['entry', 'exit'],
      entry_directions: ['buy', 'sell'],
      exit_directions: ['buy', 'sell'],
      prediction_scope: 'weekly',
      required_columns: ['OPEN', 'HIGH', 'LOW', 'CLOSE'],
      accepts_ohlc_window: false,
      looks_ahead: true,
      noise_probability: 0.25,
      first_bar: '2024-01-10T08:00:00',
    });
    expect((await directionOracle()).describe()).toMatchObject({
      prediction_scope: 'path_scanning',
      looks_ahead: true,
      atr_period: 14,
      noise_std: 0,
    });
    expect([binary.looksAhead, direction.looksAhead]).toEqual([true, true]);
  });
});
