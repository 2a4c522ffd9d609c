export {
  crpsNorm,
  crpsQuantile,
  crpsSample,
  intervalScore,
  quantileLoss,
  wis,
  type PredictionInterval,
  type QuantileSet,
  type WeightedIntervalScore,
} from './distribution-scores.js';
export {
  directionalAccuracy,
  mae,
  mase,
  naiveMae,
  rmse,
  skillScore,
  type DirectionalAccuracy,
} from './point-scores.js';
export {
  randomWalkForecast,
  SCALE_CHANGES,
  scaleAt,
  trailingVolatility,
  type ForecastScale,
  type NormalForecast,
} from './random-walk.js';
export {
  coverageBitsOf,
  coverageOf,
  scoreForecast,
  statedInterval,
  type CentralInterval,
  type LossKind,
  type OutcomeScores,
  type StatedInterval,
  type StatedNumbers,
  type WalkStart,
} from './score-forecast.js';
export { PAY_BOUND, scorePay, scorePayOf, type PaidForecast, type ScorePay } from './score-pay.js';
export {
  brierDecomposition,
  brierScore,
  logsBinary,
  logsDecomposition,
  type CalibrationGroup,
  type ScoreDecomposition,
} from './binary-scores.js';
export {
  COVERAGE_LEVELS,
  intervalCoverage,
  pitHistogram,
  pitNorm,
  pitPlaces,
  pitQuantile,
  pitSample,
  uniformityOf,
  wilsonInterval,
  type PitHistogram,
  type Share,
} from './calibration.js';
export { dieboldMariano, type DieboldMariano, type DieboldMarianoOptions } from './diebold-mariano.js';
export {
  blockBootstrap,
  blockBootstrapRatio,
  symbolDay,
  type BootstrappedMean,
  type BootstrappedRatio,
  type BootstrapOptions,
} from './block-bootstrap.js';
export { chiSquareSurvival, normalCdf, normalQuantile, studentTwoSided } from './distributions.js';
export {
  ADAPTIVE_START,
  adaptiveStep,
  adaptiveStretches,
  conformalQuantile,
  conformityScore,
  splitConformal,
  SPREAD_KINDS,
  spreadOf,
  stretchedInterval,
  type AdaptiveOptions,
  type AdaptiveState,
  type Spread,
  type SpreadKind,
} from './conformal.js';
export { rangeDistance, rangeOfMoments, type TrainingRange } from './training-range.js';
