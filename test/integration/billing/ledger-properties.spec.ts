import { it } from '@jest/globals';
import * as fc from 'fast-check';
import { BillingBench, USD } from './billing-bench.js';
import { steps, type Stage } from './ledger-commands.js';
import { LedgerModel } from './ledger-model.js';
import { describeOnDatabases } from '../../harness/databases.js';

const LIMIT = 25 * USD;
const RUNS = 12;
const MOST_STEPS = 40;

describeOnDatabases('whatever happens to money', (database) => {
  it('no micro-unit is lost, spent twice or moved twice', async () => {
    const bench = new BillingBench(database(), { credit_limit: 25 });
    let run = 0;
    const setup = () => {
      run += 1;
      const user = (role: number) => run * 100 + role;
      const cast = {
        clients: [user(1), user(2), user(3)],
        evaluators: [user(11), user(12)],
        // An evaluator may be a provider, too.
        providers: [user(21), user(11)],
      };
      const stage: Stage = { bench, cast };
      return { model: new LedgerModel(LIMIT, () => bench.clock.now()), real: stage };
    };
    await fc.assert(
      fc.asyncProperty(fc.commands(steps, { maxCommands: MOST_STEPS }), (commands) =>
        fc.asyncModelRun(setup, commands),
      ),
      { numRuns: RUNS, endOnFailure: true },
    );
  }, 60_000);
});
