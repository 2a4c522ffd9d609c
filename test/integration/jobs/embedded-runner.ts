import { EmbeddedJobEngine } from '#libs/jobs';
import { runUntilKilled } from './conformance/runner.js';

await runUntilKilled(
  (database, transactions, options) => new EmbeddedJobEngine(database, transactions, options),
);
