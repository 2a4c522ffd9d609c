import { newUuid } from '#libs/kernel';
import { expect } from '@jest/globals';
import * as fc from 'fast-check';
import type { PriceTerms } from '../../../src/billing/billing.port.js';
import { asked, type BillingBench, USD } from './billing-bench.js';
import type { LedgerModel, ModelOrder } from './ledger-model.js';

/** Users of one run, so that runs on the same database do not meet. */
export interface Cast {
  readonly clients: readonly number[];
  readonly evaluators: readonly number[];
  readonly providers: readonly number[];
}

export interface Stage {
  readonly bench: BillingBench;
  readonly cast: Cast;
}

type Command = fc.AsyncCommand<LedgerModel, Stage>;
type Act = (model: LedgerModel, stage: Stage) => Promise<void>;

/** A step; after each one the ledger says what the model says, and proves itself. */
const step = (name: string, act: Act): Command => ({
  check: () => true,
  toString: () => name,
  run: async (model, stage) => {
    await act(model, stage);
    await expect(model.actual(stage.bench)).resolves.toEqual(model.expected());
    await expect(stage.bench.verify()).resolves.toEqual([]);
  },
});

const pick = <T>(all: readonly T[], index: number): T | undefined => all[index % Math.max(all.length, 1)];

const index = fc.nat(1_000);
const MODELS = ['alpha', 'beta_ensemble', 'gamma'];
const DAY = 86_400_000;

/** Models of one run: providers of other runs have prices for theirs only. */
const modelOf = ({ providers }: Cast, name: string): string => `${name}-${providers[0]}`;

interface Submission extends Partial<PriceTerms> {
  readonly modelName: string;
}

async function submit(model: LedgerModel, { bench, cast }: Stage, who: number, terms: Submission) {
  const client = pick(cast.clients, who) ?? 0;
  const quote = await bench.quoting.quote(asked({ ...terms, modelName: modelOf(cast, terms.modelName) }));
  const order: ModelOrder = { id: newUuid(), client, total: quote.total, state: 'held', taken: new Map() };
  const affordable = quote.total <= model.spendable(client);
  const attempt = bench.hold(client, quote, order.id);
  if (!affordable) return expect(attempt).rejects.toMatchObject({ code: 'insufficient_credits' });
  await attempt;
  model.reserve(order, quote.total);
  model.orders.push(order);
  await expect(bench.hold(client, quote, order.id)).rejects.toMatchObject({ code: 'already_held' });
}

const submits = fc
  .record({
    who: index,
    modelName: fc.constantFrom(...MODELS),
    predictionType: fc.constantFrom('short_term', 'long_term', 'custom'),
    horizon: fc.integer({ min: 1, max: 24 }),
    priority: fc.integer({ min: 1, max: 10 }),
  })
  .map(({ who, ...terms }) =>
    step(`submit ${who} ${JSON.stringify(terms)}`, (model, stage) => submit(model, stage, who, terms)),
  );

const requotes = fc.tuple(index, fc.integer({ min: 1, max: 10 })).map(([which, priority]) =>
  step(`requote ${which} at ${priority}`, async (model, { bench }) => {
    const order = pick(model.orders, which);
    if (order === undefined) return;
    const terms = asked({ priority });
    const quote = await bench.quoting.requote(order.id, terms);
    const more = quote.total - order.total;
    const attempt = bench.run((tx) => bench.billing.adjust(tx, order.id, quote));
    if (order.state !== 'held') return expect(attempt).rejects.toMatchObject({ code: 'already_settled' });
    if (more > 0 && more > model.spendable(order.client))
      return expect(attempt).rejects.toMatchObject({ code: 'insufficient_credits' });
    await attempt;
    model.reserve(order, more);
    order.total = quote.total;
  }),
);

const captures = fc
  .tuple(index, index, fc.integer({ min: -1, max: 2_000_000 }))
  .map(([which, who, workedMs]) =>
    step(`capture ${which} by ${who} after ${workedMs}`, async (model, { bench, cast }) => {
      const order = pick(model.orders, which);
      const evaluator = pick([...cast.evaluators, 0], who) ?? 0;
      if (order === undefined) return;
      const attempt = bench.complete(order.id, evaluator, workedMs);
      if (order.state !== 'held') return expect(attempt).rejects.toMatchObject({ code: 'already_settled' });
      const { bonus, evaluator: share, provider, platform, staked } = await attempt;
      expect(share + bonus + provider + platform + staked).toBe(order.total);
      const providerId = (await bench.quotes.holdOf(order.id))?.quote.providerId ?? -1;
      const users = [[evaluator, share + bonus] as const, [providerId, provider] as const];
      model.capture(
        order,
        users.filter(([owner]) => owner > 0),
      );
      model.stake(order, providerId, staked);
    }),
  );

const voids = index.map((which) =>
  step(`void ${which}`, async (model, { bench }) => {
    const order = pick(model.orders, which);
    if (order === undefined) return;
    const attempt = bench.cancel(order.id);
    if (order.state !== 'held') return expect(attempt).rejects.toMatchObject({ code: 'already_settled' });
    await expect(attempt).resolves.toBe(order.total);
    model.void(order);
  }),
);

const grants = fc
  .record({ who: index, amount: fc.integer({ min: 1, max: 30 * USD }), days: fc.option(fc.nat(20)) })
  .map(({ who, amount, days }) =>
    step(`grant ${amount} to ${who} for ${days} days`, async (model, { bench, cast }) => {
      const client = pick(cast.clients, who) ?? 0;
      const expiresAt = days === null ? null : bench.clock.now() + (days + 1) * DAY;
      await bench.grant(client, amount, {
        type: days === null ? 'purchased' : 'bonus',
        expiresAt: expiresAt === null ? null : new Date(expiresAt),
      });
      model.grant(client, amount, expiresAt);
    }),
  );

