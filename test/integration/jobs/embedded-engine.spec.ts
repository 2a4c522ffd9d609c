import { EmbeddedJobEngine } from '#libs/jobs';
import { jobEngineConformance } from './conformance/job-engine.js';

jobEngineConformance(
  'the embedded engine',
  (database, transactions, options) => new EmbeddedJobEngine(database, transactions, options),
  'test/integration/jobs/embedded-runner.ts',
);
