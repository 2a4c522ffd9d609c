import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { crpsNorm } from '#libs/scoring';
import { CalibrationUpkeep } from '../../../src/outcomes/calibration/calibration-upkeep.service.js';
import { KeepScores } from '../../../src/outcomes/keep-scores.service.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { faultsOf, record, type Statement } from '../../harness/plans.js';
import { DAY_MS, GrowingFile, OutcomesBench, type Row } from './outcomes-bench.js';

const SP500 = resolve('examples/data/sp500_daily_2000-2020.csv');

describe.each(DATABASE_KINDS)('forecasts are resolved when their time has come [%s]', (kind) => {
  let growing: GrowingFile;
  let bench: OutcomesBench;
  beforeAll(async () => {
    growing = await GrowingFile.make('2019-01-15');
    bench = await OutcomesBench.open(kind, {
      data_files: { SP500, GROWS: growing.path },
      outcome_seconds: 86_400,
    });
  });
  afterAll(async () => {
    await bench.close();
    await growing.remove();
  });

  const pinOf = async (id: number): Promise<Row | undefined> =>
    (await bench.pins()).find((row) => row['source'] === 'prediction' && row['subject_id'] === String(id));

  it('with the close of each target bar, scored against the pinned random walk, and none before its time', async () => {
    const id = await bench.predict({ prediction_horizon: 3 });
    await bench.resolve();
    expect(await bench.outcomesOf(id)).toEqual([]);
    bench.clock.jump(2 * DAY_MS);
    await bench.resolve();
    expect((await bench.outcomesOf(id)).map((row) => row['horizon'])).toEqual([1, 2]);
    bench.clock.jump(5 * DAY_MS);
    await bench.resolve();
    const rows = await bench.outcomesOf(id);
    // The third bar would be that of Friday, 2019-01-18
    expect(rows.map((row) => [row['horizon'], row['bar_at'], row['status'], row['source']])).toEqual([
      [1, '2019-01-16T00:00:00.000Z', 'resolved', 'file'],
      [2, '2019-01-17T00:00:00.000Z', 'resolved', 'file'],
      [3, '2019-01-18T00:00:00.000Z', 'resolved', 'file'],
    ]);
    const line = growing.lines.find((one) => one.startsWith('2019-01-17'));
    const value = Number(rows[1]?.['value']);
    expect(line?.split(',').map(Number)).toContain(value);
    const pin = await pinOf(id);
    const [base, volatility] = [Number(pin?.['baseline_value']), Number(pin?.['volatility'])];
    const expected = crpsNorm(value, base, volatility * Math.SQRT2);
    expect(Number(rows[1]?.['baseline_loss'])).toBeCloseTo(expected, 9);
    // the random walk is as good as itself
    expect(Number(rows[1]?.['loss'])).toBeCloseTo(expected, 9);
    expect(rows[1]?.['data_sha256']).toMatch(/^[0-9a-f]{64}$/);
    expect(Number(rows[1]?.['pit'])).toBeGreaterThan(0);
  });

  it('takes the next closed bar after a holiday', async () => {
    // From Friday 2019-01-18 on the next session is Monday 21st, Martin Luther King Day: no bar.
    const id = await bench.predict({ prediction_horizon: 1, baseline_datetime: '2019-01-18 00:00:00' });
    await bench.resolve();
    const [row] = await bench.outcomesOf(id);
    expect(row).toMatchObject({
      target_at: '2019-01-21T00:00:00.000Z',
      bar_at: '2019-01-22T00:00:00.000Z',
      status: 'resolved',
    });
  });

  it('of a file that grows, as it grows', async () => {
    await growing.grow(bench.yesterday());
    const id = await bench.predict({ symbol: 'GROWS', prediction_horizon: 1 });
    bench.clock.jump(2 * DAY_MS);
    await bench.resolve();
    expect(await bench.outcomesOf(id)).toEqual([]);
    expect((await pinOf(id))?.['due_at']).toBe(new Date(bench.clock.now() + 3_600_000).toISOString());
    await growing.grow('2019-12-31');
    bench.clock.jump(DAY_MS);
    await bench.resolve();
    expect(await bench.outcomesOf(id)).toMatchObject([{ status: 'resolved', revision: 0 }]);
  });

  it('once: a later revision of the source is a second row, and changes nothing', async () => {
    const id = await bench.predict({ symbol: 'GROWS', prediction_horizon: 1 });
    bench.clock.jump(4 * DAY_MS);
    await bench.resolve();
    const [first] = await bench.outcomesOf(id);
    expect(first).toMatchObject({ status: 'resolved', revision: 0 });
    const bar = String(first?.['bar_at']).slice(0, 10);
    await growing.grow('2019-12-31', (line) =>
      line.startsWith(bar) ? line.replaceAll(String(first?.['value']), '2222.5') : line,
    );
    bench.clock.jump(8 * DAY_MS);
    expect(await bench.resolve()).toMatchObject({ revised: 1 });
    expect(await bench.outcomesOf(id)).toMatchObject([
      first ?? {},
      { status: 'resolved', revision: 1, value: 2222.5 },
    ]);
    expect((await pinOf(id))?.['due_at']).toBeNull();
    for (const change of [`UPDATE forecast_outcomes SET value = 1`, `DELETE FROM forecast_outcomes`])
      await expect(
        bench.app.database.run(async ({ manager }) => void (await manager.query(change))),
      ).rejects.toThrow('append-only');
  });

  it('by any number of processes at once, each target once', async () => {
    const ids = [await bench.predict(), await bench.predict(), await bench.predict()];
    bench.clock.jump(12 * DAY_MS);
    await Promise.all([bench.resolve(), bench.resolve(), bench.resolve()]);
    for (const id of ids) expect(await bench.outcomesOf(id)).toHaveLength(5);
  });

  it('shows the caller what was pinned and what came, and nobody else', async () => {
    const id = await bench.predict({ prediction_horizon: 2 });
    const path = `/api/v1/predictions/${id}/outcome`;
    const before = await bench.app.get(path, bench.client);
    expect(before.body).toMatchObject({ standing: 'live', model: 'random_walk_predictor', symbol: 'SP500' });
    expect(before.body.targets).toMatchObject([
      { horizon: 1, status: 'pending', value: null, loss: null },
      { horizon: 2, status: 'pending', value: null, loss: null },
    ]);
    bench.clock.jump(12 * DAY_MS);
    await bench.resolve();
    const { body } = await bench.app.get(path, bench.client);
    const [first] = body.targets;
    expect(first).toMatchObject({
      status: 'resolved',
      reason: null,
      source: 'file',
      loss_kind: 'crps_norm',
      skill: 0,
    });
    expect(first.error).toBeCloseTo(first.value - first.point, 9);
    expect(Object.keys(first.covered)).toEqual(['50', '80', '90', '95']);
    const other = await bench.accounts.make('client');
    expect((await bench.app.get(path, other)).status).toBe(403);
    expect((await bench.app.get('/api/v1/predictions/999999/outcome', bench.client)).status).toBe(404);
  });

  it('of a symbol whose data have ended, with values that are sent in', async () => {
    await growing.grow(bench.yesterday());
    const id = await bench.predict({ symbol: 'GROWS', prediction_horizon: 2 });
    const { body } = await bench.app.get(`/api/v1/predictions/${id}/outcome`, bench.client);
    const lines = body.targets.map((target: { target_at: string }, at: number) =>
      JSON.stringify({ symbol: 'GROWS', interval: '1d', time: target.target_at, value: 2700.5 + at }),
    );
    const send = (by: { apiKey: string }, text: string) =>
      bench.app.request('POST', '/api/v1/outcomes', {
        ...by,
        body: text,
        headers: { 'Content-Type': 'application/x-ndjson' },
      });
    const early = await send(bench.admin, lines.join('\n'));
    expect(early.status).toBe(422);
    expect(JSON.stringify(early.body)).toContain('has not closed yet');
    bench.clock.jump(6 * DAY_MS);
    expect((await send(bench.client, lines.join('\n'))).status).toBe(403);
    const evaluator = await bench.accounts.make('evaluator');
    expect((await send(evaluator, lines.join('\n'))).body).toMatchObject({ added: 2 });
    await bench.resolve();
    // an evaluator's values count for its own answers only
    expect(await bench.outcomesOf(id)).toEqual([]);
    expect((await send(bench.admin, lines.join('\n'))).body).toEqual({
      received: 2,
      added: 2,
      revised: 0,
      unchanged: 0,
    });
    expect((await send(bench.admin, lines.join('\n'))).body).toMatchObject({ unchanged: 2 });
    bench.clock.jump(DAY_MS);
    await bench.resolve();
    expect(await bench.outcomesOf(id)).toMatchObject([
      { value: 2700.5, source: 'reported_by_administrator', status: 'resolved' },
      { value: 2701.5, source: 'reported_by_administrator', status: 'resolved' },
    ]);
  });

  it('at a cost that does not depend on how many forecasts and outcomes there are', async () => {
    const seen: Statement[] = [];
    record(bench.app, seen);
    const ids = [await bench.predict(), await bench.predict({ symbol: 'GROWS', calibrate: true })];
    expect(seen.some(({ sql }) => /^SELECT.*forecast_calibrations/s.test(sql))).toBe(true);
    bench.clock.jump(12 * DAY_MS);
    await growing.grow('2019-12-31');
    await bench.resolve();
    expect(await bench.app.app.get(CalibrationUpkeep, { strict: false }).purge()).toBe(0);
    await bench.app.app.get(KeepScores, { strict: false }).refresh(bench.clock.now() + 2 * DAY_MS);
    for (const id of ids) expect(await bench.outcomesOf(id)).toHaveLength(5);
    for (const name of [
      'forecast_pins',
      'forecast_outcomes',
      'score_days',
      'score_standings',
      'reported_values',
      'forecast_calibrations',
    ])
      expect([name, seen.some(({ sql }) => sql.includes(name))]).toEqual([name, true]);
    for (const statement of seen.filter(({ sql }) => /^\s*(?:WITH|SELECT|UPDATE|DELETE)/i.test(sql)))
      expect({ sql: statement.sql, faults: await faultsOf(bench.app, statement) }).toEqual({
        sql: statement.sql,
        faults: [],
      });
  });
});
