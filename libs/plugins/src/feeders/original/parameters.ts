import {
  decimal,
  flag,
  integer,
  map,
  noEffect,
  type ParameterDeclarations,
  type ParametersOf,
  text,
} from '#libs/kernel';
import { PluginError } from '#libs/plugin-sdk';
import { feederParameters } from '../default-feeder/bar-feeder.js';

const { feature_columns: _columns, bar_shapes: _shapes, ...barParameters } = feederParameters;

/** Parameters that all feeders of the original have: those of bars, with its own presets. */
export const originalParameters = {
  ...barParameters,
  instrument: { ...barParameters.instrument, default: 'EURUSD=X' },
  correlated_instruments: {
    ...barParameters.correlated_instruments,
    default: ['^GSPC', '^VIX'] as readonly string[],
    help: noEffect('the columns of these feeders are fixed: S&P500_Close of ^GSPC and vix_close of ^VIX'),
  },
  additional_previous_ticks: integer(
    { default: 50 as number, min: 0, max: 100_000 },
    noEffect('as many bars are read before the wanted ones as the columns need'),
  ),
  error_tolerance: decimal(
    { default: 0.001, min: 0 },
    'Greatest difference from `validation_csv` that is no difference.',
  ),
  validation_csv: text(
    { default: null, minLength: 1 },
    'CSV file with columns of the same names; each answer is compared with it, and a note says how they differ.',
  ),
  save_config: text(
    { default: null, minLength: 1 },
    'JSON file that the parameters in effect are written to at the start.',
  ),
  from_config_file: text(
    { default: null, minLength: 1 },
    'JSON file of parameters, as `save_config` writes it. Its values go before others.',
  ),
} as const satisfies ParameterDeclarations;

/** Parameters of the decompositions, in bars. */
export const decompositionParameters = {
  use_stl: flag(true, 'Whether log_return, stl_trend, stl_seasonal and stl_resid are delivered.'),
  stl_period: integer({ default: 24, min: 2, max: 1000 }, 'Bars of one season.'),
  stl_window: integer(
    { default: 49, min: 0, max: 10_000 },
    'Bars of each decomposed window, at least two seasons; 0 for two and one bar.',
  ),
  stl_trend: integer(
    { default: 25, min: 0, max: 10_001 },
    'Bars of the trend smoother, odd; 0 to derive them from season and window.',
  ),
  use_wavelets: flag(true, 'Whether wav_detail_L1 and following and wav_approx are delivered.'),
  wavelet_name: { type: 'string', default: 'db4', oneOf: ['db4'], help: 'The wavelet.' },
  wavelet_levels: integer({ default: 2, min: 1, max: 8 }, 'Levels of the transform; 1 is the finest.'),
  wavelet_mode: text('symmetric', noEffect('a stationary transform continues its window in a circle')),
  use_multi_tapper: flag(
    true,
    'Whether mtm_band_1 and following are delivered: power in bands of frequency.',
  ),
  mtm_window_len: integer({ default: 168, min: 4, max: 10_000 }, 'Bars of each measured window.'),
  mtm_step: integer(
    { default: 1, min: 1, max: 10_000 },
    'Bars from one measurement to the next; the bars between keep it.',
  ),
  mtm_time_bandwidth: decimal(5, noEffect('the power is that of one plain Fourier transform')),
  mtm_num_tapers: integer(null, noEffect('the power is that of one plain Fourier transform')),
  mtm_freq_bands: {
    type: 'list',
    default: [
      [0, 0.01],
      [0.01, 0.06],
      [0.06, 0.2],
      [0.2, 0.5],
    ],
    help: 'Bands as pairs of frequencies, in cycles a bar, from 0 to 0.5.',
  },
} as const satisfies ParameterDeclarations;

/** Parameter of the feeders whose original scales with statistics of the whole sample. */
export const lookAheadParameters = {
  original_look_ahead: flag(
    false,
    'Whether columns are scaled with statistics of all bars, later ones too, as in the original. Answers are then stamped `looks_ahead`. Without it statistics come from `use_normalization_json` only.',
  ),
} as const satisfies ParameterDeclarations;

/** Parameters of `fe_replicator_feeder` beside the others. */
export const replicatorParameters = {
  log_shifts: map(
    { items: 'number' },
    'What is added to MACD, MACD_Signal, Stochastic_%D, ADX or ATR before the logarithm, for example `{"MACD": 1.01}`; from the training data. Columns without an entry stay as they are.',
  ),
  fe_config_path: text('fe_config_test.json', noEffect('the definitions of its feature file are built in')),
  input_csv_path: text(null, noEffect('bars come from `data_source`, as in the other feeders')),
  output_csv_path: text(null, noEffect('columns are handed to the predictor, not written to a file')),
  comparison_csv_path: text(null, noEffect('`validation_csv` names the file to compare with')),
  num_rows_to_process: integer(null, noEffect('all bars are processed')),
  num_rows_to_compare: integer(null, noEffect('all bars of `validation_csv` are compared')),
  tolerance: decimal(0, noEffect('`error_tolerance` says what is no difference')),
} as const satisfies ParameterDeclarations;

/** Parameters of `real_feeder` beside the others. */
export const realParameters = {
  additional_previous_ticks: { ...originalParameters.additional_previous_ticks, default: 0 },
  ...decompositionParameters,
  use_technical_indicators: flag(true, 'Whether the fifteen indicators are delivered.'),
  preserve_base_features: flag(
    true,
    'Whether S&P500_Close, vix_close, shapes of bars and the calendar are delivered.',
  ),
  preserve_ohlc: flag(true, 'Whether OPEN, HIGH and LOW are delivered. CLOSE always is, as the last column.'),
  normalize_features: flag(true, 'Whether `use_normalization_json` is applied.'),
  expected_feature_count: integer({ default: 54, min: 1 }, 'Columns that there must be beside CLOSE.'),
  expected_stl_features: integer({ default: 11, min: 0 }, 'Of them, decompositions and log_return.'),
  expected_technical_indicators: integer({ default: 15, min: 0 }, 'Of them, indicators.'),
  expected_tick_features: integer({ default: 16, min: 0 }, 'Of them, closes of shorter bars.'),
  validate_feature_count: flag(true, 'Whether the numbers of columns are checked.'),
  validate_feature_names: flag(true, 'Whether the names are checked against those of the original.'),
  strict_validation: flag(true, 'Whether a failed check stops the start; else every answer has a note.'),
} as const satisfies ParameterDeclarations;

type BandSettings = ParametersOf<typeof decompositionParameters>;

/**
 * The bands as pairs.
 * @throws PluginError `not_configured`
 */
export function frequencyBands({
  mtm_freq_bands,
}: Pick<BandSettings, 'mtm_freq_bands'>): readonly (readonly [number, number])[] {
  return mtm_freq_bands.map((band): readonly [number, number] => {
    const [from, to, more] = Array.isArray(band) ? (band as readonly unknown[]) : [];
    if (
      typeof from === 'number' &&
      typeof to === 'number' &&
      more === undefined &&
      from >= 0 &&
      to > from &&
      to <= 0.5
    )
      return [from, to];
    throw new PluginError(
      'not_configured',
      `mtm_freq_bands must have pairs of frequencies such as [0.01, 0.06], from 0 to 0.5, not ${JSON.stringify(band)}`,
    );
  });
}
