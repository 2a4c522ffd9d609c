import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { EntryQuestion } from '#libs/plugin-sdk';
import { formatNaiveIso, loadCsv } from '#libs/timeseries';
import binary, {
  type BinaryIdealOracle,
} from '../../../libs/plugins/src/predictors/oracle/binary-ideal-oracle.js';
import direction, {
  type DirectionIdealOracle,
} from '../../../libs/plugins/src/predictors/oracle/direction-ideal-oracle.js';
import baseline from '../../../libs/plugins/src/predictors/default-predictor/default-predictor.js';
import noisyIdeal from '../../../libs/plugins/src/predictors/noisy-ideal-predictor.js';
import { at, createPredictor, entryAt, forecastRequest } from './predictor-context.js';
import { whenShared, YEARS_2010, YEARS_2018 } from './reference-answers.js';

const original = { horizon_mode: 'original', noise_mode: 'sequential' };
const binaryOracle = (given: object) =>
  createPredictor<BinaryIdealOracle, typeof binary.parameters>(binary, { ...original, ...given });
const directionOracle = (given: object) =>
  createPredictor<DirectionIdealOracle, typeof direction.parameters>(direction, { ...original, ...given });

/** Bars of four hours out of hourly ones, from a date on; the prices stay the text that they were. */
function fourHourly(csv: string, from: string): string {
  const [header = '', ...lines] = csv.trim().split(/\r?\n/);
  const bars = new Map<string, [open: string, high: string, low: string, close: string]>();
  for (const line of lines) {
    const [time = '', open = '', high = '', low = '', close = ''] = line.split(',');
    if (time < from) continue;
    const hour = Math.floor(Number(time.slice(11, 13)) / 4) * 4;
    const start = `${time.slice(0, 11)}${String(hour).padStart(2, '0')}:00:00`;
    const bar = bars.get(start);
    if (bar === undefined) {
      bars.set(start, [open, high, low, close]);
      continue;
    }
    if (Number(high) > Number(bar[1])) bar[1] = high;
    if (Number(low) < Number(bar[2])) bar[2] = low;
    bar[3] = close;
  }
  return [header, ...Array.from(bars, ([start, bar]) => [start, ...bar].join(','))].join('\n');
}

