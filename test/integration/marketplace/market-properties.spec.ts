import { resolve } from 'node:path';
import { describe, it } from '@jest/globals';
import * as fc from 'fast-check';
import { FakeClock } from '#libs/testing';
import { Accounts } from '../../security/accounts.js';
import { MarketModel, marketSteps, type Market } from './market-commands.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { startTestApp } from '../../harness/app.js';

const RUNS = 40;
const MOST_STEPS = 40;

describe.each(DATABASE_KINDS)('whatever clients and evaluators call [%s]', (database) => {
  it('each order is held and settled once, and the books add up after every step', async () => {
    const clock = new FakeClock();
    const app = await startTestApp({
      database,
      clock,
      config: {
        data_source: 'file',
        data_files: { SP500: resolve('examples/data/sp500_daily_2000-2020.csv') },
        // Few credits, so that some are refused.
        credit_limit: 40,
        marketplace_limit_basic: 6,
        release_cooldown_seconds: 120,
        api_key_expire_days: 3_650,
      },
    });
    const accounts = new Accounts(app);
    /** Everybody is new in each run; the database is the same. */
    const setup = async (): Promise<{ model: MarketModel; real: Market }> => {
      const [clients, evaluators] = [
        await accounts.makeMany('client', 2),
        await accounts.makeMany('evaluator', 3),
      ];
      return { model: new MarketModel(), real: { app, clock, clients, evaluators } };
    };
    try {
      await fc.assert(
        fc.asyncProperty(fc.commands(marketSteps, { maxCommands: MOST_STEPS }), (steps) =>
          fc.asyncModelRun(setup, steps),
        ),
        { numRuns: RUNS, endOnFailure: true },
      );
    } finally {
      await app.close();
    }
  }, 180_000);
});
