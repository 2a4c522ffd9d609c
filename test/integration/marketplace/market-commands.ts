import { expect } from '@jest/globals';
import * as fc from 'fast-check';
import { KeptFigures } from '#libs/database';
import type { FakeClock, HttpAnswer } from '#libs/testing';
import { BillingVerifier } from '../../../src/billing/billing.port.js';
import { MarketplaceUpkeep } from '../../../src/marketplace/marketplace-upkeep.service.js';
import type { Account } from '../../security/accounts.js';
import { answerOf, bodyOf } from '../../harness/answers.js';
import type { TestApp } from '../../harness/app.js';

const MINUTE_MS = 60_000;
/** Kept replies live for a day; a key is not used again half a day after it was new. */
const KEY_LIFE_MS = 12 * 60 * MINUTE_MS;
const HORIZON = 3;
const ANSWER = bodyOf(answerOf(HORIZON));

/** The product, its clock, and who takes part. */
export interface Market {
  readonly app: TestApp;
  readonly clock: FakeClock;
  readonly clients: readonly Account[];
  readonly evaluators: readonly Account[];
}

/** What must have come of the calls so far. */
export class MarketModel {
  /** Bodies that were sent under a key and taken, with the answer. */
  readonly kept = new Map<string, { readonly priority: number; readonly text: string }>();
  /** Ids of the orders that were taken, each once. */
  readonly orders = new Set<string>();
}

type Call = (model: MarketModel, market: Market) => Promise<void>;

const pick = <T>(list: Iterable<T>, index: number): T | undefined => {
  const all = [...list];
  return all[index % Math.max(1, all.length)];
};
const keyOf = ({ clock }: Market, client: number, index: number): string =>
  `${client}-${index}-${Math.floor(clock.monotonic() / KEY_LIFE_MS)}`;

function refusesNothingUnclear({ status, text }: HttpAnswer, allowed: readonly number[]): void {
  if (!allowed.includes(status)) throw new Error(`unexpected ${status}: ${text}`);
}

/** A submission under a key that may have been used: the same body is answered as it was, another one is refused. */
const submit =
  (who: number, keyIndex: number, priority: number): Call =>
  async (model, market) => {
    const client = who % market.clients.length;
    const key = keyOf(market, client, keyIndex);
    const known = model.kept.get(key);
    const answer = await market.app.post(
      '/api/v1/client/predict',
      {
        symbol: 'SP500',
        prediction_type: 'short_term',
        datetime_requested: '2030-01-07T09:00:00Z',
        interval: '1d',
        prediction_horizon: HORIZON,
        priority,
      },
      { apiKey: market.clients[client]?.apiKey ?? '', headers: { 'Idempotency-Key': key } },
    );
    // 409: another call under this key is at work; 402 and 429 give the key back.
    refusesNothingUnclear(answer, [200, 402, 409, 422, 429]);
    if (known !== undefined) {
      if (known.priority !== priority) expect(answer.status).toBe(422);
      else expect(answer.text).toBe(known.text);
    }
    if (answer.status !== 200) return;
    model.kept.set(key, { priority, text: answer.text });
    model.orders.add(String(answer.body.id));
  };

const cancel =
  (who: number, which: number): Call =>
  async ({ orders }, { app, clients }) => {
    const id = pick(orders, which);
    const apiKey = pick(clients, who)?.apiKey;
    if (id === undefined || apiKey === undefined) return;
    const answer = await app.request('DELETE', `/api/v1/client/predictions/${id}`, { apiKey });
    refusesNothingUnclear(answer, [200, 403, 409]);
  };

const work =
  (what: 'claim' | 'submit' | 'release', who: number, which: number, key: number | null): Call =>
  async ({ orders }, market) => {
    const id = pick(orders, which);
    const evaluator = who % market.evaluators.length;
    if (id === undefined) return;
    const body = { claim: {}, submit: ANSWER, release: { reason: 'other' } }[what];
    const answer = await market.app.post(`/api/v1/evaluator/${what}/${id}`, body, {
      apiKey: market.evaluators[evaluator]?.apiKey ?? '',
      ...(key !== null && {
        headers: { 'Idempotency-Key': `${what}-${id}-${keyOf(market, evaluator, key)}` },
      }),
    });
    refusesNothingUnclear(answer, [200, 403, 404, 408, 409, 410, 429]);
  };

/** Time passes, and the sweep that comes with it: leases run out, old orders end. */
const later =
  (minutes: number): Call =>
  async (_model, { app, clock }) => {
    clock.jump(minutes * MINUTE_MS);
    await app.app.get(MarketplaceUpkeep, { strict: false }).sweep();
  };

/** What the tables say, whatever happened. */
async function holds({ orders }: MarketModel, { app, clients }: Market): Promise<void> {
  const { violations } = await app.app.get<BillingVerifier>(BillingVerifier, { strict: false }).verify();
  expect(violations).toEqual([]);
  const owners = clients.map(({ id }) => id).join(', ');
  const rows = await app.database.query<{ readonly id: string; readonly status: string }>(
    `SELECT id, status FROM prediction_jobs WHERE user_id IN (${owners})`,
  );
  expect(new Set(rows.map(({ id }) => id))).toEqual(orders);
  const completed = rows.filter(({ status }) => status === 'completed').length;
  const [billed] = await app.database.query<{ readonly n: number | string }>(
    `SELECT COUNT(*) AS n FROM billing_records WHERE client_id IN (${owners})`,
  );
  expect(Number(billed?.n)).toBe(completed);
  const figures = await new KeptFigures(app.database.database).ofOwners(
    'orders',
    clients.map(({ id }) => id),
  );
  const waiting = [...figures.values()].flatMap((one) =>
    [...one].filter(([name]) => name.startsWith('priority:')),
  );
  expect(waiting.reduce((sum, [, { events }]) => sum + events, 0)).toBe(
    rows.filter(({ status }) => status === 'pending').length,
  );
}

class Step implements fc.AsyncCommand<MarketModel, Market> {
  constructor(
    private readonly words: string,
    private readonly calls: readonly Call[],
  ) {}

  check(): boolean {
    return true;
  }

  async run(model: MarketModel, market: Market): Promise<void> {
    await Promise.all(this.calls.map((call) => call(model, market)));
    await holds(model, market);
  }

  toString(): string {
    return this.words;
  }
}

const small = fc.nat(5);
const call: fc.Arbitrary<readonly [string, Call]> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .tuple(small, small, fc.constantFrom(5, 9))
      .map(
        ([who, key, priority]) =>
          [`submit(${who}, ${key}, ${priority})`, submit(who, key, priority)] as const,
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(small, small)
      .map(([who, which]) => [`cancel(${who}, ${which})`, cancel(who, which)] as const),
  },
  {
    weight: 6,
    arbitrary: fc
      .tuple(fc.constantFrom('claim', 'claim', 'submit', 'release'), small, small, fc.option(fc.nat(1)))
      .map(
        ([what, who, which, key]) =>
          [`${what}(${who}, ${which}, ${key})`, work(what, who, which, key)] as const,
      ),
  },
);

/** One call, several at the same moment, or time that passes. */
export const marketSteps = [
  call.map(([words, one]) => new Step(words, [one])),
  fc.array(call, { minLength: 2, maxLength: 5 }).map(
    (some) =>
      new Step(
        some.map(([words]) => words).join(' with '),
        some.map(([, one]) => one),
      ),
  ),
  fc.constantFrom(3, 31, 25 * 60).map((minutes) => new Step(`later(${minutes})`, [later(minutes)])),
];