whenShared('a whole file gives the reference digests of', () => {
  let folder = '';
  /** The same market in bars of four hours, made from the hourly file. */
  let fourHours = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'four-hours-'));
    fourHours = join(folder, 'bars.csv');
    writeFileSync(fourHours, fourHourly(readFileSync(YEARS_2018, 'utf8'), '2018-12-27'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const digest = async (
    file: string,
    oracle: BinaryIdealOracle | DirectionIdealOracle,
    question: EntryQuestion,
  ) => {
    const { frame } = await loadCsv(file, { dateColumn: 'DATE_TIME' });
    const sums = [0, 0, 0];
    const hash = createHash('sha256');
    for (const time of frame.time) {
      const { buy, sell, barsRemaining } = oracle.entry({ ...question, time });
      hash.update(`${buy}${sell}${barsRemaining}\n`);
      [buy, sell, barsRemaining].forEach((value, index) => (sums[index] = (sums[index] ?? 0) + value));
    }
    return [...sums, hash.digest('hex')];
  };
  const question = (tp: number, sl: number, costs: Partial<EntryQuestion> = {}) =>
    entryAt('2000-01-01', tp, sl, costs);
  const costs = { spreadPips: 20, commissionPerLot: 7, slippagePips: 10 };

  it.each<[string, string, object, EntryQuestion, number, number, number, string]>([
    [
      'binary 2010',
      YEARS_2010,
      {},
      question(100, 100),
      2279,
      2137,
      288673,
      'c4e5c187fd3422d4418d1d3da65a5c83c18862c14d83a5a4e51f1048a67d4240',
    ],
    [
      'binary 2010 with costs',
      YEARS_2010,
      {},
      question(300, 600, costs),
      3358,
      3053,
      288673,
      '7311773c9599b8da7f70749c83f4075f0d01d2823c8f20ec9129b3107d705a7d',
    ],
    [
      'binary 2010 with a fallback of 6',
      YEARS_2010,
      { prediction_horizon: 6 },
      question(100, 100),
      2279,
      2137,
      288229,
      'cd2109490761cc2f34f1eda4a49f758f16725e126f758eb98eaf9c2345956392',
    ],
    [
      'binary 2010 with noise',
      YEARS_2010,
      { noise_probability: 0.1, noise_seed: 42 },
      question(100, 100),
      2562,
      2491,
      288673,
      '0c15287382b5b42356a7a136541c4dc33bb3ac8148466713b0d06707dfdcbacc',
    ],
    [
      'binary 2018',
      YEARS_2018,
      {},
      question(100, 100),
      2518,
      2811,
      319887,
      '2f58af63226a67a17a6e7a74ab8b66952f515fb00469a2bb166e9095cdfb645b',
    ],
  ])('%s', async (_, file, given, asked, ...expected) => {
    expect(await digest(file, await binaryOracle({ csv_file: file, ...given }), asked)).toEqual(expected);
  });

  it.each<[string, string, number, number, number, string]>([
    [
      'direction 2010',
      YEARS_2010,
      3172,
      2953,
      294802,
      '78d423c13634ee7df1d3c36ee96cbb40e64002674317fb84b2178b49437d952c',
    ],
    [
      'direction 2018',
      YEARS_2018,
      2975,
      3389,
      324126,
      'c8a6ac8b69008a3e3c9d8ad370e5b233aea5d75612098ec70dcef4eb94c7c7c5',
    ],
  ])('%s', async (_, file, ...expected) => {
    expect(await digest(file, await directionOracle({ csv_file: file }), question(200, 300))).toEqual(
      expected,
    );
  });

  it('both oracles on bars of four hours', async () => {
    const { frame } = await loadCsv(fourHours, { dateColumn: 'DATE_TIME' });
    expect(frame.length).toBe(2146);
    expect(await digest(fourHours, await binaryOracle({ csv_file: fourHours }), question(100, 100))).toEqual([
      532,
      648,
      23206,
      'd28946077535e60a0a50b9fefede8a8272e0fe844050084d030cf572c8d672a3',
    ]);
    expect(
      await digest(fourHours, await directionOracle({ csv_file: fourHours }), question(200, 300)),
    ).toEqual([672, 812, 24466, '3cef47b5ecf0cce720b482ed6d37d312614fa48c94da25c175482f120faca2ef']);
  });

  it('the counts of the noisy direction oracle over all rows', async () => {
    const oracle = await directionOracle({ csv_file: YEARS_2010, noise_std: 0.3, noise_seed: 42 });
    await digest(YEARS_2010, oracle, question(200, 300));
    expect(oracle.metrics()).toEqual({
      tp: 5819,
      fp: 442,
      tn: 8737,
      fn: 306,
      total_predictions: 15304,
      precision: 0.929404,
      recall: 0.950041,
      f1: 0.939609,
      accuracy: 0.951124,
      noise_std: 0.3,
    });
  });

  it('nearest rows, horizons and average true ranges of 2010', async () => {
    const b = await binaryOracle({ csv_file: YEARS_2010 });
    const d = await directionOracle({ csv_file: YEARS_2010 });
    const matched = (time: string) => formatNaiveIso(b.entry(entryAt(time, 1, 1)).matchedTime);
    expect(
      ['2010-03-29 14:29', '2010-03-29 14:30', '2000-01-01', '2030-01-01'].map((time) => matched(time)),
    ).toEqual(['2010-03-29T14:00:00', '2010-03-29T15:00:00', '2010-03-29T14:00:00', '2011-06-17T09:00:00']);
    const horizons = (oracle: BinaryIdealOracle | DirectionIdealOracle) =>
      [
        '2010-03-29 14:00',
        '2010-03-30 10:00',
        '2010-04-02 19:00',
        '2010-04-02 20:00',
        '2010-04-04 21:00',
        '2011-06-17 09:00',
      ].map((time) => oracle.entry(entryAt(time, 1, 1)).barsRemaining);
    expect(horizons(b)).toEqual([2, 82, 1, 4, 3, 30]);
    expect(horizons(d)).toEqual([2, 82, 1, 4, 3, 120]);
    const { frame } = await loadCsv(YEARS_2010, { dateColumn: 'DATE_TIME' });
    const atr = [13, 14, 100, frame.length - 1].map(
      (row) => d.entry({ ...question(1, 1), time: frame.time[row] ?? NaN }).atr,
    );
    expect(atr).toEqual([
      0.0016207142857143245, 0.0015456632653061556, 0.0016610326182512649, 0.003921375729454558,
    ]);
  });

  it('the ideal baseline and the noisy ideal of 2010', async () => {
    const { frame } = await loadCsv(YEARS_2010, { dateColumn: 'DATE_TIME' });
    const ideal = await createPredictor(baseline, {});
    const forecast = (part: object) => ideal.forecast?.(frame, forecastRequest(part));
    const horizons = [1, 2, 3];
    const exact = await forecast({ baseline: at('2010-06-15 10:00'), horizons });
    expect(exact).toMatchObject({ baseline_value: 1.22509, predictions: [1.22612, 1.22633, 1.22891] });
    expect(await forecast({ baseline: at('2010-06-15 10:30'), horizons })).toEqual(exact);
    expect(await forecast({ baseline: at('2011-06-17 08:00'), horizons: [1, 2, 5] })).toMatchObject({
      predictions: [1.42271, null, null],
      errors: [
        { horizon: 2, error: 'insufficient_future_data' },
        { horizon: 5, error: 'insufficient_future_data' },
      ],
    });
    expect(await forecast({ horizons: [2] })).toMatchObject({ baseline_datetime: '2011-06-17T07:00:00' });

    const noisy = async (given: object, time: string) => {
      const predictor = await createPredictor(noisyIdeal, {
        csv_file: YEARS_2010,
        noise_mode: 'sequential',
        tail: 'hold',
        ...given,
      });
      const output = await predictor.forecast?.(frame, forecastRequest({ baseline: at(time) }));
      return output?.predictions;
    };
    expect(await noisy({}, '2010-06-15 10:00')).toEqual([
      1.22612, 1.22633, 1.22891, 1.2306, 1.23259, 1.23317, 1.22872, 1.23723, 1.23707, 1.23926, 1.22589,
      1.2281,
    ]);
    const held = frame.column('CLOSE').at(-5);
    expect(held?.toFixed(3)).toBe('1.414');
    expect(await noisy({}, '2011-06-17 05:00')).toEqual([
      1.41733,
      1.41394,
      1.41673,
      1.42271,
      ...Array<unknown>(8).fill(held),
    ]);
    const [first] = (await noisy({ noise_std: 0.001, noise_seed: 42 }, '2010-06-15 10:00')) ?? [];
    expect(first).toBe(1.2264247170797544);
  });
});
