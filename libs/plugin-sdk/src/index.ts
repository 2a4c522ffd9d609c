export * from './definitions.js';
export * from './feeder.js';
export * from './pipeline.js';
export * from './predictor.js';
export * from './tensors.js';
export * from './endpoints.js';
export * from './layers.js';
export * from './plugin-error.js';
export * from './contract-checks.js';
export * from './conformance/checks.js';
export * from './conformance/feeder-conformance.js';
export * from './conformance/predictor-conformance.js';
export * from './conformance/pipeline-conformance.js';
export * from './conformance/small-conformance.js';
export { Frame, INTERVAL_MS, isInterval, type Interval } from '#libs/timeseries';
export type {
  Clock,
  LayerRecipe,
  ParameterDeclaration,
  ParameterDeclarations,
  ParametersOf,
} from '#libs/kernel';
