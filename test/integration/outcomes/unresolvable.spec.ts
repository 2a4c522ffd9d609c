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

  it('count for nobody where the bar had closed before the forecast was made: the source was only late', async () => {
    // Wednesday 2019-01-16, noon: the bars of Monday and Tuesday have closed, but the source ends on Friday
    await growing.grow('2019-01-11');
    const id = await bench.predict({ symbol: 'GROWS', prediction_horizon: 4 });
    await growing.grow('2019-01-31');
    bench.clock.jump(5 * DAY_MS);
    await bench.resolve();
    expect(
      (await bench.outcomesOf(id)).map((row) => [
        row['target_at'],
        row['status'],
        row['reason'],
        row['loss'] === null,
      ]),
    ).toEqual([
      ['2019-01-14T00:00:00.000Z', 'unresolvable', 'known_at_issue', true],
      ['2019-01-15T00:00:00.000Z', 'unresolvable', 'known_at_issue', true],
      ['2019-01-16T00:00:00.000Z', 'resolved', null, false],
      ['2019-01-17T00:00:00.000Z', 'resolved', null, false],
    ]);
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
