import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { eventually, type HttpAnswer, HttpClient } from '#libs/testing';
import { ADMIN_KEY } from '../harness/app.js';
import type { TestCluster } from '../harness/cluster.js';
import { ANSWER } from '../integration/evaluator/evaluator-bench.js';
import { Receiver } from '../integration/webhooks/receiver.js';
import { Accounts } from '../security/accounts.js';

const DAY_MS = 86_400_000;
/** Unfinished orders that the tier `basic` may have (`marketplace_limit_basic`). */
const MOST_OPEN = 5;
/** The moment that every order is about: a repeated request is the same to the letter. */
const LATER = new Date(Date.now() + 2 * DAY_MS).toISOString();
const admin = { apiKey: ADMIN_KEY };

/** Settings without which {@link agreeAcrossProcesses} cannot be played. */
export const ACROSS_SETTINGS = { webhook_allowed_networks: ['127.0.0.1'] };

/** Declares what two processes of the API and two workers know of each other at once. */
export function agreeAcrossProcesses(cluster: () => TestCluster): void {
  let one: HttpClient;
  let other: HttpClient;
  let accounts: Accounts;
  let there: Receiver;
  beforeAll(async () => {
    one = new HttpClient(cluster().url);
    other = new HttpClient(cluster().apis[0]?.url ?? '');
    accounts = new Accounts(cluster());
    there = await Receiver.listen();
  });
  afterAll(() => there.close());

  /** Asks at once, at one process after the other. */
  const atOnce = (count: number, ask: (at: HttpClient, nth: number) => Promise<HttpAnswer>) =>
    Promise.all(Array.from({ length: count }, (_, nth) => ask(nth % 2 === 0 ? one : other, nth)));
  const counted = (answers: readonly HttpAnswer[], status: number): number =>
    answers.filter((answer) => answer.status === status).length;
  const terms = (more: object = {}): object => ({
    symbol: 'SP500',
    prediction_type: 'short_term',
    datetime_requested: LATER,
    interval: '1d',
    prediction_horizon: 3,
    ...more,
  });
  const order = (at: HttpClient, apiKey: string, more: object = {}, headers = {}): Promise<HttpAnswer> =>
    at.post('/api/v1/client/predict', terms(more), { apiKey, headers });
  const ordered = async (at: HttpClient, apiKey: string, more: object = {}): Promise<string> => {
    const { status, body } = await order(at, apiKey, more);
    expect(status).toBe(200);
    return body.id as string;
  };

  it('one effect and the same bytes for a key that comes to both at once', async () => {
    const { apiKey } = await accounts.make('client');
    const headers = { 'Idempotency-Key': 'to-both-at-once' };
    const answers = await atOnce(8, (at) => order(at, apiKey, {}, headers));
    // those that came while the first was at work are told to come again
    expect(counted(answers, 200) + counted(answers, 409)).toBe(8);
    for (const at of [one, other]) answers.push(await order(at, apiKey, {}, headers));
    expect(answers.at(-1)?.status).toBe(200);
    expect(new Set(answers.filter(({ status }) => status === 200).map(({ text }) => text)).size).toBe(1);
    const { body } = await other.get('/api/v1/client/predictions', { apiKey });
    expect(body.total_count).toBe(1);
  });

  it('no more unfinished orders than a client may have', async () => {
    const { apiKey } = await accounts.make('client');
    const answers = await atOnce(3 * MOST_OPEN, (at) => order(at, apiKey));
    expect([counted(answers, 200), counted(answers, 429)]).toEqual([MOST_OPEN, 2 * MOST_OPEN]);
  });

  it('a price that was set at the other, from its answer on', async () => {
    const [provider, client] = [await accounts.make('provider'), await accounts.make('client')];
    const quoted = async (at: HttpClient): Promise<number> => {
      const asked = terms({ custom_parameters: { provider: provider.id } });
      const { status, body } = await at.post('/api/v1/client/quote', asked, { apiKey: client.apiKey });
      expect(status).toBe(200);
      return body.estimated_cost as number;
    };
    const price = async (at: HttpClient, price_per_request: number): Promise<void> => {
      const set = { model_name: 'default_predictor', price_per_request };
      const { status } = await at.post('/api/v1/provider/pricing', set, { apiKey: provider.apiKey });
      expect(status).toBeLessThan(300);
    };
    await price(one, 3);
    const first = await quoted(other);
    await price(other, 6);
    expect([await quoted(one), await quoted(other)]).toEqual([2 * first, 2 * first]);
  });

  it('one claim of an order that many ask for at both', async () => {
    const { apiKey } = await accounts.make('client');
    const id = await ordered(one, apiKey);
    const evaluators = await accounts.makeMany('evaluator', 8);
    const answers = await atOnce(8, (at, nth) =>
      at.post(`/api/v1/evaluator/claim/${id}`, {}, { apiKey: evaluators[nth]?.apiKey ?? '' }),
    );
    expect([counted(answers, 200), counted(answers, 404)]).toEqual([1, 7]);
  });

  it('no key that was taken away at the other', async () => {
    const { apiKey, username } = await accounts.make('client');
    const profile = async (at: HttpClient): Promise<number> =>
      (await at.get('/api/v1/users/profile', { apiKey })).status;
    expect([await profile(one), await profile(other)]).toEqual([200, 200]);
    await one.post(`/api/v1/admin/users/${username}/deactivate`, {}, admin);
    expect([await profile(other), await profile(one)]).toEqual([401, 401]);
  });

  it('every step of a prediction that a worker computes, at whichever it is followed', async () => {
    const asked = { symbol: 'AAPL', interval: '1d' };
    const { body } = await one.post('/api/v1/predictions/', asked, { apiKey: 'client1_key' });
    const path = `/api/v1/predictions/${body.id}/events`;
    for (const at of [other, one]) {
      const { text } = await at.get(path, { apiKey: 'client1_key' });
      const steps = [...text.matchAll(/^event: (\w+)$/gm)].map(([, step]) => step);
      expect(steps).toEqual(['pending', 'processing', 'completed']);
    }
  });

  it('a setting that was changed at the other, without a restart', async () => {
    const changed = await one.post('/api/v1/admin/config', { prediction_timeout: 77 }, admin);
    expect(changed.status).toBe(200);
    await eventually('the other one follows', async () => {
      const { body } = await other.get('/api/v1/admin/config', admin);
      return body.settings.prediction_timeout === 77;
    });
  });

  it('one message for each answered order, of one worker or the other', async () => {
    const [client, evaluator] = [await accounts.make('client'), await accounts.make('evaluator')];
    const by = { apiKey: evaluator.apiKey };
    await atOnce(4, async (at) => {
      const id = await ordered(at, client.apiKey, { notification_webhook: there.url() });
      const elsewhere = at === one ? other : one;
      await elsewhere.post(`/api/v1/evaluator/claim/${id}`, {}, by);
      const answer = await at.post(`/api/v1/evaluator/submit/${id}`, ANSWER, by);
      expect(answer.status).toBe(200);
      return answer;
    });
    await eventually('all are delivered', async () => {
      const path = '/api/v1/client/webhooks/deliveries?status=delivered';
      const { body } = await other.get(path, { apiKey: client.apiKey });
      return body.length === 4;
    });
    expect(new Set(there.messages.map(({ headers }) => headers['webhook-id'])).size).toBe(4);
    expect(there.messages).toHaveLength(4);
  });
}
