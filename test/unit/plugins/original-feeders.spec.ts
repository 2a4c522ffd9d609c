import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  createPlugin,
  type Feeder,
  feederConformance,
  type FeederDefinition,
  type Frame,
} from '#libs/plugin-sdk';
import { computeFeatures } from '#libs/timeseries';
import ORIGINAL_FEEDERS from '../../../libs/plugins/src/feeders/original/original-feeders.js';
import { barFolder, barLines, HOUR, START } from './bar-files.js';
import { conform } from './conform.js';

const files = barFolder();
files.write('eurusd.csv', barLines(260));
files.write('eurusd_15m.csv', barLines(1_100, HOUR / 4, START - 6 * HOUR));
files.write('eurusd_30m.csv', barLines(550, HOUR / 2, START - 6 * HOUR));
files.write('daily.csv', barLines(20, 24 * HOUR, START - 3 * 24 * HOUR));
const data = {
  data_source: 'file',
  data_files: {
    'EURUSD=X': 'eurusd.csv',
    'EURUSD=X@15m': 'eurusd_15m.csv',
    'EURUSD=X@30m': 'eurusd_30m.csv',
    '^GSPC': 'daily.csv',
    '^VIX': 'daily.csv',
  },
};

const definitions = ORIGINAL_FEEDERS as readonly FeederDefinition[];
const open = async (id: string, parameters: Readonly<Record<string, unknown>> = {}): Promise<Feeder> => {
  const definition = definitions.find((one) => one.id === id);
  if (definition === undefined) throw new Error(`there is no ${id}`);
  return createPlugin(
    definition,
    { ...data, ...parameters },
    { resolveFile: (path) => resolve(files.folder, path), clock: files.clock },
  );
};
const ask = (feeder: Feeder): Promise<Frame> => feeder.fetch({ symbol: '', interval: '1h' });
const TICKS = ['15m', '30m'].flatMap((one) =>
  [1, 2, 3, 4, 5, 6, 7, 8].map((at) => `CLOSE_${one}_tick_${at}`),
);
const SHAPES = ['BC-BO', 'BH-BL', 'BH-BO', 'BO-BL'];
const CALENDAR = ['day_of_month', 'hour_of_day', 'day_of_week'];

