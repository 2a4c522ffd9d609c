import type { Frame } from '../frame.js';
import { ema } from './averages.js';
import { cci, macd, momentum, rateOfChange, rsi, stochastic, williamsR } from './oscillators.js';
import { atr, directionalMovement } from './trend.js';

/** Lengths in bars; each at least 1. */
export interface IndicatorPeriods {
  readonly rsi: number;
  readonly macdFast: number;
  readonly macdSlow: number;
  readonly macdSignal: number;
  readonly ema: number;
  readonly stochastic: number;
  readonly stochasticSmoothK: number;
  readonly stochasticSmoothD: number;
  readonly adx: number;
  readonly atr: number;
  readonly cci: number;
  readonly williamsR: number;
  readonly momentum: number;
  readonly rateOfChange: number;
}

/** The lengths with which the published feature files were made. The market feeder differs in `ema` (20). */
export const DEFAULT_PERIODS: IndicatorPeriods = {
  rsi: 14,
  macdFast: 12,
  macdSlow: 26,
  macdSignal: 9,
  ema: 10,
  stochastic: 14,
  stochasticSmoothK: 3,
  stochasticSmoothD: 3,
  adx: 14,
  atr: 14,
  cci: 14,
  williamsR: 14,
  momentum: 10,
  rateOfChange: 10,
};

/** Names and order of the columns of {@link technicalIndicators}. */
export const INDICATOR_COLUMNS = [
  'RSI',
  'MACD',
  'MACD_Histogram',
  'MACD_Signal',
  'EMA',
  'Stochastic_%K',
  'Stochastic_%D',
  'ADX',
  'DI+',
  'DI-',
  'ATR',
  'CCI',
  'WilliamsR',
  'Momentum',
  'ROC',
] as const;

export type IndicatorColumn = (typeof INDICATOR_COLUMNS)[number];

/**
 * The fifteen indicators of the field's models over the columns HIGH, LOW and CLOSE, raw (no logarithm, no filling), NaN
 * before their first value. Each value uses its own and earlier rows only, but for the guard of `stochastic`.
 * @throws AppError `invalid` (code `unknown_column`)
 */
export function technicalIndicators(
  frame: Frame,
  periods: Partial<IndicatorPeriods> = {},
): Readonly<Record<IndicatorColumn, Float64Array>> {
  const length = { ...DEFAULT_PERIODS, ...periods };
  const high = frame.column('HIGH');
  const low = frame.column('LOW');
  const close = frame.column('CLOSE');
  const convergence = macd(close, length.macdFast, length.macdSlow, length.macdSignal);
  const swing = stochastic(high, low, close, {
    period: length.stochastic,
    smoothK: length.stochasticSmoothK,
    smoothD: length.stochasticSmoothD,
  });
  const movement = directionalMovement(high, low, close, length.adx);
  return {
    RSI: rsi(close, length.rsi),
    MACD: convergence.macd,
    MACD_Histogram: convergence.histogram,
    MACD_Signal: convergence.signal,
    EMA: ema(close, length.ema),
    'Stochastic_%K': swing.k,
    'Stochastic_%D': swing.d,
    ADX: movement.adx,
    'DI+': movement.plus,
    'DI-': movement.minus,
    ATR: atr(high, low, close, length.atr),
    CCI: cci(high, low, close, length.cci),
    WilliamsR: williamsR(high, low, close, length.williamsR),
    Momentum: momentum(close, length.momentum),
    ROC: rateOfChange(close, length.rateOfChange),
  };
}
