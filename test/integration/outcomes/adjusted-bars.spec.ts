import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DATABASE_KINDS } from '../../harness/databases.js';
import { type Answer, yahooServer } from '../plugins/yahoo-server.js';
import { DAY_MS, OutcomesBench } from './outcomes-bench.js';
import { closeOf, type Closes, dayOf, HOLIDAY, market, marketConfig } from './resting-market.js';

const yahoo = yahooServer();

describe.each(DATABASE_KINDS)(
  'forecasts are scored on the scale on which they were made, whatever was adjusted since [%s]',
  (kind) => {
    let bench: OutcomesBench;
    beforeAll(async () => {
      bench = await OutcomesBench.open(kind, marketConfig(yahoo.url));
    });
    afterAll(() => bench.close());

    /** On a Monday, in the midst of the session: the bars of Monday, Tuesday and Wednesday are forecast. */
    const predicted = async (bars: Answer = market(), asked: object = {}) => {
      bench.clock.jump(((8 - new Date(bench.clock.now()).getUTCDay()) % 7) * DAY_MS);
      if (dayOf(bench.clock.now()) === HOLIDAY) bench.clock.jump(7 * DAY_MS);
      yahoo.answer(bars);
      const id = await bench.predict({ symbol: 'MSFT', prediction_horizon: 3, ...asked });
      const monday = bench.clock.now();
      return { id, days: [-3, 0, 1, 2].map((days) => dayOf(monday + days * DAY_MS)) };
    };
    const later = async (days: number, answer: Answer): Promise<void> => {
      yahoo.answer(answer);
      bench.clock.jump(days * DAY_MS);
      await bench.pass(60);
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

    describe('volumes, which a split changes the other way round and a dividend not at all', () => {
      /** Shares of a day: some thousands, another number each day. */
      const sharesOf = (day: string): number => 4_000 + ((Date.parse(day) / DAY_MS) % 89) * 16;
      const shares =
        (times: number): Closes =>
        (day) =>
          sharesOf(day) * times;
      const asked = () => predicted(market(undefined, null, shares(1)), { target_column: 'VOLUME' });
      const plain = (days: readonly string[]) =>
        days.slice(1).map((day, at) => [at + 1, sharesOf(day), null, 0]);

      it.each([
        ['a split of four to one', 1 / 4, 4, [1 / 4, 1 / 4]],
        ['one of one to eight', 8, 1 / 8, [8, 8]],
        ['a dividend', 0.97, 1, [null, null]],
        ['a split with a dividend', 0.99 / 4, 4, [1 / 4, 1 / 4]],
      ] as const)('%s', async (_, price, volume, factors) => {
        const { id, days } = await asked();
        const [, monday = '', tuesday = '', wednesday = ''] = days;
        await later(1, market(undefined, null, shares(1)));
        const since: Closes = (_day, value) => value * price;
        await later(9, market(since, null, shares(volume)));
        const all = [
          [1, sharesOf(monday), null, 0],
          [2, sharesOf(tuesday), factors[0], 0],
          [3, sharesOf(wednesday), factors[1], 0],
        ];
        expect(await rows(id)).toEqual(all);
        // nor is anything another value a week later, after the next split
        await later(
          8,
          market((day, value) => since(day, value) / 3, null, shares(volume * 3)),
        );
        expect(await rows(id)).toEqual(all);
      });

      it('what the market corrects is no split', async () => {
        const { id, days } = await asked();
        const corrected: Closes = (day) => (day === days[0] ? sharesOf(day) * 1.3 : sharesOf(day));
        await later(10, market(undefined, null, corrected));
        expect(await rows(id)).toEqual(plain(days));
      });

      it('and nothing is concluded where volumes did something else than prices', async () => {
        const { id } = await asked();
        const odd = market((_, value) => value / 4, null, shares(40));
        await later(10, odd);
        expect(await rows(id)).toEqual([]);
        await later(40, odd);
        const found = (await bench.outcomesOf(id)).map((row) => [row['reason'], row['value']]);
        expect(found).toEqual([1, 2, 3].map(() => ['no_baseline', null]));
      });
    });
  },
);
