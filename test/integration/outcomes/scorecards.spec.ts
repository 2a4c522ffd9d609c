import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '#libs/testing';
import { KeepScores } from '../../../src/outcomes/keep-scores.service.js';
import type { Account } from '../../security/accounts.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { DAY_MS, OutcomesBench } from './outcomes-bench.js';

const MODEL = 'random_walk_predictor';
const ISSUES = 33;

describe.each(DATABASE_KINDS)('scorecards of what was forecast on history [%s]', (kind) => {
  let bench: OutcomesBench;
  beforeAll(async () => {
    bench = await OutcomesBench.open(kind, { outcome_seconds: 86_400 });
  });
  afterAll(() => bench.close());

  const scorecard = async (query = '') =>
    (await bench.app.get(`/api/v1/models/${MODEL}/scorecard${query}`, bench.client)).body;

  it('are unrated before anything came true', async () => {
    expect(await scorecard()).toMatchObject({
      model: MODEL,
      rating: 'unrated',
      outcomes: 0,
      skill: null,
      quality: null,
      loss: null,
      pit: { counts: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], chi_square: null, p_value: null },
      days: [],
    });
    expect((await bench.app.get('/api/v1/scoreboard', bench.client)).body).toEqual([]);
    const picture = await bench.app.get(`/api/v1/models/${MODEL}/scorecard/pit.svg`, bench.client);
    expect(picture).toMatchObject({ status: 404, body: { detail: expect.stringContaining('drawn yet') } });
  });

  it('are not made up for a name that nobody has', async () => {
    const answer = await bench.app.get('/api/v1/models/random_walk_predictr/scorecard', bench.client);
    expect(answer.status).toBe(404);
    expect(answer.body).toMatchObject({
      detail: expect.stringContaining('did you mean random_walk_predictor?'),
    });
  });

  it('tell loss, baseline, coverage and skill of what was issued, and nothing of what saw the future', async () => {
    for (let issue = 0; issue < ISSUES; issue += 1) {
      await bench.predict({ prediction_horizon: 5 });
      bench.clock.jump(DAY_MS);
    }
    await bench.predict({ prediction_horizon: 5, predictor_plugin: 'noisy_ideal_predictor' });
    await bench.predict({ prediction_horizon: 5, baseline_datetime: '2015-06-01 00:00:00' });
    bench.clock.jump(10 * DAY_MS);
    await bench.resolve();
    const card = await scorecard();
    expect(card).toMatchObject({
      rating: 'rated',
      outcomes: 5 * ISSUES,
      unresolvable: 0,
      skill_lower: 0,
      quality: 0,
    });
    // the random walk is as good as itself
    expect(card.skill).toBeCloseTo(0, 9);
    expect(card.loss).toBeCloseTo(card.baseline_loss, 9);
    expect(card.mase).toBeGreaterThan(0);
    expect(card.directional_accuracy).toMatchObject({ share: null, count: 0 });
    expect(card.coverage.map(({ level }: { level: number }) => level)).toEqual([0.5, 0.8, 0.9, 0.95]);
    for (const { share, lower, upper, count } of card.coverage) {
      expect(count).toBe(5 * ISSUES);
      expect(lower).toBeLessThanOrEqual(share);
      expect(upper).toBeGreaterThanOrEqual(share);
    }
    expect(card.pit.counts.reduce((sum: number, one: number) => sum + one, 0)).toBe(5 * ISSUES);
    expect(card.effective_count).toBeLessThan(ISSUES + 5);
    const other = await bench.app.get('/api/v1/models/noisy_ideal_predictor/scorecard', bench.client);
    expect(other.body).toMatchObject({ rating: 'unrated', outcomes: 0 });
  });

  it('are drawn, and so is a forecast beside what came', async () => {
    const drawn = async (path: string) => {
      const answer = await fetch(`${bench.app.url}${path}`, {
        headers: { 'x-api-key': bench.client.apiKey ?? '' },
      });
      expect(answer.status).toBe(200);
      return { type: answer.headers.get('content-type'), bytes: Buffer.from(await answer.arrayBuffer()) };
    };
    for (const name of ['calibration', 'pit', 'skill']) {
      const svg = await drawn(`/api/v1/models/${MODEL}/scorecard/${name}.svg`);
      expect(svg.type).toMatch('image/svg+xml');
      expect(svg.bytes.toString()).toContain(`${MODEL}: ${5 * ISSUES} outcomes`);
      const png = await drawn(`/api/v1/models/${MODEL}/scorecard/${name}.png?symbol=SP500`);
      expect([png.type, png.bytes.subarray(1, 4).toString()]).toEqual(['image/png', 'PNG']);
    }
    const fan = await drawn('/api/v1/predictions/1/outcome/svg');
    for (const text of ['SP500, 1d: 5 bars ahead', 'What came', 'value: 2670.71'])
      expect([text, fan.bytes.includes(text)]).toEqual([text, true]);
    expect((await drawn('/api/v1/predictions/1/outcome/png')).bytes.subarray(1, 4).toString()).toBe('PNG');
    const unknown = await bench.app.get(`/api/v1/models/${MODEL}/scorecard/pit.gif`, bench.client);
    expect(unknown.status).toBe(422);
  });

  it('are what a sum over the outcomes gives', async () => {
    const [sums] = await bench.app.database.query<Record<string, number>>(
      `SELECT COUNT(*) AS outcomes, AVG(o.loss) AS loss, AVG(o.baseline_loss) AS baseline
       FROM forecast_outcomes o JOIN forecast_pins p ON p.id = o.pin_id
       WHERE p.standing = 'live' AND o.revision = 0 AND o.horizon = 3`,
    );
    const card = await scorecard('?horizon=3&symbol=SP500&interval=1d');
    expect(card.outcomes).toBe(Number(sums?.['outcomes']));
    expect(card.loss).toBeCloseTo(Number(sums?.['loss']), 9);
    expect(card.baseline_loss).toBeCloseTo(Number(sums?.['baseline']), 9);
    expect(await scorecard('?symbol=EURUSD')).toMatchObject({ outcomes: 0, symbol: 'EURUSD' });
    const week = await scorecard('?start_date=2019-02-04T00:00:00Z&end_date=2019-02-08T00:00:00Z');
    expect(week.days.map(({ day }: { day: string }) => day)).toEqual([
      '2019-02-04',
      '2019-02-05',
      '2019-02-06',
      '2019-02-07',
      '2019-02-08',
    ]);
  });

  it('stand on the scoreboard', async () => {
    const { body } = await bench.app.get('/api/v1/scoreboard?limit=10', bench.client);
    expect(body).toMatchObject([{ model: MODEL, rating: 'rated', outcomes: 5 * ISSUES, quality: 0 }]);
  });

  describe('of evaluators and providers', () => {
    const SOLD = 'sold_model';
    let evaluator: Account;
    let provider: Account;
    const delivered: string[] = [];
    beforeAll(async () => {
      evaluator = await bench.accounts.make('evaluator');
      provider = await bench.accounts.make('provider');
      const price = { model_name: SOLD, price_per_request: 2 };
      expect((await bench.app.post('/api/v1/provider/pricing', price, provider)).status).toBe(201);
    });
    const read = async (path: string, by: { apiKey: string }) => {
      const { status, body } = await bench.app.get(`/api/v1/${path}`, { apiKey: by.apiKey });
      expect([path, status]).toEqual([path, 200]);
      return body;
    };
    const today = () => new Date(bench.clock.now()).toISOString().slice(0, 10);
    /** Those of the days count half after 60 of them. */
    const weightOf = (day: string, now: number) => 2 ** (-(now - Date.parse(day)) / DAY_MS / 60);

    it('are unrated before anything came true', async () => {
      expect(await read('provider/stats', provider)).toEqual({
        rating: 'unrated',
        outcomes: 0,
        effective_count: 0,
        skill: null,
        skill_lower: null,
        quality: null,
        on_time_rate: null,
        reputation: null,
        trend: null,
        updated_at: null,
        deliveries: { completed: 0, failed: 0 },
      });
      expect((await bench.app.get('/api/v1/provider/stats', bench.client)).status).toBe(403);
    });

    it('come from outcomes and from what was delivered in time, and from nothing that anybody says of itself', async () => {
      for (let issue = 0; issue < 5; issue += 1) {
        const id = await bench.order(SOLD);
        expect((await bench.claim(id, evaluator)).status).toBe(200);
        await bench.answer(id, evaluator, issue % 2 === 0 ? 2 : -2);
        delivered.push(today());
        bench.clock.jump(DAY_MS);
      }
      const late = await bench.order(SOLD);
      await bench.claim(late, evaluator);
      bench.clock.jump(DAY_MS + 1);
      await bench.clock.advance(5_000);
      await eventually('the order has failed', async () => {
        const { body } = await bench.app.get(`/api/v1/client/predictions/${late}`, bench.client);
        return body.status === 'failed';
      });
      const failed = today();
      bench.clock.jump(20 * DAY_MS);
      await bench.resolve().then(() => bench.pass(0)); // a job may be at work, too
      const now = bench.clock.now();
      const stats = await read('provider/stats', provider);
      expect(stats).toMatchObject({
        rating: 'provisional',
        outcomes: 50,
        deliveries: { completed: 5, failed: 1 },
        updated_at: new Date(now).toISOString(),
      });
      expect(stats.skill).toBeGreaterThan(0.5);
      const count = stats.effective_count;
      expect(stats.quality).toBeCloseTo((count / (count + 50)) * stats.skill_lower, 12);
      const done = delivered.reduce((sum, day) => sum + weightOf(day, now), 0);
      expect(stats.on_time_rate).toBeCloseTo(done / (done + weightOf(failed, now)), 12);
      expect(stats.reputation).toBeCloseTo(stats.quality * stats.on_time_rate, 12);

      const own = await read('evaluator/stats?period=90d', evaluator);
      expect(own.performance_summary.average_quality_score).toBeCloseTo(stats.quality, 12);
      expect(own.performance_summary.current_reputation).toBeCloseTo(stats.reputation, 12);
      expect(own).toMatchObject({
        performance_summary: { total_completed: 5, total_timed_out: 1, reason: null },
        recent_activity: { last_7_days: { quality_trend: null, reason: 'needs realised outcomes' } },
        rankings: { quality_rank: 1, reason: null },
      });
    });

    it('are read at one look-up, wherever they are shown', async () => {
      const id = await bench.order(SOLD);
      await bench.claim(id, evaluator);
      const order = await read(`client/predictions/${id}`, bench.client);
      const own = await read('evaluator/stats', evaluator);
      expect(order.evaluator_info).toEqual({
        evaluator_id: String(evaluator.id),
        username: evaluator.username,
        reputation_score: own.performance_summary.current_reputation,
        reason: null,
      });
      await bench.answer(id, evaluator, 1);
      const { evaluator_performance: all } = await read('admin/stats', bench.admin);
      expect(all).toMatchObject([
        { average_quality: own.performance_summary.average_quality_score, reason: null },
      ]);
    });

    it('stand beside the price, in quotes and in the list of models', async () => {
      const standing = await read('provider/stats', provider);
      const { body: card } = await bench.app.get(`/api/v1/models/${SOLD}/scorecard`, bench.client);
      const model = {
        rating: 'provisional',
        outcomes: 50,
        skill: card.skill,
        skill_lower: card.skill_lower,
        quality: card.quality,
        scorecard: `/api/v1/models/${SOLD}/scorecard`,
      };
      const { deliveries: _, ...judged } = standing;
      const quote = await bench.app.post('/api/v1/client/quote', bench.asked(SOLD), bench.client);
      expect(quote.body).toMatchObject({ model_standing: model, provider_standing: judged });
      const list = await read('models?limit=200', bench.client);
      const { provider: seller, ...offer } = list.find((one: { model: string }) => one.model === SOLD).offer;
      expect(list.at(-1)).toMatchObject({ ...model, model: SOLD, served: false });
      expect(offer).toEqual({ price_per_request: 2, currency: 'USD', provider_id: provider.id });
      expect(seller).toEqual(judged);
      expect(list.find((one: { model: string }) => one.model === MODEL)).toMatchObject({
        served: true,
        offer: null,
        rating: 'rated',
      });
      const names = list.map((one: { model: string }) => one.model);
      const paged = [];
      for (let offset = 0; offset < names.length; offset += 3)
        paged.push(...(await read(`models?limit=3&offset=${offset}`, bench.client)));
      expect(paged).toEqual(list);
      expect(await read('models?limit=1&offset=1000', bench.client)).toEqual([]);
      const unrated = await bench.app.post(
        '/api/v1/client/quote',
        bench.asked('noisy_ideal_predictor'),
        bench.client,
      );
      expect(unrated.body).toMatchObject({
        model_standing: { rating: 'unrated', quality: null },
        provider_id: 0,
        provider_standing: { rating: 'unrated', reputation: null },
      });
    });

    it('are worth less when they are read later, though nothing was judged in between', async () => {
      const shown = async () => ({
        provider: await read('provider/stats', provider),
        card: await read(`models/${SOLD}/scorecard`, bench.client),
        board: (await read('scoreboard', bench.client)).find((one: { model: string }) => one.model === SOLD),
      });
      const before = await shown();
      bench.clock.jump(30 * DAY_MS);
      const after = await shown();
      const count = before.provider.effective_count * 2 ** (-30 / 60);
      const quality = (count / (count + 50)) * before.provider.skill_lower;
      expect(after.provider.effective_count).toBeCloseTo(count, 9);
      expect(after.provider.quality).toBeCloseTo(quality, 9);
      expect(after.provider.reputation).toBeCloseTo(quality * before.provider.on_time_rate, 9);
      for (const name of ['effective_count', 'quality', 'skill_lower'])
        expect(after.board[name]).toBeCloseTo(after.card[name], 9);
    });

    it('are judged anew every day: who stops forecasting is unrated after a year', async () => {
      bench.clock.jump(400 * DAY_MS);
      await bench.app.app.get(KeepScores, { strict: false }).refresh(bench.clock.now());
      expect(await read('provider/stats', provider)).toMatchObject({
        rating: 'unrated',
        outcomes: 0,
        quality: null,
        reputation: null,
        deliveries: { completed: 0, failed: 0 },
      });
      expect((await bench.app.get('/api/v1/scoreboard', bench.client)).body).toEqual([]);
    });
  });
});
