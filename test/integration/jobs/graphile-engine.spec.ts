import { GraphileJobEngine } from '#libs/jobs';
import { jobEngineConformance } from './conformance/job-engine.js';

jobEngineConformance(
  "PostgreSQL's engine",
  (database, transactions, options) => new GraphileJobEngine(database, transactions, options),
  'test/integration/jobs/graphile-runner.ts',
  ['postgres'],
);