const payouts = fc
  .tuple(index, fc.integer({ min: 1, max: 5 * USD }), fc.boolean())
  .map(([who, amount, out]) =>
    step(`${out ? 'pay out' : 'convert'} ${amount} of ${who}`, async (model, { bench, cast }) => {
      const userId = pick(cast.evaluators, who) ?? 0;
      const move = { userId, amount, currency: 'USD', description: null, paymentReference: null, paidBy: 1 };
      const attempt = out
        ? bench.run((tx) => bench.grants.payOut(tx, move))
        : bench.grant(userId, amount, { type: 'earned' });
      if (amount > (model.earned.get(userId) ?? 0))
        return expect(attempt).rejects.toMatchObject({ code: 'not_earned' });
      await attempt;
      model.earn(userId, -amount);
      if (!out) model.grant(userId, amount, null);
    }),
  );

const prices = fc
  .tuple(
    index,
    fc.constantFrom(...MODELS),
    fc.integer({ min: 0, max: 20 * USD }),
    fc.option(fc.integer({ min: 1, max: 1_000_000 })),
  )
  .map(([who, modelName, priceMicros, scoreShare]) =>
    step(`price ${modelName} ${priceMicros} (${scoreShare}) by ${who}`, async (_model, { bench, cast }) => {
      const providerId = pick(cast.providers, who) ?? 0;
      const offer = { modelName: modelOf(cast, modelName), priceMicros, scoreShare, currency: 'USD' };
      const price = { providerId, ...offer };
      await bench.prices.switchTo(price);
    }),
  );

const days = fc.integer({ min: 1, max: 12 }).map((count) =>
  step(`${count} days later`, async (model, { bench }) => {
    bench.clock.jump(count * DAY);
    await bench.expiry.expireAll();
    for (const id of model.clients.keys()) model.expire(id);
  }),
);

/** Many at once for one client: exactly as many are held as the credits allow, whoever comes first. */
const crowds = fc.tuple(index, fc.integer({ min: 2, max: 6 })).map(([who, size]) =>
  step(`${size} at once by ${who}`, async (model, { bench, cast }) => {
    const client = pick(cast.clients, who) ?? 0;
    if (model.client(client).credits.some(({ open }) => open)) return;
    const quote = await bench.quoting.quote(asked({ predictionType: 'custom' }));
    const ids = Array.from({ length: size }, newUuid);
    const spendable = model.spendable(client);
    const outcomes = await Promise.allSettled(ids.map((id) => bench.hold(client, quote, id)));
    const held = ids.filter((_, at) => outcomes[at]?.status === 'fulfilled');
    expect(held).toHaveLength(Math.max(0, Math.min(size, Math.floor(spendable / quote.total))));
    for (const id of held) {
      const order: ModelOrder = { id, client, total: quote.total, state: 'held', taken: new Map() };
      model.reserve(order, quote.total);
      model.orders.push(order);
    }
  }),
);

/** Everybody wants to settle the same order: one does. */
const races = fc.tuple(index, index).map(([which, who]) =>
  step(`race for ${which}`, async (model, { bench, cast }) => {
    const order = pick(
      model.orders.filter(({ state }) => state === 'held'),
      which,
    );
    const evaluator = pick(cast.evaluators, who) ?? 0;
    if (order === undefined) return;
    const outcomes = await Promise.allSettled([
      bench.complete(order.id, evaluator),
      bench.cancel(order.id),
      bench.complete(order.id, evaluator),
      bench.cancel(order.id),
    ]);
    const won = outcomes.filter((one) => one.status === 'fulfilled');
    expect(won).toHaveLength(1);
    const settlement = await bench.settlementOf(order.id);
    if (settlement === null) return model.void(order);
    const providerId = (await bench.quotes.holdOf(order.id))?.quote.providerId ?? -1;
    model.capture(order, [[evaluator, settlement.evaluator + settlement.bonus]]);
    if (providerId > 0) model.earn(providerId, settlement.provider);
    model.stake(order, providerId, settlement.staked);
  }),
);

/** A score comes, several times at once: one pays, and only what is held. */
const scores = fc
  .tuple(index, fc.oneof(fc.constantFrom(0, 0.5, 1), fc.double({ min: 0, max: 1, noNaN: true })))
  .map(([which, fraction]) =>
    step(`score ${which} with ${fraction}`, async (model, { bench }) => {
      const staked = model.orders.filter((one) => one.staked != null);
      const order = pick(staked.length > 0 ? staked : model.orders, which);
      if (order === undefined) return;
      const attempts = await Promise.all([1, 2, 3].map(() => bench.score(order.id, fraction)));
      const paid = attempts.filter((one) => one !== null);
      expect(paid).toHaveLength(order.staked == null ? 0 : 1);
      for (const { earned, returned, held } of paid) {
        expect([earned + returned, held]).toEqual([held, order.staked?.amount]);
        expect(Math.abs(earned - fraction * held)).toBeLessThan(1);
        model.score(order, earned);
      }
    }),
  );

/** All that can happen to money, in any order. */
export const steps = [
  submits,
  submits,
  requotes,
  captures,
  scores,
  voids,
  grants,
  payouts,
  prices,
  days,
  crowds,
  races,
];
