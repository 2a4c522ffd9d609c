import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Client } from 'pg';
import { MarketplaceUpkeep } from '../../../src/marketplace/marketplace-upkeep.service.js';
import { PayByScore } from '../../../src/marketplace/pay-by-score.service.js';
import { ANSWER, EvaluatorBench, HOUR_MS, MINUTE_MS } from '../evaluator/evaluator-bench.js';

/** Statements between BEGIN and COMMIT that one step of an order may take. */
const MOST = 5;

type Query = (this: object, statement: string | { readonly text: string }, ...rest: unknown[]) => unknown;

/** Notes what every connection of the process sends to PostgreSQL, transaction by transaction. */
class Wire {
  readonly #prototype = Client.prototype as unknown as { query: Query };
  readonly #query = this.#prototype.query;
  readonly #open = new WeakMap<object, string[]>();
  #committed: string[][] = [];

  listen(): void {
    const note = (connection: object, text: string): void => this.#note(connection, text);
    const query = this.#query;
    this.#prototype.query = function (statement, ...rest) {
      note(this, typeof statement === 'string' ? statement : statement.text);
      return Reflect.apply(query, this, [statement, ...rest]);
    };
  }

  stop(): void {
    this.#prototype.query = this.#query;
  }

  /** The statements of each transaction that wrote to this table while `work` ran. */
  async during(table: string, work: () => Promise<unknown>): Promise<string[][]> {
    this.#committed = [];
    await work();
    const writes = new RegExp(`(INSERT INTO|UPDATE) "?${table}\\b`);
    return this.#committed.filter((statements) => statements.some((text) => writes.test(text)));
  }

  #note(connection: object, text: string): void {
    if (/^(START TRANSACTION|BEGIN)/.test(text)) this.#open.set(connection, []);
    else if (text === 'COMMIT') this.#committed.push(this.#open.get(connection) ?? []);
    else this.#open.get(connection)?.push(text);
  }
}

