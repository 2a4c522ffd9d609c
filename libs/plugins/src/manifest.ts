/**
 * Imports of the built-in plugins, each a module whose default export is a definition or a list of them. They stand in the order in which
 * lists show them within their kind. To add one: write its module and add its line.
 */
export const BUILT_IN_PLUGINS: readonly (() => Promise<unknown>)[] = [
  () => import('./cores/cores.js'),
  () => import('./feeders/default-feeder/default-feeder.js'),
  () => import('./feeders/original/original-feeders.js'),
  () => import('./feeders/data-validator.js'),
  () => import('./pipelines/default-pipeline.js'),
  () => import('./pipelines/enhanced-pipeline.js'),
  () => import('./predictors/default-predictor/default-predictor.js'),
  () => import('./predictors/inference-server/inference-server-predictor.js'),
  () => import('./predictors/random-walk-predictor.js'),
  () => import('./predictors/noisy-ideal-predictor.js'),
  () => import('./predictors/oracle/binary-ideal-oracle.js'),
  () => import('./predictors/binary-predictors.js'),
  () => import('./predictors/direction-predictor.js'),
  () => import('./predictors/oracle/direction-ideal-oracle.js'),
  () => import('./predictors/csv-direction-predictor.js'),
  () => import('./predictors/artifact-policy.js'),
  () => import('./endpoints/default-endpoints.js'),
  () => import('./endpoints/predict-endpoint.js'),
  () => import('./endpoints/health-endpoint.js'),
  () => import('./endpoints/info-endpoint.js'),
  () => import('./endpoints/metrics-endpoint.js'),
];
