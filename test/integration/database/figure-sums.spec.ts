import { addUpFigures, type Figures, KeptFigures, keptWithin, runSql } from '#libs/database';
import { expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { describeOnDatabases, type TestDatabase } from '../../harness/databases.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const events = (figures: Figures, name: string): number => figures.get(name)?.events ?? 0;
const sumOf = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

interface Row {
  readonly task: string;
  readonly at: number;
  readonly ended: number;
}

/** Predictions that were completed. */
const add = (test: TestDatabase, user: number, rows: readonly Row[]): Promise<unknown> =>
  test.run((tx) =>
    runSql(
      tx,
      `INSERT INTO predictions (task_id, user_id, "timestamp", created_at, started_at, completed_at, status, symbol, ticker, "interval",
         predictor_plugin, feeder_plugin, pipeline_plugin, prediction_type, result)
       VALUES ${rows.map(() => `(?, ${user}, ?, ?, ?, ?, 'completed', 'X', 'X', '1h', 'p', 'f', 'q', 'short_term', '{}')`).join(', ')}`,
      rows.flatMap(({ task, at, ended }) => [
        task,
        ...[at, at, at, ended].map((moment) => new Date(moment).toISOString()),
      ]),
    ),
  );

describeOnDatabases('sums of figures', (test) => {
  it('of many days are those of the hours, wherever the window begins and ends', async () => {
    const moment = (day: number, hourOfDay: number): Date => new Date(Date.UTC(2026, 2, day, hourOfDay, 30));
    const hours = [1, 2, 2, 3, 5, 9].flatMap((day) => [0, 7, 23].map((clock) => [day, clock] as const));
    for (const [index, [day, clock]] of hours.entries()) {
      const at = moment(day, clock).getTime();
      await add(test(), 11, [{ task: `days-${index}`, at, ended: at }]);
      if (index % 5 === 0) while (await addUpFigures(test().database, test().transactions));
    }
    const kept = new KeptFigures(test().database);
    const happened = hours.map(([day, clock]) => moment(day, clock).getTime());
    const floor = (one: Date): number => Math.floor(one.getTime() / HOUR) * HOUR;
    for (const from of [
      moment(1, 0),
      moment(1, 12),
      moment(2, 23),
      moment(4, 5),
      moment(9, 23),
      moment(10, 1),
      new Date('9999-12-31T23:59:59.999Z'),
    ]) {
      const since = await kept.since('predictions', from, 11);
      expect(events(since, 'created')).toBe(happened.filter((one) => one >= floor(from)).length);
      for (const to of [moment(2, 0), moment(2, 8), moment(6, 23), moment(9, 0), moment(11, 1)]) {
        if (to <= from) continue;
        const within = await kept.between('predictions', from, to, 11);
        const expected = happened.filter((one) => one >= floor(from) && one < floor(to)).length;
        expect({ from, to, events: events(within, 'created') }).toEqual({ from, to, events: expected });
        const owners = await kept.ownersBetween('predictions', 'created', from, to);
        expect(owners.has(11)).toBe(expected > 0);
      }
    }
    await test().run((tx) => runSql(tx, 'DELETE FROM figures WHERE owner_id = 11'));
    const left = await test().query('SELECT day FROM figure_days WHERE owner_id = 11 AND events <> 0');
    expect(left).toEqual([]);
  });

  it('of any range of years are those of the rows, in at most 23 hours and a month of days at each end', async () => {
    const [begin, span] = [Date.UTC(2024, 10, 17), 26 * 30 * 24];
    const moments = fc.sample(fc.nat({ max: span * 60 }), { numRuns: 400, seed: 20_261_201 });
    for (let first = 0; first < moments.length; first += 100) {
      const rows = moments.slice(first, first + 100).map((minutes, index): Row => {
        const at = begin + minutes * 60_000;
        return { task: `months-${first + index}`, at, ended: at + (index % 90) * 1000 };
      });
      await add(test(), 12, rows);
      // the last ones are not added up yet
      if (first < 300) while (await addUpFigures(test().database, test().transactions));
    }
    const rows = await test().query<{ at: string; ended: string }>(
      'SELECT created_at AS at, completed_at AS ended FROM predictions WHERE user_id = 12',
    );
    const kept = new KeptFigures(test().database);
    const edge = fc.oneof(
      fc.integer({ min: -40, max: span + 40 }),
      fc.integer({ min: 0, max: 27 }).map((month) => (Date.UTC(2024, 10 + month) - begin) / HOUR), // at a month's edge
    );
    await fc.assert(
      fc.asyncProperty(edge, edge, async (one, other) => {
        const [from, to] = [begin + Math.min(one, other) * HOUR, begin + Math.max(one, other) * HOUR];
        const [start, end] = [new Date(from + 1_234), new Date(to + HOUR - 1)];
        const within = await kept.between('predictions', start, end, 12);
        const since = await kept.since('predictions', start, 12);
        const happened = rows.filter(({ at }) => Date.parse(at) >= from);
        const between = happened.filter(({ at }) => Date.parse(at) < to);
        const worked = sumOf(between.map(({ at, ended }) => (Date.parse(ended) - Date.parse(at)) * 1000));
        expect(events(within, 'created')).toBe(between.length);
        expect(within.get('fulfilled')?.amount ?? 0).toBe(worked);
        expect(events(since, 'created')).toBe(happened.length);
      }),
      { numRuns: 60, seed: 20_261_201 },
    );
    const whose = { sql: 'source = ? AND owner_id = ? AND name = ?', values: ['predictions', 12, 'created'] };
    const year = keptWithin('events', whose, new Date(begin + 100 * DAY + 5 * HOUR));
    const [read] = await runSql<{ rows: number | string }>(
      test().database.read,
      `SELECT COUNT(*) AS rows FROM (${year.sql}) AS every`,
      year.values,
    );
    expect(Number(read?.rows)).toBeLessThanOrEqual(23 + 30 + 24);
    await test().run((tx) => runSql(tx, 'DELETE FROM figures WHERE owner_id = 12'));
    expect(await test().query('SELECT month FROM figure_months WHERE owner_id = 12 AND events <> 0')).toEqual(
      [],
    );
  });
});
