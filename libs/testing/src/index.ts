export * from './child-script.js';
export * from './databases.js';
export * from './eventually.js';
export * from './fake-clock.js';
export * from './job-engine-conformance.js';
