import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { DAY_MS, GrowingFile, OutcomesBench } from './outcomes-bench.js';

describe.each(DATABASE_KINDS)('targets without a bar [%s]', (kind) => {
  let growing: GrowingFile;
  let bench: OutcomesBench;
  beforeAll(async () => {
    growing = await GrowingFile.make('2019-01-15');
    bench = await OutcomesBench.open(kind, { data_files: { GROWS: growing.path }, outcome_seconds: 86_400 });
  });
  afterAll(async () => {
    await bench.close();
    await growing.remove();
  });

  it('are unresolvable, with the reason: none within the limit, or no data in time', async () => {
    const last = bench.yesterday();
    const later = new Date(bench.clock.now() + 20 * DAY_MS).toISOString().slice(0, 10);
    await growing.grow(last);
    const gap = await bench.predict({ symbol: 'GROWS', prediction_horizon: 1 });
    await growing.grow('2019-12-31', (line) =>
      line.slice(0, 10) > last && line.slice(0, 10) < later ? '' : line,
    );
    bench.clock.jump(60 * DAY_MS);
    await bench.resolve();
    expect(await bench.outcomesOf(gap)).toMatchObject([
      { status: 'unresolvable', reason: 'no_bar_within_limit', loss: null },
    ]);
    await growing.grow(bench.yesterday());
    const silent = await bench.predict({ symbol: 'GROWS', prediction_horizon: 1 });
    bench.clock.jump(20 * DAY_MS);
    await bench.resolve();
    expect(await bench.outcomesOf(silent)).toEqual([]);
    bench.clock.jump(20 * DAY_MS);
    await bench.resolve();
    expect(await bench.outcomesOf(silent)).toMatchObject([{ status: 'unresolvable', reason: 'no_data' }]);
  });
});
