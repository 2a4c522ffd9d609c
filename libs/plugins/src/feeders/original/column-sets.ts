import type { DecompositionOptions } from '#libs/timeseries';
import { ALL_COLUMNS } from '../default-feeder/features/feature-plan.js';

const isTick = (name: string): boolean => name.includes('_tick_');
const TICKS = ALL_COLUMNS.filter(isTick);
const INDICATORS = ALL_COLUMNS.slice(0, ALL_COLUMNS.indexOf('OPEN'));
const SHAPES = ALL_COLUMNS.filter((name) => /^B[CHO]-B[OL]$/.test(name));
const CORRELATED = ['S&P500_Close', 'vix_close'] as const;
const CALENDAR = ALL_COLUMNS.slice(-3);
const PRICES = ['OPEN', 'HIGH', 'LOW', 'CLOSE'] as const;

/** `real_feeder_original`: 29 columns beside the time. */
export const ORIGINAL_COLUMNS: readonly string[] = [
  ...PRICES,
  ...SHAPES,
  ...CORRELATED,
  ...TICKS,
  ...CALENDAR,
];

/** `real_feeder_modular`: the same with the indicators in front. */
export const MODULAR_COLUMNS: readonly string[] = [...INDICATORS, ...ORIGINAL_COLUMNS];

/** What the switches of `real_feeder` add. */
export interface RealFeederSwitches {
  readonly use_stl: boolean;
  readonly use_wavelets: boolean;
  readonly use_multi_tapper: boolean;
  readonly use_technical_indicators: boolean;
  readonly preserve_base_features: boolean;
  readonly preserve_ohlc: boolean;
  readonly wavelet_levels: number;
  readonly mtm_freq_bands: readonly (readonly [number, number])[];
}

const waveletNames = (levels: number): readonly string[] => [
  ...Array.from({ length: levels }, (_, at) => `wav_detail_L${at + 1}`),
  `wav_approx_L${levels}`,
];

/** Columns of `real_feeder`, by kind, in its order; CLOSE, which is forecast, is handed over behind them. */
export function realFeederColumns(switches: RealFeederSwitches) {
  const when = (isOn: boolean, names: readonly string[]): readonly string[] => (isOn ? names : []);
  const { wavelet_levels: levels, mtm_freq_bands: bands } = switches;
  const decomposed = [
    ...when(switches.use_stl, ['log_return', 'stl_trend', 'stl_seasonal', 'stl_resid']),
    ...when(switches.use_wavelets, waveletNames(levels)),
    ...when(
      switches.use_multi_tapper,
      bands.map((_, at) => `mtm_band_${at + 1}`),
    ),
  ];
  const technical = when(switches.use_technical_indicators, INDICATORS);
  const columns = [
    ...technical,
    ...when(switches.preserve_base_features, CORRELATED),
    ...when(switches.preserve_ohlc, ['OPEN', 'HIGH', 'LOW']),
    ...TICKS,
    ...when(switches.preserve_base_features, [...SHAPES, ...CALENDAR]),
    ...decomposed,
  ];
  return { columns, technical, ticks: TICKS, decomposed };
}

/** The names of the original's expected list, with all switches on. */
export const EXPECTED_FEATURES: readonly string[] = realFeederColumns({
  use_stl: true,
  use_wavelets: true,
  use_multi_tapper: true,
  use_technical_indicators: true,
  preserve_base_features: true,
  preserve_ohlc: true,
  wavelet_levels: 2,
  mtm_freq_bands: [
    [0, 0.01],
    [0.01, 0.06],
    [0.06, 0.2],
    [0.2, 0.5],
  ],
}).columns;

export interface DecompositionSettings extends RealFeederSwitches {
  readonly stl_period: number;
  readonly stl_window: number;
  readonly stl_trend: number;
  readonly mtm_window_len: number;
  readonly mtm_step: number;
}

/**
 * The decomposition of `real_feeder` and `stl_feature_generator`: ln(1 + close), in windows that end with the bar. Window
 * and trend that are 0 follow from the period as in the original.
 */
export function generatorDecomposition(settings: DecompositionSettings): DecompositionOptions {
  const { stl_period: period, wavelet_levels: levels } = settings;
  const window = settings.stl_window || 2 * period + 1;
  const trend = settings.stl_trend || oddTrend(period, window);
  return {
    scale: 'log1p',
    stl: settings.use_stl
      ? {
          window,
          period,
          seasonal: 13,
          trend,
          robust: false,
          names: ['stl_trend', 'stl_seasonal', 'stl_resid'],
        }
      : null,
    wavelet: settings.use_wavelets
      ? {
          // As many values as the widest filter has taps: fewer would be counted twice in the circle.
          window: 8 * 2 ** levels,
          levels,
          delay: 0,
          columns: [
            ...Array.from({ length: levels }, (_, at) => ({
              name: `wav_detail_L${at + 1}`,
              level: at + 1,
              part: 'detail' as const,
            })),
            { name: `wav_approx_L${levels}`, level: levels, part: 'approximation' },
          ],
        }
      : null,
    spectrum: settings.use_multi_tapper
      ? {
          window: settings.mtm_window_len,
          step: settings.mtm_step,
          method: 'plain',
          bands: settings.mtm_freq_bands.map(([from, to], at) => ({ name: `mtm_band_${at + 1}`, from, to })),
        }
      : null,
  };
}

function oddTrend(period: number, window: number): number {
  const trend = Math.max(3, Math.trunc((1.5 * period) / (1 - 1.5 / window)) + 1);
  return trend % 2 === 0 ? trend + 1 : trend;
}

const BANDS = [
  [0, 0.01],
  [0.01, 0.06],
  [0.06, 0.2],
  [0.2, 0.5],
] as const;

/** What made the published feature file: its names, and that its level 1 is the coarsest, are kept. */
export const REPLICATOR_DECOMPOSITION: DecompositionOptions = {
  scale: 'float32',
  stl: {
    window: 49,
    period: 24,
    seasonal: 7,
    trend: 39,
    robust: true,
    names: ['CLOSE_stl_trend', 'CLOSE_stl_seasonal', 'CLOSE_stl_resid'],
  },
  wavelet: {
    window: 16,
    levels: 2,
    delay: 3,
    columns: [
      { name: 'CLOSE_wav_detail_L1', level: 2, part: 'detail' },
      { name: 'CLOSE_wav_detail_L2', level: 1, part: 'detail' },
      { name: 'CLOSE_wav_approx_L2', level: 2, part: 'approximation' },
    ],
  },
  spectrum: {
    window: 168,
    step: 1,
    method: 'welch',
    bands: BANDS.map(([from, to], at) => ({
      name: `CLOSE_mtm_band_${at + 1}_${from.toFixed(3)}_${to.toFixed(3)}`,
      from,
      to,
    })),
  },
};

/** `fe_replicator_feeder`: 54 columns beside the time, CLOSE last. */
export const REPLICATOR_COLUMNS: readonly string[] = [
  ...ALL_COLUMNS.filter((name) => name !== 'CLOSE'),
  ...(REPLICATOR_DECOMPOSITION.stl?.names ?? []),
  ...(REPLICATOR_DECOMPOSITION.wavelet?.columns.map(({ name }) => name) ?? []),
  ...(REPLICATOR_DECOMPOSITION.spectrum?.bands.map(({ name }) => name) ?? []),
  'CLOSE',
];
