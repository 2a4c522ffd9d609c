export type { CallFigures } from './guard.js';
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
export {
  definitionsOf,
  loadPlugins,
  PluginLoadError,
  type LoadPluginsOptions,
  type PluginManifest,
  type PluginThunk,
} from './load-plugins.js';
export { fileResolver, moduleImporter } from './module-importer.js';
export { ANSWER_TO_PLUGIN_ERROR } from './plugin-errors.js';
export { parameterPage } from './parameter-page.js';
export { PluginRegistry, type ModelServer, type SelectableKind } from './plugin-registry.js';
export type { PluginStatus } from './plugin-status.js';
export {
  type AskedQuestion,
  faultsAt,
  questionFaults,
  questionRemarks,
  type QuestionFault,
} from './question-faults.js';
export { runForecast, type Forecast, type ForecastQuestion } from './run-forecast.js';