describe('the steps of an order on PostgreSQL, over HTTP, each with an Idempotency-Key', () => {
  const wire = new Wire();
  let bench: EvaluatorBench;
  let evaluator: Awaited<ReturnType<EvaluatorBench['evaluator']>>;
  beforeAll(async () => {
    wire.listen();
    bench = await EvaluatorBench.open('postgres');
    evaluator = await bench.evaluator();
  }, 60_000);
  afterAll(async () => {
    await bench.close();
    wire.stop();
  });

  let keys = 0;
  const post = async (path: string, body: object, { apiKey }: { apiKey: string }) => {
    const headers = { 'Idempotency-Key': `key-${(keys += 1)}` };
    const answer = await bench.app.post(`/api/v1/${path}`, body, { apiKey, headers });
    expect(answer.status).toBe(200);
    return answer;
  };
  const submit = async (terms: object = {}): Promise<string> => {
    const asked = {
      symbol: 'SP500',
      prediction_type: 'short_term',
      datetime_requested: new Date(bench.clock.now() + 48 * HOUR_MS).toISOString(),
      interval: '1d',
      prediction_horizon: 3,
      notification_webhook: 'https://receiver.example/orders',
      ...terms,
    };
    return (await post('client/predict', asked, bench.client)).body.id;
  };
  const claimed = async (terms: object = {}): Promise<string> => {
    const id = await submit(terms);
    await post(`evaluator/claim/${id}`, {}, evaluator);
    return id;
  };
  /** How many statements each of them took. */
  const counts = async (work: () => Promise<unknown>): Promise<number[]> => {
    const transactions = await wire.during('prediction_jobs', work);
    return transactions.map((statements) => statements.length);
  };

  it(`take at most ${MOST} statements`, async () => {
    await claimed(); // whatever is done once a process
    const steps: Record<string, number[]> = {};
    const id = await submit();
    steps['submit'] = await counts(submit);
    expect(steps['submit']).toEqual([3]); // price and locks, what is behind them, all that is written
    steps['claim'] = await counts(() => post(`evaluator/claim/${id}`, {}, evaluator));
    steps['answer'] = await counts(() => post(`evaluator/submit/${id}`, ANSWER, evaluator));
    const [cancelled, released] = [await submit(), await claimed()];
    const path = `/api/v1/client/predictions/${cancelled}`;
    steps['cancel'] = await counts(() => bench.app.request('DELETE', path, { apiKey: bench.client.apiKey }));
    steps['release'] = await counts(() =>
      post(`evaluator/release/${released}`, { reason: 'other' }, evaluator),
    );
    expect(Object.values(steps).map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
    expect(Object.entries(steps).filter(([, [statements = 0]]) => statements > MOST)).toEqual([]);
  });

  it('take at most as many when a provider has a price for the model', async () => {
    const provider = await bench.accounts.make('provider');
    const price = { model_name: 'default_predictor', price_per_request: 3 };
    const set = await bench.app.post('/api/v1/provider/pricing', price, { apiKey: provider.apiKey });
    expect(set.status).toBeLessThan(300);
    const [statements] = await counts(submit);
    expect(statements).toBeLessThanOrEqual(MOST);
  });

  it('take at most as many when a part of its share waits for the score', async () => {
    const provider = await bench.accounts.make('provider');
    const price = { model_name: 'default_predictor', price_per_request: 1, score_share: 0.5 };
    const set = await bench.app.post('/api/v1/provider/pricing', price, { apiKey: provider.apiKey });
    expect(set.status).toBeLessThan(300);
    const mine = { custom_parameters: { provider: provider.id } };
    let id = '';
    const steps: Record<string, number[]> = {};
    steps['submit'] = await counts(async () => (id = await submit(mine)));
    steps['claim'] = await counts(() => post(`evaluator/claim/${id}`, {}, evaluator));
    // about bars that have closed, so that it can be paid at once
    const days = [9, 8, 7].map((ago) => new Date(bench.clock.now() - ago * 24 * HOUR_MS));
    const answer = { ...ANSWER, model_metadata: { future_datetimes: days } };
    steps['answer'] = await counts(() => post(`evaluator/submit/${id}`, answer, evaluator));
    const [cancelled, released] = [await submit(mine), await claimed(mine)];
    const path = `/api/v1/client/predictions/${cancelled}`;
    steps['cancel'] = await counts(() => bench.app.request('DELETE', path, { apiKey: bench.client.apiKey }));
    steps['release'] = await counts(() =>
      post(`evaluator/release/${released}`, { reason: 'other' }, evaluator),
    );
    const held = await bench.app.database.query<{ state: string }>(
      `SELECT state FROM score_holds WHERE prediction_id = '${id}'`,
    );
    expect(held).toEqual([{ state: 'held' }]);
    expect(Object.values(steps).map(({ length }) => length)).toEqual([1, 1, 1, 1, 1]);
    expect(Object.entries(steps).filter(([, [statements = 0]]) => statements > MOST)).toEqual([]);
    // the pay is a step of upkeep, one more: the order's row, locks, what is held, the ledger, a name, all else that is written
    const [pay = []] = await wire.during('prediction_jobs', () =>
      bench.app.app.get(PayByScore, { strict: false }).pay(),
    );
    const isNextLook = (text: string): boolean =>
      text.startsWith('SELECT prediction_id, held_at FROM score_holds');
    expect(pay.filter((text) => !isNextLook(text))).toHaveLength(MOST + 1);
  });

  it('and so do the end of a lease and of an order', async () => {
    await claimed();
    const sweep = () => bench.app.app.get(MarketplaceUpkeep, { strict: false }).sweep();
    bench.clock.jump(60 * MINUTE_MS);
    const leases = await counts(sweep);
    expect(leases.length).toBeGreaterThan(0);
    bench.clock.jump(25 * HOUR_MS);
    const orders = await counts(sweep);
    expect(orders.length).toBeGreaterThan(0);
    expect([...leases, ...orders].filter((statements) => statements > MOST)).toEqual([]);
  });
});
