export * from './definitions.js';
export * from './feeder.js';
export * from './pipeline.js';
export * from './predictor.js';
export * from './endpoints.js';
export * from './core.js';
export * from './plugin-error.js';
export { Frame } from '#libs/timeseries';
export type { Clock, ParameterDeclaration, ParameterDeclarations, ParametersOf } from '#libs/kernel';
