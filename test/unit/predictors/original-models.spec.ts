import { describe, expect, it } from '@jest/globals';
import type { Predictor } from '#libs/plugin-sdk';
import { binaryExitPredictor as binaryExit } from '../../../libs/plugins/src/predictors/binary-predictors.js';
import direction from '../../../libs/plugins/src/predictors/direction-predictor.js';
import { closeAt, csvOf, enter, HOURS, leave, PIP, ROWS, signalBench, START } from './signal-bench.js';
import { denseAnswer, type DenseModel } from './trained-models.js';

// Models as the original trains them: columns of its feature files, z-scores, its names. Everything expected is computed
// here from the prices by plain loops.

const { folder, create } = signalBench();

const highAt = (row: number) => closeAt(row) + 0.002 + 0.001 * Math.sin(5 * row);
const lowAt = (row: number) => closeAt(row) - 0.001 - 0.0005 * Math.cos(3 * row);
/** Prices alone: every feature has to be computed. */
const BARS = csvOf({ HIGH: highAt, LOW: lowAt });

const rows = (row: number, count: number) => Array.from({ length: count }, (_, at) => row - count + 1 + at);
const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
const std = (values: readonly number[], freedom: 0 | 1) => {
  const squares = values.map((one) => (one - mean(values)) ** 2).reduce((sum, one) => sum + one, 0);
  return Math.sqrt(squares / (values.length - freedom));
};
/** Exponential average that begins with the first value. */
const ema = (values: readonly number[], alpha: number) => {
  let average = values[0] ?? NaN;
  for (const value of values.slice(1)) average = alpha * value + (1 - alpha) * average;
  return average;
};
const typicalAt = (row: number) => (highAt(row) + lowAt(row) + closeAt(row)) / 3;
const hourAt = (row: number) => (START / 3_600_000 + row * HOURS) % 24;
const atrAt = (row: number) => {
  let [total, weights] = [0, 0];
  for (let at = 1; at <= row; at += 1) {
    const [high, low, before] = [highAt(at), lowAt(at), closeAt(at - 1)];
    const weight = (13 / 14) ** (row - at);
    total += weight * (Math.max(high, before) - Math.min(low, before));
    weights += weight;
  }
  return total / weights;
};

const COLUMNS: Readonly<Record<string, (row: number) => number>> = {
  BB_Width: (row) => 4 * std(rows(row, 20).map(closeAt), 0),
  BB_position: (row) => {
    const closes = rows(row, 20).map(closeAt);
    return (closeAt(row) - mean(closes) + 2 * std(closes, 0)) / (4 * std(closes, 0));
  },
  CCI: (row) => {
    const prices = rows(row, 20).map(typicalAt);
    const deviation = mean(prices.map((price) => Math.abs(price - mean(prices))));
    return (typicalAt(row) - mean(prices)) / (0.015 * deviation);
  },
  ATR_ratio: (row) => 131.325 / (atrAt(row) / 0.00001),
  rolling_std_24: (row) => std(rows(row, 24).map(typicalAt), 1),
  price_minus_ema: (row) => typicalAt(row) - ema(rows(row, row + 1).map(typicalAt), 2 / 25),
  hod_sin: (row) => Math.sin((2 * Math.PI * hourAt(row)) / 24),
  dow_cos: (row) => Math.cos((2 * Math.PI * Math.floor((row * HOURS) / 24)) / 7),
  typical_price: typicalAt,
};

const upAt = async (predictor: Predictor, row: number): Promise<number> =>
  ((await enter(predictor, row)) as { readonly pUpLong?: number }).pUpLong ?? NaN;

