import { EmbeddedJobEngine } from '#libs/jobs';
import { runUntilKilled } from '../../../libs/testing/src/job-conformance/runner.js';

await runUntilKilled(
  (database, transactions, options) => new EmbeddedJobEngine(database, transactions, options),
);
