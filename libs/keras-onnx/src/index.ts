export {
  loadModel,
  type LoadOptions,
  type Model,
  type ModelDescription,
  type TensorDescription,
} from './model.js';
export { createModelCache, type ModelCache } from './model-cache.js';
export { ModelError, type ModelErrorCode } from './errors.js';
export type { ModelLimits } from './containers/limits.js';
export type { ModelFormat } from './containers/source.js';
export type { IsolationLimits } from './isolate/compile-isolated.js';
export type { SampledOutput, SampleOptions } from './runtime/sampling.js';
export { Summary } from './runtime/summary.js';
export type { InputTensor, OutputTensor } from './runtime/tensors.js';
export { SUPPORTED_LAYERS } from './layers/registry.js';
export { SUPPORTED_OPERATIONS } from './layers/operations.js';