describe('columns that the file lacks', () => {
  it('are computed as the original does', async () => {
    const names = Object.keys(COLUMNS);
    const scaled = names.map((name) => {
      const valueAt = COLUMNS[name] ?? (() => NaN);
      const values = rows(ROWS - 1, ROWS - 30).map(valueAt);
      const [centre, spread] = [mean(values), std(values, 1)];
      return { entry: { mean: centre, std: spread }, at: (row: number) => (valueAt(row) - centre) / spread };
    });
    const model: DenseModel = {
      bars: 1,
      columns: names.length,
      outputs: 1,
      activation: 'sigmoid',
      kernel: (input) => 0.3 + 0.1 * (input % 4),
    };
    const metadata = {
      feature_columns: names,
      window_size: 1,
      normalization: Object.fromEntries(names.map((name, at) => [name, scaled[at]?.entry])),
    };
    const given = { long_model_path: folder.model('computed', model, metadata) };
    const predictor = await create(direction, given, BARS);
    for (let row = 30; row < ROWS; row += 1) {
      const window = scaled.map(({ at }) => at(row));
      expect(await upAt(predictor, row)).toBeCloseTo(denseAnswer(model, window)[0] ?? NaN, 5);
    }
  });

  it('are those of the file where it has them, and of docs/features.md where the metadata say so', async () => {
    const kernel = () => 1;
    const model: DenseModel = { bars: 1, columns: 1, outputs: 1, activation: 'sigmoid', kernel };
    const metadata = { feature_columns: ['BB_Width'], window_size: 1, feature_definitions: 'standard' };
    const relative = (row: number) => (COLUMNS['BB_Width']?.(row) ?? NaN) / mean(rows(row, 20).map(closeAt));
    const given = { long_model_path: folder.model('standard', model, metadata) };
    const standard = await create(direction, given, BARS);
    expect(await upAt(standard, 40)).toBeCloseTo(1 / (1 + Math.exp(-relative(40))), 6);
    expect(await standard.describe?.()).toMatchObject({
      models: { long: { computed_columns: { BB_Width: 'BB_Width' } } },
    });
    const own = await create(direction, given, csvOf({ BB_Width: (row) => row / 10 }));
    expect(await upAt(own, 40)).toBeCloseTo(1 / (1 + Math.exp(-4)), 6);
  });

  it('have no value where their history is too short, which is said', async () => {
    const model: DenseModel = { bars: 1, columns: 1, outputs: 1, activation: 'sigmoid', kernel: () => 1 };
    const metadata = { feature_columns: ['Stochastic_K'], window_size: 1 };
    const given = { long_model_path: folder.model('early', model, metadata) };
    const predictor = await create(direction, given, BARS);
    await expect(enter(predictor, 14)).rejects.toThrow('"Stochastic_K" has no value in the bar of');
    expect(await enter(predictor, 15)).toMatchObject({ buyConfidence: 1 });
  });
});

const WINDOW = 24;
const FIVE = ['typical_price', 'hod_sin', 'dow_cos', 'BB_position', 'price_minus_ema'] as const;
const normalization = {
  typical_price: { mean: 1.1, std: 0.008 },
  BB_position: { mean: 0.5, std: 0.3 },
  price_minus_ema: { mean: 0, std: 0.006 },
  tp_distance: { mean: 1500, std: 900 },
  sl_distance: { mean: 1500, std: 900 },
};
const scaledAt = (column: (typeof FIVE)[number], row: number): number => {
  const entry = (normalization as Readonly<Record<string, { mean: number; std: number }>>)[column];
  const value = COLUMNS[column]?.(row) ?? NaN;
  return entry === undefined ? value : (value - entry.mean) / entry.std;
};
const EXIT = {
  feature_columns: [...FIVE, 'direction_feat', 'tp_distance', 'sl_distance'],
  window_size: WINDOW,
  target_column: 'typical_price',
  normalization,
};
const exitModel = (columns: number): DenseModel => ({
  bars: WINDOW,
  columns,
  outputs: 1,
  activation: 'sigmoid',
  kernel: (input) => Math.sin(2 + 3 * input) / 6,
});

/** Three statistics for each period, cut to the window. */
const statisticsAt = (row: number): number[] =>
  [12, 48].flatMap((period) => {
    const count = Math.min(period, WINDOW);
    const tail = rows(row, count).map((at) => scaledAt('typical_price', at));
    const average = ema(tail, 2 / (count + 1));
    return [std(tail, 0), average, scaledAt('typical_price', row) - average];
  });

