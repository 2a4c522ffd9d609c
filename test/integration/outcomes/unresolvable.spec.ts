import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { scorePay } from '#libs/scoring';
import { BillingVerifier } from '../../../src/billing/billing.port.js';
import { OrderArchiveRepository } from '../../../src/marketplace/archive/order-archive.repository.js';
import { MarketplaceEvents } from '../../../src/marketplace/marketplace-events.port.js';
import { OrderRepository } from '../../../src/marketplace/order.repository.js';
import { PayByScore } from '../../../src/marketplace/pay-by-score.service.js';
import { answerOf, bodyOf } from '../../harness/answers.js';
import type { Account } from '../../security/accounts.js';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { DAY_MS, GrowingFile, OutcomesBench, type Row } from './outcomes-bench.js';

describe.each(DATABASE_KINDS)('targets without a bar [%s]', (kind) => {
  let growing: GrowingFile;
  let bench: OutcomesBench;
  beforeAll(async () => {
    growing = await GrowingFile.make('2019-01-15');
    bench = await OutcomesBench.open(kind, {
      data_files: { GROWS: growing.path },
      outcome_seconds: 86_400,
      api_key_expire_days: 3_650,
    });
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

  describe('of orders that are paid by score', () => {
    const MODEL = 'random_walk_predictor';
    const PRICE = { model_name: MODEL, price_per_request: 4 };
    let provider: Account;
    let evaluator: Account;
    beforeAll(async () => {
      provider = await bench.accounts.make('provider');
      evaluator = await bench.accounts.make('evaluator');
    });

    const get = <T>(token: abstract new (...parts: never[]) => T): T =>
      bench.app.app.get<T>(token, { strict: false });
    const post = async (path: string, body: object, { apiKey }: { apiKey: string }) => {
      const answer = await bench.app.post(`/api/v1/${path}`, body, { apiKey });
      if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
      return answer.body;
    };
    const readable = ({ status, body, text }: Awaited<ReturnType<typeof bench.app.get>>) => {
      if (status >= 300) throw new Error(text);
      return body;
    };
    const read = async (path: string, { apiKey }: { apiKey: string } = bench.client) =>
      readable(await bench.app.get(`/api/v1/${path}`, { apiKey }));
    const pay = () => get(PayByScore).pay();
    const midnight = (days: number): number => {
      const today = bench.clock.now() - (bench.clock.now() % DAY_MS);
      return today + days * DAY_MS;
    };
    /** Submitted under a share of one half, which the price has no more when it is answered. @param past days before today that the answer is about */
    const answered = async ({
      ahead = 1,
      past = 0,
      webhook = null as string | null,
    } = {}): Promise<string> => {
      await post('provider/pricing', { ...PRICE, score_share: 0.5 }, provider);
      const order = {
        symbol: 'GROWS',
        prediction_type: 'custom',
        predictor_plugin: MODEL,
        datetime_requested: new Date(midnight(ahead)).toISOString(),
        interval: '1d',
        prediction_horizon: 2,
        notification_webhook: webhook,
      };
      expect(await post('client/quote', order, bench.client)).toMatchObject({ score_share: 0.5 });
      const { id } = await post('client/predict', order, bench.client);
      await post('provider/pricing', PRICE, provider);
      await post(`evaluator/claim/${id}`, {}, evaluator);
      const predictions = [2_800, 2_900];
      const uncertainties = [20, 0.5];
      const days = past === 0 ? [] : [midnight(-past), midnight(1 - past)];
      const modelMetadata = past === 0 ? {} : { future_datetimes: days.map((day) => new Date(day)) };
      const answer = { predictions, uncertainties, confidenceIntervals: {}, modelMetadata };
      const body = bodyOf(answerOf(2, answer));
      await post(`evaluator/submit/${id}`, body, evaluator);
      return String(id);
    };
    /** As administrators see it, in both places. */
    const byScore = async () => {
      const summary = (await read('admin/billing/summary', bench.admin)).by_score;
      expect((await read('admin/stats', bench.admin)).financial_metrics.by_score).toEqual(summary);
      return summary;
    };
    const scoreOf = async (id: string) => (await read(`client/predictions/${id}`)).cost_info.score;
    const holdOf = async (id: string): Promise<Row | undefined> =>
      (await bench.app.database.query<Row>(`SELECT * FROM score_holds WHERE prediction_id = '${id}'`))[0];
    const partOf = (row: Row, at: number): number => {
      const forecast = { kind: 'normal', mean: [2_800, 2_900][at] ?? 0, sd: [20, 0.5][at] ?? 0 } as const;
      const [baselineValue, volatility] = [Number(row['baseline_value']), Number(row['volatility'])];
      return scorePay(Number(row['value']), forecast, { baselineValue, volatility }, at + 1).fraction;
    };
    const balance = async () => (await read('billing/balance')).balances[0];
    const rows = (id: string): Promise<Row[]> =>
      bench.app.database.query(`SELECT o.* FROM forecast_outcomes o JOIN forecast_pins p ON p.id = o.pin_id
        WHERE p.source = 'order' AND p.subject_id = '${id}' ORDER BY o.horizon`);
    const verified = async () => {
      const { violations } = await get<BillingVerifier>(BillingVerifier).verify(get(OrderRepository));
      expect(violations).toEqual([]);
    };
    const archivable = () => get(OrderArchiveRepository).endedBefore(new Date(bench.clock.now() + 1), 100);

    it('pay by the pinned rule when the last bar has its outcome, once, whatever fails on the way', async () => {
      await growing.grow(bench.yesterday());
      const id = await answered({ webhook: 'https://receiver.example/orders' });
      const { held, held_micros: micros } = await scoreOf(id);
      expect(await scoreOf(id)).toEqual({
        score_share: 0.5,
        state: 'held',
        held: expect.any(Number),
        earned: null,
        returned: null,
        held_micros: expect.any(Number),
        earned_micros: null,
      });
      const before = await balance();
      expect(before.escrow).toBe(held);
      expect(await byScore()).toMatchObject([{ held_micros: micros, earned_micros: 0, returned_micros: 0 }]);
      expect(await pay()).toEqual({ scored: 0, unresolvable: 0 });
      await growing.grow('2019-12-31');
      bench.clock.jump(12 * DAY_MS);
      await bench.resolve();
      const outcomes = await rows(id);
      expect(outcomes).toMatchObject([{ status: 'resolved' }, { status: 'resolved' }]);
      const parts = outcomes.map(partOf);
      expect(new Set(parts).size).toBe(2);
      // it is killed, so to say, between the pay and its commit
      const stop = get<MarketplaceEvents>(MarketplaceEvents).subscribe(() =>
        Promise.reject(new Error('killed')),
      );
      expect(await pay()).toEqual({ scored: 0, unresolvable: 0 });
      stop();
      expect((await scoreOf(id)).state).toBe('held');
      expect(await archivable()).not.toContain(id);
      await verified();
      bench.clock.jump(3_600_000);
      const turns = await Promise.all([pay(), pay(), pay()]);
      expect(turns.reduce((sum, { scored }) => sum + scored, 0)).toBe(1);
      expect(await pay()).toEqual({ scored: 0, unresolvable: 0 });
      const earned = Math.floor((micros * ((parts[0] ?? NaN) + (parts[1] ?? NaN))) / 2);
      const hold = await holdOf(id);
      expect([Number(hold?.['earned_micros']), Number(hold?.['returned_micros'])]).toEqual([
        earned,
        micros - earned,
      ]);
      expect(hold).toMatchObject({ state: 'scored', reason: null, look_at: null });
      expect(earned).toBeGreaterThan(0);
      expect(earned).toBeLessThan(micros);
      const after = await balance();
      expect(after).toMatchObject({ escrow: 0, available_micros: before.available_micros + micros - earned });
      const earnings = await read('provider/earnings', provider);
      const paid = { held: 0, held_micros: 0, earned_micros: earned, returned_micros: micros - earned };
      expect(earnings.by_score).toMatchObject([{ currency: 'USD', ...paid }]);
      expect((await read('client/spend')).by_score).toEqual(earnings.by_score);
      expect(await byScore()).toEqual(earnings.by_score);
      expect(await archivable()).toContain(id);
      const sent = await bench.app.database.query<Row>(
        `SELECT event_type FROM webhook_deliveries WHERE prediction_id = '${id}' ORDER BY created_at`,
      );
      expect(sent.map((row) => row['event_type'])).toContain('prediction.scored');
      await verified();
    });

    it('return everything where the only outcome is that of the evaluator itself', async () => {
      await growing.grow(bench.yesterday());
      const id = await answered();
      const times = [midnight(1), midnight(2)];
      bench.clock.jump(4 * DAY_MS);
      const reports = times.map((time) => ({
        symbol: 'GROWS',
        interval: '1d',
        time: new Date(time).toISOString(),
        value: 2_800,
      }));
      await post('outcomes', reports, evaluator);
      await bench.resolve();
      expect(await rows(id)).toMatchObject([{ source: 'reported_by_evaluator' }, { status: 'resolved' }]);
      expect(await pay()).toEqual({ scored: 0, unresolvable: 1 });
      expect(await scoreOf(id)).toMatchObject({ state: 'unresolvable', earned: 0 });
      expect(await holdOf(id)).toMatchObject({ reason: 'own_report', fraction: 0 });
      await verified();
    });

    it('return everything of an answer about bars that had closed: a hindcast', async () => {
      await growing.grow(bench.yesterday());
      const id = await answered({ past: 3 });
      expect(await pay()).toEqual({ scored: 0, unresolvable: 1 });
      expect(await holdOf(id)).toMatchObject({ reason: 'hindcast', fraction: 0 });
      expect(await scoreOf(id)).toMatchObject({ state: 'unresolvable', earned: 0 });
      await bench.resolve();
      expect(await rows(id)).toMatchObject([{ status: 'resolved' }, { status: 'resolved' }]);
      expect(await pay()).toEqual({ scored: 0, unresolvable: 0 });
      await verified();
    });

    it('pay the horizons that have an outcome, and return the part of one that is unresolvable', async () => {
      // on a Monday: Tuesday's bar comes, and none after it
      bench.clock.jump(((8 - new Date(bench.clock.now()).getUTCDay()) % 7) * DAY_MS);
      await growing.grow(bench.yesterday());
      const id = await answered();
      const { held_micros: micros } = await scoreOf(id);
      const [first = '', after = ''] = [1, 30].map((days) =>
        new Date(midnight(days)).toISOString().slice(0, 10),
      );
      await growing.grow('2021-12-31', (line) =>
        line.slice(0, 10) > first && line.slice(0, 10) < after ? '' : line,
      );
      bench.clock.jump(45 * DAY_MS);
      await bench.resolve();
      const outcomes = await rows(id);
      expect(outcomes).toMatchObject([
        { status: 'resolved', reason: null },
        { status: 'unresolvable', reason: 'no_bar_within_limit' },
      ]);
      expect(await pay()).toEqual({ scored: 1, unresolvable: 0 });
      const earned = Math.floor(
        (micros * outcomes.slice(0, 1).reduce((sum, row) => sum + partOf(row, 0), 0)) / 2,
      );
      expect(earned).toBeGreaterThan(0);
      const hold = await holdOf(id);
      expect(hold).toMatchObject({ state: 'scored', reason: 'no_bar_within_limit' });
      expect([Number(hold?.['earned_micros']), Number(hold?.['returned_micros'])]).toEqual([
        earned,
        micros - earned,
      ]);
      await verified();
    });

    it('return everything when no bar came in time, and what has not come when it was held too long', async () => {
      await growing.grow(bench.yesterday());
      const silent = await answered();
      const far = await answered({ ahead: 2_000 });
      bench.clock.jump(40 * DAY_MS);
      await bench.resolve();
      expect(await pay()).toEqual({ scored: 0, unresolvable: 1 });
      expect(await scoreOf(silent)).toMatchObject({ state: 'unresolvable', earned: 0 });
      expect(await scoreOf(far)).toMatchObject({ state: 'held' });
      bench.clock.jump(400 * DAY_MS);
      expect(await pay()).toEqual({ scored: 0, unresolvable: 1 });
      const reasons = await bench.app.database.query<Row>(
        `SELECT reason FROM score_holds WHERE prediction_id IN ('${silent}', '${far}') ORDER BY settled_at`,
      );
      expect(reasons.map((row) => row['reason'])).toEqual(['no_data', 'held_too_long']);
      expect(await balance()).toMatchObject({ escrow: 0, held: 0 });
      await verified();
    });
  });
});
