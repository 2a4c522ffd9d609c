export * from './checks.js';
export * from './create-plugin.js';
export * from './definition-conformance.js';
export * from './feeder-conformance.js';
export * from './predictor-conformance.js';
export * from './pipeline-conformance.js';
export * from './small-conformance.js';
