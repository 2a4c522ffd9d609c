export {
  convertModel,
  loadModel,
  type LoadOptions,
  type Model,
  type ModelDescription,
  type TensorDescription,
} from './model.js';
export { CompiledModels, type CompiledModelsOptions } from './isolate/compiled-models.js';
export {
  createModelCache,
  MODEL_LOADS,
  type ModelCache,
  type ModelLoad,
  type ModelPaths,
} from './model-cache.js';
export { ModelError, type ModelErrorCode } from './errors.js';
export type { ModelFormat, ModelLimits } from './containers/source.js';
export type { IsolationLimits } from './isolate/isolate.js';
export {
  joinRows,
  Summary,
  type RowSampleOptions,
  type SampledOutput,
  type SampleOptions,
} from './runtime/sample-summary.js';
export type { InputTensor, OutputTensor } from './runtime/tensors.js';
export { SUPPORTED_LAYERS } from './layers/registry.js';
export { SUPPORTED_OPERATIONS } from './layers/operations.js';
export { KERAS_SUPPORT, kerasSupportTable, type Support } from './support-table.js';
export { LAYER_RECIPES, registerRecipe } from './register-layer.js';
export { NO_FACTS, subclassNote, type ModelFacts, type NotFinite } from './isolate/facts.js';