describe('exit models whose metadata name the numbers of the question', () => {
  it.each([
    ['without statistics', {}, 8, () => []],
    ['with the statistics of the window behind them', { add_window_stats: 1 }, 14, statisticsAt],
  ] as const)('are served %s', async (_, more, width, statistics) => {
    const model = exitModel(width);
    const model_path = folder.model(`exit_${width}`, model, { ...EXIT, ...more });
    const predictor = await create(binaryExit, { model_path }, BARS);
    const given = new Set<string>();
    for (let row = 50; row < ROWS; row += 2) {
      for (const side of ['buy', 'sell'] as const) {
        const levels = [closeAt(row) + 0.002 * (row % 13), closeAt(row) - 0.003 * (row % 7)] as const;
        const [far, near] = levels.map((level) => (Math.abs(level - closeAt(row)) / PIP - 1500) / 900);
        const behind = [side === 'buy' ? 1 : -1, far ?? NaN, near ?? NaN, ...statistics(row)];
        const window = rows(row, WINDOW).flatMap((at) => [
          ...FIVE.map((one) => scaledAt(one, at)),
          ...behind,
        ]);
        const [likely = NaN] = denseAnswer(model, window);
        if (Math.abs(likely - 0.5) < 1e-4) continue;
        expect([row, side, (await leave(predictor, row, side, levels)).keep]).toEqual([
          row,
          side,
          likely >= 0.5 ? 1 : 0,
        ]);
        given.add(`${side} ${likely >= 0.5}`);
      }
    }
    expect(given.size).toBe(4);
    expect(await predictor.describe?.()).toMatchObject({
      total_features: width,
      feature_columns: FIVE,
      normalized_columns: expect.arrayContaining(['typical_price', 'tp_distance', 'sl_distance']),
    });
  });

  it('are refused where these are not the last ones in their order, or the statistics have no column', async () => {
    const [a, b, c, d, e, side, far, near] = EXIT.feature_columns;
    const shuffled = [a, b, c, d, e, far, side, near];
    const cases: readonly (readonly [object, number, RegExp])[] = [
      [
        { feature_columns: shuffled },
        8,
        /tp_distance, direction_feat, sl_distance; .* direction, tp_distance_pips,/,
      ],
      [
        { feature_columns: [side, a, b, c, d] },
        8,
        /names direction_feat; the numbers of a question are the last/,
      ],
      [{ add_window_stats: true, target_column: 'CLOSE' }, 14, /"CLOSE" is none of typical_price, hod_sin/],
      [{ add_window_stats: true }, 8, /takes 8 columns, refused_metadata\.json names 5 and 9 more/],
      [{ add_window_stats: 'yes' }, 8, /add_window_stats must be true or false/],
      [{ add_window_stats: true, window_stats_periods: [12, 0] }, 8, /window_stats_periods must be a list/],
      [{ feature_definitions: 'mine' }, 8, /feature_definitions must be one of original, standard/],
    ];
    for (const [metadata, width, text] of cases) {
      const model_path = folder.model('refused', exitModel(width), { ...EXIT, ...metadata });
      await expect(create(binaryExit, { model_path }, BARS)).rejects.toThrow(text);
    }
  });
});

describe('statistics of a window', () => {
  it('are of the bars there are, of the periods that are named', async () => {
    const kernel = (input: number) => (input > 4 * 9 ? ([0, 0.4, -0.7, 1.1][input % 4] ?? 0) : 0);
    const model: DenseModel = { bars: 10, columns: 4, outputs: 1, activation: 'sigmoid', kernel };
    const metadata = {
      feature_columns: ['CLOSE'],
      add_window_stats: true,
      window_stats_periods: [6],
      target_column: 'CLOSE',
      normalization: { CLOSE: { mean: 1.1, std: 0.01 } },
    };
    const given = { long_model_path: folder.model('few', model, metadata) };
    const predictor = await create(direction, given, BARS);
    for (const row of [0, 1, 4, 5, 9, 30]) {
      const count = Math.min(6, row + 1);
      const tail = rows(row, count).map((at) => (closeAt(at) - 1.1) / 0.01);
      const average = ema(tail, 2 / (count + 1));
      const score = 0.4 * std(tail, 0) - 0.7 * average + 1.1 * ((tail.at(-1) ?? NaN) - average);
      expect(await upAt(predictor, row)).toBeCloseTo(1 / (1 + Math.exp(-score)), 5);
    }
  });
});
