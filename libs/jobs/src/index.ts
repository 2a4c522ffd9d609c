export * from './job-engine.js';
export type { JobEngineOptions, JobListener, RunWrapper } from './engines/engine-options.js';
export { EmbeddedJobEngine } from './engines/embedded-engine.js';
export { GraphileJobEngine } from './engines/graphile/graphile-engine.js';
export { QUEUE_CONNECTIONS } from './engines/graphile/job-queue.js';
export { migrateQueue } from './engines/graphile/queue-schema.js';
export { JobEntity } from './engines/job.entity.js';
export { PeriodicService, type Period } from './periodic-service.js';
export type { RunOutcome } from './engines/leased-run.js';
