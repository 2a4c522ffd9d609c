import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
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
});
