// Plays the installed client against a running service; a failed expectation ends it with an error.
import assert from 'node:assert/strict';
import {
  ApiError,
  BacktestFailedError,
  PredictionProvider,
  verifyWebhook,
  WebhookVerificationError,
} from '@prediction-provider/client';

const { PROVIDER_URL: url, PROVIDER_KEY: apiKey } = process.env;
const provider = new PredictionProvider({ url, apiKey });
const question = { symbol: 'SP500', interval: '1d', predictor_plugin: 'random_walk_predictor' };

const forecast = await provider.forecast({ ...question, horizons: [1, 5, 20] });
assert.deepEqual(
  [forecast.horizons, forecast.predictions],
  [
    [1, 5, 20],
    [2874.56, 2874.56, 2874.56],
  ],
);

const submitted = await provider.submit(question);
const events = [];
for await (const event of provider.stream(submitted.id)) events.push(event);
assert.equal(events.at(-1).status, 'completed');
const rest = [];
for await (const event of provider.stream(submitted.id, { after: events[0].eventId }))
  rest.push(event.eventId);
assert.deepEqual(
  rest,
  events.slice(1).map(({ eventId }) => eventId),
);
assert.equal((await provider.waitFor(submitted.id)).status, 'completed');

const again = () => provider.submit(question, { idempotencyKey: 'one-of-the-typescript-client' });
assert.equal((await again()).id, (await again()).id);

const read = [];
for await (const { id } of provider.pages('/api/v1/predictions', {}, 2)) read.push(id);
assert.deepEqual(read, [...new Set(read)]);
assert.ok(read.length >= 3);

const entry = await provider.entry({ datetime: '14.03.2023 10:00:00.000', tp: 150, sl: 100 });
assert.ok([0, 1].includes(entry.buy_entry_binary));

const progress = [];
const walk = {
  symbol: 'SP500',
  interval: '1d',
  start_date: '2018-01-01',
  end_date: '2018-06-30',
  horizons: [1, 5],
};
const tested = await provider.backtest(
  { ...walk, model: 'random_walk_predictor' },
  { onProgress: (done, total) => progress.push([done, total]) },
);
assert.deepEqual(
  [tested.status, tested.scores.map(({ horizon }) => horizon), progress.at(-1)],
  ['completed', [null, 1, 5], [tested.total, tested.total]],
);
const made = [];
for await (const one of provider.backtestForecasts(tested.id)) made.push(one.baseline);
assert.equal(made.length, tested.total);
assert.deepEqual(made, made.toSorted());
await assert.rejects(
  provider.backtest({ ...walk, model: 'noisy_ideal_predictor' }),
  (error) => error instanceof BacktestFailedError && error.code === 'looks_ahead',
);

await assert.rejects(
  provider.prediction(999_999),
  (error) => error instanceof ApiError && error.status === 404,
);
await assert.rejects(provider.submit({ ...question, prediction_horizon: -1 }), /body\.prediction_horizon/);

// A service that is asked too much, and a connection that breaks: the third try is answered, with the same key.
const keys = [];
const flaky = new PredictionProvider({
  url,
  apiKey,
  fetch: async (address, init) => {
    keys.push(init.headers['Idempotency-Key']);
    if (keys.length === 1)
      return Response.json({ detail: 'slowly' }, { status: 429, headers: { 'retry-after': '0' } });
    if (keys.length === 2) throw new TypeError('the connection broke');
    return fetch(address, init);
  },
});
assert.equal((await flaky.submit(question)).symbol, 'SP500');
assert.equal(keys.length, 3);
assert.equal(new Set(keys).size, 1);

// The example of the specification of Standard Webhooks.
const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const headers = {
  'Webhook-Id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  'Webhook-Timestamp': '1614265330',
  'Webhook-Signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};
const sentAtMs = 1_614_265_330_000;
assert.deepEqual(await verifyWebhook(secret, headers, '{"test": 2432232314}', sentAtMs), {
  test: 2432232314,
});
await assert.rejects(verifyWebhook(secret, headers, '{"test": 1}', sentAtMs), WebhookVerificationError);
await assert.rejects(
  verifyWebhook(secret, headers, '{"test": 2432232314}', sentAtMs + 301_000),
  WebhookVerificationError,
);
process.stdout.write('all expectations met\n');