describe("the original's feeders", () => {
  describe('keep the contract: real_feeder', () => {
    conform(
      feederConformance({
        definition: definitions[2] as FeederDefinition,
        create: () => open('real_feeder'),
        request: { symbol: 'EURUSD=X', interval: '1h' },
        unknownSymbol: 'GBPUSD',
      }),
    );
  });

  it('deliver the documented columns in their order, with values in every row', async () => {
    const expected: Readonly<Record<string, readonly [count: number, first: string, last: string]>> = {
      real_feeder_original: [29, 'OPEN', 'day_of_week'],
      real_feeder_modular: [44, 'RSI', 'day_of_week'],
      real_feeder: [55, 'RSI', 'CLOSE'],
      fe_replicator_feeder: [54, 'RSI', 'CLOSE'],
      stl_feature_generator: [12, 'log_return', 'CLOSE'],
    };
    expect(definitions.map(({ id }) => id)).toEqual(Object.keys(expected));
    for (const [id, facts] of Object.entries(expected)) {
      const feeder = await open(id);
      const frame = await ask(feeder);
      expect([id, frame.names.length, frame.names[0], frame.names.at(-1)]).toEqual([id, ...facts]);
      expect([...frame.columns.values()].some((values) => values.some(Number.isNaN))).toBe(false);
      expect(frame.length).toBeGreaterThan(80);
      await feeder.close?.();
    }
    const original = await ask(await open('real_feeder_original'));
    expect(original.names).toEqual([
      'OPEN',
      'HIGH',
      'LOW',
      'CLOSE',
      ...SHAPES,
      'S&P500_Close',
      'vix_close',
      ...TICKS,
      ...CALENDAR,
    ]);
    const decomposed = [
      'stl_trend',
      'stl_seasonal',
      'stl_resid',
      'wav_detail_L1',
      'wav_detail_L2',
      'wav_approx_L2',
    ];
    expect((await ask(await open('stl_feature_generator'))).names).toEqual([
      'log_return',
      ...decomposed,
      'mtm_band_1',
      'mtm_band_2',
      'mtm_band_3',
      'mtm_band_4',
      'CLOSE',
    ]);
  });

  it('have the documented parameters with their defaults, and real_feeder its 54 columns', async () => {
    const common = {
      instrument: 'EURUSD=X',
      correlated_instruments: ['^GSPC', '^VIX'],
      n_batches: 1,
      batch_size: 256,
      window_size: 256,
      target_column: 'CLOSE',
      error_tolerance: 0.001,
    };
    const own: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      real_feeder_original: { additional_previous_ticks: 50 },
      real_feeder_modular: { additional_previous_ticks: 50 },
      real_feeder: JSON.parse(
        `{"additional_previous_ticks":0,"use_stl":true,"stl_period":24,"stl_window":49,"stl_trend":25,"use_wavelets":true,
        "wavelet_name":"db4","wavelet_levels":2,"wavelet_mode":"symmetric","use_multi_tapper":true,"mtm_window_len":168,
        "mtm_step":1,"mtm_time_bandwidth":5,"mtm_num_tapers":null,"mtm_freq_bands":[[0,0.01],[0.01,0.06],[0.06,0.2],[0.2,0.5]],
        "use_technical_indicators":true,"preserve_base_features":true,"preserve_ohlc":true,"normalize_features":true,
        "expected_feature_count":54,"expected_stl_features":11,"expected_technical_indicators":15,"expected_tick_features":16,
        "validate_feature_count":true,"validate_feature_names":true,"strict_validation":true}`,
      ) as Record<string, unknown>,
      fe_replicator_feeder: { tolerance: 0, fe_config_path: 'fe_config_test.json' },
    };
    for (const [id, parameters] of Object.entries(own)) {
      const declared = definitions.find((one) => one.id === id)?.parameters ?? {};
      for (const [name, value] of Object.entries({ ...common, ...parameters }))
        expect([id, name, declared[name]?.default]).toEqual([id, name, value]);
    }
    expect((await ask(await open('real_feeder'))).names.join(' ')).toBe(
      `RSI MACD MACD_Histogram MACD_Signal EMA Stochastic_%K Stochastic_%D ADX DI+ DI- ATR CCI WilliamsR Momentum ROC S&P500_Close vix_close OPEN HIGH LOW ${TICKS.join(' ')} ${SHAPES.join(' ')} ${CALENDAR.join(' ')} log_return stl_trend stl_seasonal stl_resid wav_detail_L1 wav_detail_L2 wav_approx_L2 mtm_band_1 mtm_band_2 mtm_band_3 mtm_band_4 CLOSE`,
    );
  });

  it('take the shape of the bar itself, and EMA of 10 bars', async () => {
    const frame = await ask(await open('real_feeder_modular'));
    const bars = await ask(await open('real_feeder_original'));
    const row = bars.exactRow(frame.time[60] ?? NaN);
    const at = (name: string) => bars.column(name)[row] ?? NaN;
    expect(frame.column('BC-BO')[60]).toBe(at('CLOSE') - at('OPEN'));
    expect(frame.column('EMA')[60]).toBeCloseTo(
      computeFeatures(bars, ['EMA_10']).get('EMA_10')?.[row] ?? NaN,
      9,
    );
  });

  it('scale with the statistics of the normalisation file, and not at all without one', async () => {
    files.write(
      'scale.json',
      [],
      JSON.stringify({ CLOSE: { min: 1, max: 2 }, stl_trend: { mean: 0.5, std: 2 } }),
    );
    const plain = await ask(await open('stl_feature_generator'));
    const scaled = await ask(await open('stl_feature_generator', { use_normalization_json: 'scale.json' }));
    expect(scaled.column('CLOSE')[5]).toBeCloseTo((plain.column('CLOSE')[5] ?? NaN) - 1, 12);
    expect(scaled.column('stl_trend')[5]).toBeCloseTo(((plain.column('stl_trend')[5] ?? NaN) - 0.5) / 2, 12);
    expect(scaled.column('log_return')[5]).toBe(plain.column('log_return')[5]);
    const raw = await ask(
      await open('real_feeder', { use_normalization_json: 'scale.json', normalize_features: false }),
    );
    expect(raw.column('CLOSE').at(-1)).toBe(plain.column('CLOSE').at(-1));
  });

  it('give the same rows whatever comes later, and look ahead only under their flag, which is stamped', async () => {
    files.write('shorter.csv', barLines(230));
    const short = { data_files: { ...data.data_files, 'EURUSD=X': 'shorter.csv' } };
    for (const [id, ahead] of [
      ['stl_feature_generator', true],
      ['fe_replicator_feeder', true],
      ['real_feeder', false],
    ] as const) {
      const [whole, part] = [await ask(await open(id)), await ask(await open(id, short))];
      for (const name of part.names)
        expect([name, [...part.column(name)]]).toEqual([
          name,
          [...whole.column(name).subarray(0, part.length)],
        ]);
      expect((await open(id)).resolve('')).toEqual({ source: 'file', symbol: 'EURUSD=X' });
      if (!ahead) continue;
      const looking = await open(id, { original_look_ahead: true });
      const frame = await ask(looking);
      expect(looking.resolve('')).toMatchObject({ looksAhead: true });
      expect(looking.notes?.(frame).join()).toMatch(
        /looks_ahead: columns are scaled with statistics of all bars/,
      );
      const other = await ask(await open(id, { ...short, original_look_ahead: true }));
      const name = id === 'stl_feature_generator' ? 'stl_trend' : 'ATR';
      expect(frame.column(name)[0]).not.toBe(whole.column(name)[0]);
      if (id === 'stl_feature_generator') expect(frame.column(name)[0]).not.toBe(other.column(name)[0]);
    }
  });

  it('take the logarithm of columns whose shift is given', async () => {
    const plain = await ask(await open('fe_replicator_feeder'));
    const frame = await ask(await open('fe_replicator_feeder', { log_shifts: { ADX: 2 } }));
    expect(frame.column('ADX')[3]).toBe(Math.log((plain.column('ADX')[3] ?? NaN) + 2));
    expect(frame.column('MACD')[3]).toBe(plain.column('MACD')[3]);
  });

  it('count their columns, strictly or with a note', async () => {
    const fewer = { use_wavelets: false };
    await expect(open('real_feeder', fewer)).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringMatching(
        /^expected_feature_count is 54, but the switches give 51; expected_stl_features is 11, .* 8; missing are wav_detail_L1, wav_detail_L2, wav_approx_L2 \(/,
      ),
    });
    const counted = { expected_feature_count: 51, expected_stl_features: 8, validate_feature_names: false };
    expect((await ask(await open('real_feeder', { ...fewer, ...counted }))).names).toHaveLength(52);
    const lax = await open('real_feeder', { ...fewer, strict_validation: false });
    expect(lax.notes?.(await ask(lax)).join()).toMatch(/feature_check: expected_feature_count is 54/);
  });

  it.each([
    [{ stl_window: 40 }, /stl_window must be at least twice stl_period \(48\), not 40/],
    [{ stl_trend: 24 }, /stl_trend must be odd, not 24/],
    [{ mtm_freq_bands: [[0.2, 0.1]] }, /mtm_freq_bands must have pairs of frequencies .*, not \[0.2,0.1\]/],
    [{ from_config_file: 'absent.json' }, /from_config_file: absent.json cannot be read as JSON/],
    [{ save_config: 'no/such/folder.json' }, /save_config: folder.json cannot be written/],
  ])('refuse %j with what is allowed', async (parameters, message) => {
    await expect(open('stl_feature_generator', parameters)).rejects.toMatchObject({
      code: 'not_configured',
      message: expect.stringMatching(message),
    });
  });

  it('tell of themselves, and save and load their configuration', async () => {
    const feeder = await open('stl_feature_generator', {
      stl_period: 12,
      stl_window: 0,
      stl_trend: 0,
      save_config: 'saved.json',
    });
    expect(feeder.info?.()).toMatchObject({
      feature_count: 12,
      looks_ahead: false,
      config: { stl_period: 12 },
    });
    expect(JSON.stringify(feeder.info?.())).not.toContain(files.folder);
    const saved = JSON.parse(readFileSync(join(files.folder, 'saved.json'), 'utf8')) as Record<
      string,
      unknown
    >;
    expect(saved).toMatchObject({ stl_period: 12, stl_window: 0 });
    const loaded = await open('stl_feature_generator', { from_config_file: 'saved.json' });
    expect((await ask(loaded)).column('stl_trend')).toEqual((await ask(feeder)).column('stl_trend'));
    files.write('odd.json', [], '{"stl_perod": 3}');
    await expect(open('stl_feature_generator', { from_config_file: 'odd.json' })).rejects.toMatchObject({
      message: 'from_config_file: odd.json: there is no parameter "stl_perod"',
    });
  });

  it('compare what they deliver with a file', async () => {
    const feeder = await open('real_feeder_original', { validation_csv: 'eurusd.csv' });
    expect(feeder.notes?.(await ask(feeder)).join()).toMatch(
      /validation: 4 columns of \d+ bars equal eurusd.csv to 0.001/,
    );
    expect(feeder.info?.()).toMatchObject({
      validation: { validation_passed: true, column_comparisons: { CLOSE: { max_difference: 0 } } },
    });
    files.write('other.csv', barLines(260, HOUR, START + HOUR));
    const wrong = await open('real_feeder_original', { validation_csv: 'other.csv', error_tolerance: 1e-6 });
    expect(wrong.notes?.(await ask(wrong)).join()).toMatch(
      /validation: differs from other.csv: OPEN by 0\.0/,
    );
  });
});

const FEATURES = '../shared/data/indicators_eurusd_1h_2005.csv';
(existsSync(FEATURES) ? describe : describe.skip)('fe_replicator_feeder on the published file', () => {
  let published: Feeder;
  beforeAll(async () => {
    const definition = definitions.find(({ id }) => id === 'fe_replicator_feeder') as FeederDefinition;
    published = await createPlugin(
      definition,
      { data_source: 'file', data_file_path: resolve(FEATURES), original_look_ahead: true },
      { clock: files.clock },
    );
  });
  afterAll(() => published.close?.());

  it('delivers its columns under their names, in their order', async () => {
    const [, header = ''] = /^DATE_TIME,(.*)/.exec(readFileSync(FEATURES, 'utf8')) ?? [];
    const frame = await published.fetch({ symbol: 'EURUSD', interval: '1h' });
    expect(frame.names).toEqual(header.split(','));
  });
});
