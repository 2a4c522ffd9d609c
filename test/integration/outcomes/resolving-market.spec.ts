import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, FakeClock } from '#libs/testing';
import { startTestApp } from '../../harness/app.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { type Answer, json, yahooServer } from '../plugins/yahoo-server.js';
import { DAY_MS, OutcomesBench } from './outcomes-bench.js';
import { closeOf, type Closes, dayOf, HOLIDAY, market } from './resting-market.js';

const yahoo = yahooServer();
const MINUTE_MS = 60_000;

describe.each(DATABASE_KINDS)('forecasts on bars of the market are resolved by a job [%s]', (kind) => {
  let bench: OutcomesBench;
  const config = () => ({
    predictor_plugin: 'random_walk_predictor',
    data_source: 'yfinance',
    yahoo_url: yahoo.url,
    source_retries: 0,
    job_concurrency: 1, // so that a process that waits for bars does not take up its own job when its lease is over
    source_break_after: 1_000,
    outcome_seconds: 60,
  });
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

  describe('on the scale on which they were made, whatever was adjusted since', () => {
    /** On a Monday, in the midst of the session: the bars of Monday, Tuesday and Wednesday are forecast. */
    const predicted = async () => {
      bench.clock.jump(((8 - new Date(bench.clock.now()).getUTCDay()) % 7) * DAY_MS);
      yahoo.answer(market());
      const id = await bench.predict({ symbol: 'MSFT', prediction_horizon: 3 });
      const monday = bench.clock.now();
      return { id, days: [-3, 0, 1, 2].map((days) => dayOf(monday + days * DAY_MS)) };
    };
    const later = async (days: number, answer: Answer): Promise<void> => {
      yahoo.answer(answer);
      bench.clock.jump(days * DAY_MS);
      await pass();
    };
    const rows = async (id: number) =>
      (await bench.outcomesOf(id)).map((row) => [
        row['horizon'],
        row['value'],
        row['rescaled_by'],
        row['revision'],
      ]);
    const outcome = async (id: number) =>
      (await bench.app.get(`/api/v1/predictions/${id}/outcome`, bench.client)).body;

    it('a split of two to one halves what is told of every day, and changes no outcome and no score', async () => {
      const { id, days } = await predicted();
      const [, monday = '', tuesday = '', wednesday = ''] = days;
      await later(1, market());
      expect(await rows(id)).toEqual([[1, closeOf(monday), null, 0]]);
      await later(
        9,
        market((_, value) => value / 2),
      );
      const all = [
        [1, closeOf(monday), null, 0],
        [2, closeOf(tuesday), 2, 0],
        [3, closeOf(wednesday), 2, 0],
      ];
      expect(await rows(id)).toEqual(all);
      const { targets } = await outcome(id);
      for (const { value, point, error, loss, baseline_loss: baseline } of targets) {
        expect(error).toBe(value - point);
        // it is the random walk, but for its volatility
        expect(loss / baseline).toBeCloseTo(1, 1);
      }
      expect(targets.map((one: Record<string, unknown>) => one['rescaled_by'])).toEqual([null, 2, 2]);
      // the look a week later comes after a dividend, too
      await later(
        8,
        market(
          (_, value) => value / 2,
          (_, value) => value * 0.99,
        ),
      );
      expect(await rows(id)).toEqual(all);
    });

    it('a dividend counts as a part of what came, as in the bars that the forecast was made from', async () => {
      const { id, days } = await predicted();
      const [, monday = '', tuesday = '', wednesday = ''] = days;
      const paid = market(undefined, (day, value) => (day < tuesday ? value * 0.995 : value));
      await later(10, paid);
      const found = await outcome(id);
      const values = [closeOf(monday), closeOf(tuesday) / 0.995, closeOf(wednesday) / 0.995];
      for (const [at, value] of values.entries()) {
        expect(found.targets[at].value).toBeCloseTo(value, 9);
        expect(found.targets[at].rescaled_by).toBeCloseTo(1 / 0.995, 9);
      }
      // after the next dividend nothing is another value but what the market corrected
      const corrected: Closes = (day, value) => (day === wednesday ? value + 0.25 : value);
      await later(
        8,
        market(corrected, (day, value) => (day < tuesday ? value * 0.995 : value) * 0.9),
      );
      const { targets } = await outcome(id);
      expect(targets.map(({ revisions }: { revisions: unknown[] }) => revisions.length)).toEqual([0, 0, 1]);
      expect(targets[2].revisions[0].value).toBeCloseTo((closeOf(wednesday) + 0.25) / 0.995, 9);
      expect(targets[2].revisions[0].rescaled_by).toBeCloseTo(1 / (0.995 * 0.9), 9);
    });

    it('the last digits of a price are no adjustment and no revision', async () => {
      const { id, days } = await predicted();
      await later(
        10,
        market((day, value) => (day === days[0] ? value * (1 + 1e-6) : value)),
      );
      const plain = days.slice(1).map((day, at) => [at + 1, closeOf(day), null, 0]);
      expect(await rows(id)).toEqual(plain);
      await later(
        8,
        market((_, value) => value * (1 - 1e-6)),
      );
      expect(await rows(id)).toEqual(plain);
    });

    it('and while the bar that tells the scale is missing nothing is concluded, until it is too late', async () => {
      const { id, days } = await predicted();
      const [friday] = days;
      const without = market((day, value) => (day === friday ? NaN : value / 2));
      await later(10, without);
      expect(await rows(id)).toEqual([]);
      await later(40, without);
      const found = async () =>
        (await bench.outcomesOf(id)).map((row) => [row['reason'], row['value'], row['revision']]);
      expect(await found()).toEqual([1, 2, 3].map(() => ['no_baseline', null, 0]));
      await later(8, market());
      const values = days.slice(1).map(closeOf);
      expect(await found()).toEqual(
        values.flatMap((value) => [
          ['no_baseline', null, 0],
          [null, value, 1],
        ]),
      );
    });
  });
});
