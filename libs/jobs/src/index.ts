export * from './job-engine.js';
