export {
  type BarCalendar,
  exactRow,
  firstRowAfter,
  firstRowFrom,
  Frame,
  nearestRow,
  rowAtOrBefore,
} from './frame.js';
export { futureTimes } from './future-times.js';
export { LatestOf } from './latest-of.js';
export { dividesInterval, longerBars, type LongerBars } from './longer-bars.js';
export { longerBarsBeside } from './longer-bars-thread.js';
export {
  BASELINE_MEANINGS,
  type BaselineMeans,
  baselineRow,
  barEnds,
  endsOfBars,
  knownValues,
  lastClosedRow,
} from './point-in-time.js';
export * from './intervals.js';
export {
  dayOfMonth,
  dayOfWeek,
  formatIso,
  formatNaiveIso,
  hourOfDay,
  parseSyncTimestamp,
  parseTimestamp,
} from './timestamps.js';
export { CsvCache, type CsvCacheOptions } from './csv/csv-cache.js';
export { loadCsv, type LoadedCsv } from './csv/load-csv.js';
export type {
  BadRow,
  BadRowRule,
  CsvOptions,
  CsvReport,
  Detected,
  FileFormat,
  FileNote,
} from './csv/csv-format.js';
export { DIALECT_NAMES, type DialectName, DIALECTS } from './csv/dialects.js';
export { DIALECT_EXAMPLES, dialectTable } from './csv/dialect-page.js';
export { gapsOf, lengthText, separatorName } from './csv/file-notes.js';
export { FAMILIES, featureName, featureSuggestion, type FeatureName } from './indicators/feature-names.js';
export { featurePage } from './indicators/feature-page.js';
export {
  computeFeatures,
  featureGroups,
  featureInputs,
  type FeatureOptions,
  featureReach,
} from './indicators/features.js';
export * from './indicators/technical.js';
export { recentRange, wilderAtr } from './indicators/wilder-atr.js';
export { loadNormalisation, Normalisation } from './normalisation.js';
export { usualStep } from './csv/row-times.js';
export { Zone } from './times/zones.js';
export { compareFrames, type FrameComparison } from './compare-frames.js';
export type { DecompositionOptions } from './decomposition/decomposition-families.js';
export { type QualityCheck, qualityOf } from './quality.js';
