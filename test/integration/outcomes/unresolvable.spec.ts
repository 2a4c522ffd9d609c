import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ResolveOutcomes } from '../../../src/outcomes/resolve-outcomes.service.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { DAY_MS, OutcomesBench, type Row } from './outcomes-bench.js';

const SP500 = resolve('examples/data/sp500_daily_2000-2020.csv');

describe.each(DATABASE_KINDS)('targets without a bar [%s]', (kind) => {
  let folder: string;
  let file: string;
  let whole: readonly string[];
  let bench: OutcomesBench;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'outcomes-'));
    file = join(folder, 'growing.csv');
    whole = (await readFile(SP500, 'utf8')).trimEnd().split('\n');
    await grow('2019-01-15');
    bench = await OutcomesBench.open(kind, { data_files: { GROWS: file }, outcome_seconds: 86_400 });
  });
  afterAll(async () => {
    await bench.close();
    await rm(folder, { recursive: true });
  });

  /** The file as it stands when this bar is its last. */
  const grow = (last: string, change: (line: string) => string = (line) => line): Promise<void> => {
    const [head = '', ...rows] = whole;
    const known = rows.filter((line) => line.slice(0, 10) <= last && line.slice(0, 4) >= '2017');
    return writeFile(file, `${[head, ...known.map(change)].join('\n')}\n`);
  };
  /** The day before today: that of the last closed bar. */
  const yesterday = (): string => new Date(bench.clock.now() - DAY_MS).toISOString().slice(0, 10);
  const resolveNow = () => bench.app.app.get(ResolveOutcomes, { strict: false }).resolve();
  const outcomesOf = (id: number): Promise<Row[]> =>
    bench.app.database.query<Row>(
      `SELECT o.* FROM forecast_outcomes o JOIN forecast_pins p ON p.id = o.pin_id
       WHERE p.source = 'prediction' AND p.subject_id = '${id}' ORDER BY o.horizon, o.revision`,
    );

  it('are unresolvable, with the reason: none within the limit, or no data in time', async () => {
    const last = yesterday();
    const later = new Date(bench.clock.now() + 20 * DAY_MS).toISOString().slice(0, 10);
    await grow(last);
    const gap = await bench.predict({ symbol: 'GROWS', prediction_horizon: 1 });
    await grow('2019-12-31', (line) => (line.slice(0, 10) > last && line.slice(0, 10) < later ? '' : line));
    bench.clock.jump(60 * DAY_MS);
    await resolveNow();
    expect(await outcomesOf(gap)).toMatchObject([
      { status: 'unresolvable', reason: 'no_bar_within_limit', loss: null },
    ]);
    await grow(yesterday());
    const silent = await bench.predict({ symbol: 'GROWS', prediction_horizon: 1 });
    bench.clock.jump(20 * DAY_MS);
    await resolveNow();
    expect(await outcomesOf(silent)).toEqual([]);
    bench.clock.jump(20 * DAY_MS);
    await resolveNow();
    expect(await outcomesOf(silent)).toMatchObject([{ status: 'unresolvable', reason: 'no_data' }]);
  });
});
