export type { CallFigures } from './call-meter.js';
export type { CallLimits } from './guard.js';
export type {
  CoreHandle,
  EndpointsHandle,
  FeederHandle,
  HandleOf,
  PipelineHandle,
  PluginHandle,
  PredictorHandle,
  RunOptions,
} from './handles.js';
export {
  ConfiguredFeeder,
  ConfiguredPipeline,
  ConfiguredPredictor,
  followConfigured,
} from './configured-plugins.js';
export { fileResolver } from './file-resolver.js';
export { loadPlugins, type LoadPluginsOptions } from './load-plugins.js';
export type { PluginManifest, PluginThunk } from './manifest.js';
export { moduleImporter } from './module-importer.js';
export { ANSWER_TO_PLUGIN_ERROR } from './plugin-errors.js';
export { parameterPage } from './parameter-page.js';
export { PluginLoadError } from './plugin-load-error.js';
export { PluginRegistry, type ModelServer, type SelectableKind } from './plugin-registry.js';
export type { PluginStatus } from './plugin-status.js';
export { runForecast, type Forecast, type ForecastQuestion } from './run-forecast.js';
export { ScheduledPredictions, type ScheduledPredictionsOptions } from './scheduled-predictions.js';
