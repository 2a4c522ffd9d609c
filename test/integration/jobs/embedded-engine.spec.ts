import { EmbeddedJobEngine } from '#libs/jobs';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { jobEngineConformance } from './conformance/job-engine.js';
import { startSpecs } from './conformance/start-specs.js';

jobEngineConformance(
  'the embedded engine',
  (database, transactions, options) => new EmbeddedJobEngine(database, transactions, options),
  'test/integration/jobs/embedded-runner.ts',
  DATABASE_KINDS,
  startSpecs,
);
