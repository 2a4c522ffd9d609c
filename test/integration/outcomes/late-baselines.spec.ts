import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { answerOf, bodyOf } from '../../harness/answers.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import type { Account } from '../../security/accounts.js';
import { type Answer, json, yahooServer } from '../plugins/yahoo-server.js';
import { DAY_MS, OutcomesBench, type Row } from './outcomes-bench.js';
import { closeOf, dayOf, market } from './resting-market.js';

const yahoo = yahooServer();
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const AWAY = json(500, {});
/** Of the last closed bar. */
const BASELINE = ['baseline_at', 'baseline_closed_at', 'baseline_value', 'naive_mae', 'volatility'];

describe.each(DATABASE_KINDS)('the last closed bar of answers by evaluators elsewhere [%s]', (kind) => {
  let bench: OutcomesBench;
  let evaluator: Account;
  beforeAll(async () => {
    bench = await OutcomesBench.open(kind, {
      predictor_plugin: 'random_walk_predictor',
      data_source: 'yfinance',
      yahoo_url: yahoo.url,
      source_retries: 0,
      source_timeout_seconds: 300, // the time of the tests passes faster than a machine may answer
      source_break_after: 1_000,
      outcome_seconds: 60,
    });
    evaluator = await bench.accounts.make('evaluator');
  });
  afterAll(() => bench.close());

  const post = async (path: string, body: object, { apiKey }: { apiKey: string }) => {
    const answer = await bench.app.post(`/api/v1/${path}`, body, { apiKey });
    if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
    return answer.body;
  };
  /** On a Monday, in the midst of the session. */
  const monday = (): void => {
    bench.clock.jump(((8 - new Date(bench.clock.now()).getUTCDay()) % 7) * DAY_MS);
  };
  const ordered = async (symbol: string): Promise<string> => {
    const { id } = await post(
      'client/predict',
      {
        symbol,
        prediction_type: 'short_term',
        datetime_requested: new Date(bench.clock.now() + HOUR_MS).toISOString(),
        interval: '1d',
        prediction_horizon: 3,
        custom_parameters: { model_name: 'random_walk_predictor' },
      },
      bench.client,
    );
    await post(`evaluator/claim/${id}`, {}, evaluator);
    return String(id);
  };
  /** Of the bars of today and the two days after. */
  const answered = async (id: string): Promise<void> => {
    const days = [0, 1, 2].map((ahead) => dayOf(bench.clock.now() + ahead * DAY_MS));
    const body = bodyOf(
      answerOf(3, {
        predictions: days.map(closeOf),
        uncertainties: [1, 1, 1],
        confidenceIntervals: {},
        modelMetadata: { future_datetimes: days.map((day) => `${day}T00:00:00Z`) },
      }),
    );
    await post(`evaluator/submit/${id}`, body, evaluator);
  };
  const pinOf = async (source: string, id: string): Promise<Row> =>
    (await bench.pins()).find((row) => row['source'] === source && row['subject_id'] === id) ?? {};
  const baselineOf = (pin: Row) => BASELINE.map((column) => pin[column]);
  const outcome = async (id: string) =>
    (await bench.app.get(`/api/v1/client/predictions/${id}/outcome`, bench.client)).body;
  /** The turns that come next add jobs for what is to be looked at, and a runner has done them. */
  const pass = async (ms = MINUTE_MS): Promise<void> => {
    bench.clock.jump(ms - MINUTE_MS);
    await bench.clock.advance(MINUTE_MS);
    const now = new Date(bench.clock.now()).toISOString();
    await eventually('what is due was looked at', async () => {
      const [left] = await bench.app.database.query<{ count: number }>(
        `SELECT (SELECT COUNT(*) FROM forecast_pins WHERE due_at <= '${now}' OR baseline_look_at <= '${now}') +
           (SELECT COUNT(*) FROM jobs WHERE kind = 'outcomes' AND finished_at IS NULL) AS count`,
      );
      return Number(left?.count) === 0;
    });
  };
  const lost = async (): Promise<number> => {
    const { text } = await bench.app.get('/metrics', bench.admin);
    return Number(/^job_runs_total\{kind="outcomes",outcome="lost"\} (\d+)$/m.exec(text)?.[1] ?? 0);
  };
  const later = (days: number, answer: Answer): Promise<void> => {
    yahoo.answer(answer);
    return pass(days * DAY_MS);
  };

  it('is that of a forecast made here, though the source was away at the answer: asked later, once, of what had closed then', async () => {
    monday();
    yahoo.answer(market());
    const core = await bench.predict({ symbol: 'MSFT', prediction_horizon: 3 });
    const id = await ordered('MSFT');
    yahoo.answer(AWAY);
    bench.clock.jump(2 * MINUTE_MS); // what was told before is no answer any more
    const asked = yahoo.asked.length;
    await answered(id);
    expect(yahoo.asked.length).toBe(asked);
    await pass();
    expect(yahoo.asked.length).toBeGreaterThan(asked);
    expect(baselineOf(await pinOf('order', id))).toEqual(BASELINE.map(() => null));
    expect(await outcome(id)).toMatchObject({ baseline_value: null, baseline_reason: null });
    yahoo.answer(market());
    await pass(5 * MINUTE_MS);
    const pinned = await pinOf('order', id);
    expect(baselineOf(pinned)).toEqual(baselineOf(await pinOf('prediction', String(core))));
    expect(pinned).toMatchObject({ baseline_value: closeOf('2019-01-18'), baseline_look_at: null });
    expect(Date.parse(String(pinned['baseline_taken_at']))).toBeGreaterThan(
      Date.parse(String(pinned['issued_at'])),
    );
    for (const change of ['baseline_value = 1', 'volatility = NULL', `baseline_look_at = '2019'`])
      await expect(
        bench.app.database.run(
          async ({ manager }) =>
            void (await manager.query(`UPDATE forecast_pins SET ${change} WHERE subject_id = '${id}'`)),
        ),
      ).rejects.toThrow('append-only');

    // a split of two to one before the outcomes, and a dividend before they are looked at again
    const halves = market((_, value) => value / 2);
    await later(10, halves);
    const mine = await outcome(id);
    const { body: theirs } = await bench.app.get(`/api/v1/predictions/${core}/outcome`, bench.client);
    expect(mine.targets.map((one: Row) => one['rescaled_by'])).toEqual([2, 2, 2]);
    for (const field of ['value', 'rescaled_by', 'baseline_loss', 'bar_at'])
      expect(mine.targets.map((one: Row) => one[field])).toEqual(
        theirs.targets.map((one: Row) => one[field]),
      );
    await later(
      8,
      market(
        (_, value) => value / 2,
        (_, value) => value * 0.99,
      ),
    );
    expect((await outcome(id)).targets.flatMap((one: { revisions: Row[] }) => one.revisions)).toEqual([]);
    expect(baselineOf(await pinOf('order', id))).toEqual(baselineOf(pinned));
  });

  it('is none, and said so, where prices that are adjusted were told too late, or never', async () => {
    monday();
    yahoo.answer(market());
    const late = await ordered('MSFT');
    yahoo.answer(AWAY);
    await answered(late);
    await pass(2 * HOUR_MS);
    expect(await outcome(late)).toMatchObject({ baseline_value: null, baseline_reason: null });
    yahoo.answer(market((_, value) => value / 2));
    await pass(2 * HOUR_MS);
    expect(await outcome(late)).toMatchObject({
      baseline_value: null,
      baseline_taken_at: null,
      baseline_reason: 'too_late',
    });
    yahoo.answer(json(404, { chart: { result: null, error: { code: 'Not Found', description: 'none' } } }));
    const foreign = await ordered('OWNFEED');
    await answered(foreign);
    await pass();
    expect(await outcome(foreign)).toMatchObject({ baseline_value: null, baseline_reason: 'no_data' });
    expect(bench.app.logLines.map(({ msg }) => msg)).toContain(
      `no last closed bar of MSFT for the forecast of order ${late}: too_late; it is not scored against a random walk`,
    );
    await later(
      40,
      market((_, value) => value / 2),
    );
    for (const id of [late, foreign])
      expect((await outcome(id)).targets).toMatchObject(
        [1, 2, 3].map(() => ({ status: 'unresolvable', reason: 'no_baseline', value: null, loss: null })),
      );
  });

  it('nor an outcome are written by a process whose job another one has taken', async () => {
    monday();
    yahoo.answer(market());
    const id = await bench.predict({ symbol: 'MSFT', prediction_horizon: 1 });
    bench.clock.jump(4 * DAY_MS);
    const before = await lost();
    let release = (): void => undefined;
    yahoo.answer((asked, response) => {
      release = () => market()(asked, response);
    }, market());
    // the clock stands as soon as the job has begun: a heartbeat under way would tell before the fence does
    await bench.clock.advance(0);
    await eventually('the job waits for bars', () => yahoo.asked.length === 1);
    // as the claim of another process writes it, which has not got to the forecast yet: neither its row nor an index tells
    await bench.app.database.run(
      async ({ manager }) =>
        void (await manager.query(
          `UPDATE jobs SET lease_epoch = lease_epoch + 1, lease_holder = 'another'
           WHERE kind = 'outcomes' AND status = 'running'`,
        )),
    );
    release();
    // a jump of the clock may have lost others before
    await eventually('it has noticed', async () => (await lost()) > before);
    expect(await bench.outcomesOf(id)).toEqual([]);
    // the other one is gone as well
    await pass(HOUR_MS);
    expect(await bench.outcomesOf(id)).toMatchObject([{ status: 'resolved', revision: 0 }]);
  });
});
