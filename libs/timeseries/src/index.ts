export { Frame } from './frame.js';
export { exactRow, firstRowAfter, firstRowFrom, nearestRow, rowAtOrBefore } from './search.js';
export { civilToEpoch, dayOfMonth, dayOfWeek, hourOfDay } from './calendar.js';
export { formatIso, formatNaiveIso, parseSyncTimestamp, parseTimestamp } from './timestamps.js';
export { CsvCache, type CsvCacheOptions } from './csv/csv-cache.js';
export { loadCsv, type LoadedCsv } from './csv/load-csv.js';
export type { BadRow, BadRowRule, CsvOptions, CsvReport } from './csv/csv-format.js';
export { ema, rma, rollingMax, rollingMin, sma } from './indicators/averages.js';
export {
  cci,
  macd,
  momentum,
  rateOfChange,
  rsi,
  stochastic,
  williamsR,
  type Macd,
  type Stochastic,
} from './indicators/oscillators.js';
export {
  atr,
  directionalMovement,
  recentRange,
  trueRange,
  wilderAtr,
  type DirectionalMovement,
} from './indicators/trend.js';
export {
  DEFAULT_PERIODS,
  INDICATOR_COLUMNS,
  technicalIndicators,
  type IndicatorColumn,
  type IndicatorPeriods,
} from './indicators/technical.js';
export {
  barFeatures,
  logShift,
  shiftedLog,
  subBarTicks,
  timeFeatures,
  type Closes,
} from './indicators/features.js';
export { loadNormalisation, Normalisation } from './normalisation.js';
