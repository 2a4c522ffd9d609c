import { GraphileJobEngine } from '#libs/jobs';
import { runUntilKilled } from './conformance/runner.js';

await runUntilKilled(
  (database, transactions, options) => new GraphileJobEngine(database, transactions, options),
);
