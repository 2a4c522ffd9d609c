import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, FakeClock } from '#libs/testing';
import { startTestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { json, yahooServer } from '../plugins/yahoo-server.js';
import { DAY_MS, OutcomesBench } from './outcomes-bench.js';
import { closeOf, dayOf, HOLIDAY, market, marketConfig } from './resting-market.js';

const yahoo = yahooServer();
const MINUTE_MS = 60_000;

describe.each(DATABASE_KINDS)('forecasts on bars of the market are resolved by a job [%s]', (kind) => {
  let bench: OutcomesBench;
  const config = () => marketConfig(yahoo.url);
  beforeAll(async () => {
    bench = await OutcomesBench.open(kind, config());
  });
  afterAll(() => bench.close());

  const pass = () => bench.pass(60);
  const told = async (id: number) =>
    (await bench.outcomesOf(id)).map((row) => [row['horizon'], row['bar_at'], row['value'], row['revision']]);
  const midnight = (day: string) => `${day}T00:00:00.000Z`;

  it('when the bar has closed, never with the one that is still running, and after a holiday with the next', async () => {
    yahoo.answer(market());
    const id = await bench.predict({ symbol: 'MSFT', prediction_horizon: 4 });
    // Thursday, in the midst of the session: Wednesday's bar has closed, Thursday's has a price already
    bench.clock.jump(DAY_MS + 5 * 60 * MINUTE_MS);
    await pass();
    expect(await told(id)).toEqual([[1, midnight('2019-01-16'), closeOf('2019-01-16'), 0]]);
    bench.clock.jump(6 * DAY_MS);
    await pass();
    expect(await told(id)).toEqual([
      [1, midnight('2019-01-16'), closeOf('2019-01-16'), 0],
      [2, midnight('2019-01-17'), closeOf('2019-01-17'), 0],
      [3, midnight('2019-01-18'), closeOf('2019-01-18'), 0],
      [4, midnight('2019-01-22'), closeOf('2019-01-22'), 0],
    ]);
    const { body } = await bench.app.get(`/api/v1/predictions/${id}/outcome`, bench.client);
    expect(body.targets[3]).toMatchObject({
      target_at: midnight(HOLIDAY),
      status: 'resolved',
      loss_kind: 'crps_norm',
    });
    expect(body.targets[3].data_sha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('once: what the market says otherwise a week later is a second row, and is reported', async () => {
    yahoo.answer(market((day, value) => (day === '2019-01-17' ? value + 0.25 : value)));
    const [pinned] = (await bench.pins()).map((row) => Number(row['subject_id']));
    const id = pinned ?? 0;
    bench.clock.jump(8 * DAY_MS);
    await pass();
    expect((await told(id)).filter(([, , , revision]) => revision === 1)).toEqual([
      [2, midnight('2019-01-17'), closeOf('2019-01-17') + 0.25, 1],
    ]);
    const { body } = await bench.app.get(`/api/v1/predictions/${id}/outcome`, bench.client);
    expect(body.targets[1]).toMatchObject({
      value: closeOf('2019-01-17'),
      revisions: [{ value: closeOf('2019-01-17') + 0.25 }],
    });
    const lines = bench.app.logLines.map(({ msg }) => msg);
    expect(lines).toContain('the source of 1 outcomes says something else now; their second row has it');
  });

  it.each([
    ['that fails', json(500, {})],
    ['that asks for patience', json(429, 'Too Many Requests')],
  ] as const)(
    'later, when they were due while the market was away: a source %s makes nothing unresolvable',
    async (_, away) => {
      yahoo.answer(market());
      const id = await bench.predict({ symbol: 'MSFT', prediction_horizon: 2 });
      const first = dayOf(Date.parse(String((await bench.pins()).at(-1)?.['baseline_at'])));
      yahoo.answer(away);
      for (const days of [4, 40, 40]) {
        bench.clock.jump(days * DAY_MS);
        await pass();
        expect(await told(id)).toEqual([]);
      }
      expect(bench.app.logLines.map(({ msg }) => msg)).toContainEqual(
        expect.stringContaining('no bars of MSFT to resolve forecasts with'),
      );
      yahoo.answer(market());
      bench.clock.jump(DAY_MS);
      await pass();
      const rows = await bench.outcomesOf(id);
      expect(rows.map((row) => [row['horizon'], row['status']])).toEqual([
        [1, 'resolved'],
        [2, 'resolved'],
      ]);
      for (const row of rows) {
        const day = String(row['bar_at']).slice(0, 10);
        expect(day > first).toBe(true);
        expect(row['value']).toBe(closeOf(day));
      }
    },
  );

  // a SQLite file is served by one process
  if (kind === 'postgres')
    it('by one process at a time: another takes over when its lease is over, and what the first then writes counts for nothing', async () => {
      yahoo.answer(market());
      const ids = [
        await bench.predict({ symbol: 'MSFT', prediction_horizon: 3 }),
        await bench.predict({ symbol: 'MSFT', prediction_horizon: 3 }),
      ];
      bench.clock.jump(10 * DAY_MS);
      let release = (): void => undefined;
      yahoo.answer((asked, response) => {
        release = () => market()(asked, response);
      }, market());
      const job = async () =>
        (
          await bench.app.database.query<{ status: string; lease_epoch: number }>(
            `SELECT status, lease_epoch FROM jobs WHERE kind = 'outcomes' ORDER BY created_at DESC LIMIT 1`,
          )
        ).map((row) => [row.status, Number(row.lease_epoch)])[0];
      await bench.clock.advance(MINUTE_MS);
      await eventually('the first waits for bars', () => yahoo.asked.length === 1);
      expect(await job()).toEqual(['running', 1]);
      const clock = new FakeClock(bench.clock.now());
      const other = await startTestApp({ beside: bench.app, clock, config: config() });
      try {
        // Its clock stands still while it works: one that runs faster than the machine ends leases and calls too early.
        await eventually('the second has resolved them', async () => {
          if ((await Promise.all(ids.map(told))).every((rows) => rows.length === 3)) return true;
          const [status, epoch] = (await job()) ?? [];
          if (status !== 'running' || epoch === 1) await clock.advance(1_000);
          return false;
        });
        const counted = () =>
          bench.app.database.query(
            `SELECT day, outcomes, loss FROM score_days WHERE horizon = 0 AND subject LIKE 'model:%' ORDER BY day`,
          );
        const before = await counted();
        const metrics = async () => (await bench.app.get('/metrics', bench.admin)).text;
        release();
        await eventually('the first has noticed', () =>
          metrics().then((text) => text.includes('job_runs_total{kind="outcomes",outcome="lost"} 1')),
        );
        for (const id of ids) expect(await told(id)).toHaveLength(3);
        expect(await counted()).toEqual(before);
      } finally {
        await other.server.stop();
      }
    });
});
