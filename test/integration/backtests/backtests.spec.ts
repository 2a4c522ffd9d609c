import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { BacktestUpkeep } from '../../../src/backtests/backtest-upkeep.service.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { DAY_MS, OutcomesBench } from '../outcomes/outcomes-bench.js';

const URL = '/api/v1/backtests';
const ASKED = {
  symbol: 'SP500',
  interval: '1d',
  start_date: '2017-01-01',
  end_date: '2018-06-30',
  horizons: [1, 5],
};

describe.each(DATABASE_KINDS)('back-tests over HTTP [%s]', (kind) => {
  let bench: OutcomesBench;
  beforeAll(async () => {
    bench = await OutcomesBench.open(kind, { backtest_forecasts: 400 });
  });
  afterAll(() => bench.close());

  const ended = async (id: string) => {
    let last: Readonly<Record<string, unknown>> = {};
    await eventually(`back-test ${id} ended`, async () => {
      last = (await bench.app.get(`${URL}/${id}`, bench.client)).body;
      return ['completed', 'failed'].includes(String(last['status']));
    });
    return last;
  };

  it('run in the background, are scored beside a random walk, and give every forecast', async () => {
    const taken = await bench.app.post(URL, { ...ASKED, model: 'random_walk_predictor' }, bench.client);
    expect(taken.status).toBe(202);
    expect(taken.body).toMatchObject({ status: 'pending', model: 'random_walk_predictor', symbol: 'SP500' });
    const { id } = taken.body;
    const done = await ended(id);
    expect(done).toMatchObject({
      status: 'completed',
      error: null,
      target_column: 'CLOSE',
      refused: 0,
      checked_for_leaks: 12,
      scores: [{ horizon: null }, { horizon: 1, mase: expect.any(Number) }, { horizon: 5 }],
    });
    // the walk is as good as itself
    expect((done['scores'] as { skill: number }[])[1]?.skill).toBeCloseTo(0, 9);
    expect(done['done']).toBe(done['total']);
    const headers = { 'x-api-key': bench.client.apiKey };
    const file = await fetch(`${bench.app.url}${URL}/${id}/forecasts`, { headers });
    expect(file.headers.get('content-type')).toContain('application/x-ndjson');
    const lines = (await file.text()).trim().split('\n');
    expect(lines).toHaveLength(Number(done['total']));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ baseline: '2017-01-03T00:00:00Z', horizons: [1, 5] });
    expect(lines.map((line) => (JSON.parse(line) as { baseline: string }).baseline)).toEqual(
      lines.map((line) => (JSON.parse(line) as { baseline: string }).baseline).toSorted(),
    );
  });

  it('have a report with pictures that loads nothing', async () => {
    const { body } = await bench.app.post(URL, { ...ASKED, model: 'random_walk_predictor' }, bench.client);
    await ended(String(body.id));
    const headers = { 'x-api-key': bench.client.apiKey };
    const answer = await fetch(`${bench.app.url}${URL}/${body.id}/report`, { headers });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    const page = await answer.text();
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).toContain('SP500: a forecast and what came');
    expect(page.replaceAll(/ xmlns(:\w+)?="[^"]*"/g, '')).not.toMatch(
      /<script|<link|<img|\bsrc=|url\(|https?:/i,
    );
    expect(
      (await bench.app.get(`${URL}/${body.id}/report`, await bench.accounts.make('client'))).status,
    ).toBe(404);
  });

  it('fail with a code where the predictor sees what comes, and beyond the limit', async () => {
    const ask = async (more: object) => {
      const { id } = (await bench.app.post(URL, { ...ASKED, ...more }, bench.client)).body;
      return ended(id);
    };
    expect(await ask({ model: 'noisy_ideal_predictor' })).toMatchObject({
      status: 'failed',
      error: { code: 'looks_ahead', message: expect.stringContaining('noisy_ideal_predictor') },
      scores: [],
    });
    const tooMany = { model: 'random_walk_predictor', start_date: '2010-01-01' };
    expect(await ask(tooMany)).toMatchObject({
      status: 'failed',
      error: { message: expect.stringContaining('at most 400 are allowed') },
    });
  });

  it('are refused for a model that nobody has, and seen by their owner and administrators alone', async () => {
    const unknown = await bench.app.post(URL, { ...ASKED, model: 'random_walk_predictr' }, bench.client);
    expect(unknown.status).toBe(422);
    expect((await bench.app.post(URL, ASKED)).status).toBe(401);
    const [own] = (await bench.app.get(URL, bench.client)).body;
    const stranger = await bench.accounts.make('client');
    expect((await bench.app.get(`${URL}/${own.id}`, stranger)).status).toBe(404);
    expect((await bench.app.get(`${URL}/${own.id}/forecasts`, stranger)).status).toBe(404);
    expect((await bench.app.get(`${URL}/${own.id}`, bench.admin)).status).toBe(200);
    expect((await bench.app.get(URL, stranger)).body).toEqual([]);
  });

  it('go after their days, with their forecasts', async () => {
    bench.clock.jump(31 * DAY_MS);
    expect(await bench.app.app.get(BacktestUpkeep, { strict: false }).purge()).toBeGreaterThan(2);
    expect((await bench.app.get(URL, bench.admin)).body).toEqual([]);
  });
});
