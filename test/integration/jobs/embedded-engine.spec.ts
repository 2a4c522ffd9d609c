import { EmbeddedJobEngine } from '#libs/jobs';
import { jobEngineConformance } from '../../../libs/testing/src/job-engine-conformance.js';

jobEngineConformance(
  'the embedded engine',
  (database, transactions, options) => new EmbeddedJobEngine(database, transactions, options),
  'test/integration/jobs/embedded-runner.ts',
);
