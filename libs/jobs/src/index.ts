export * from './job-engine.js';
export { JobEntity } from './engines/job.entity.js';
