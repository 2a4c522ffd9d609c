import { beforeAll, expect, it } from '@jest/globals';
import {
  readReferenceAnswers,
  whenShared,
  YEARS_2018,
  type EntryCase,
  type ExitCase,
  type OracleCases,
  type ReferenceAnswers,
} from '../unit/predictors/reference-answers.js';
import { startTestApp, type AdapterName, type TestApp } from '../harness/app.js';

let reference: ReferenceAnswers;

async function withOracle(
  adapter: AdapterName,
  config: Readonly<Record<string, unknown>>,
  work: (app: TestApp) => Promise<void>,
): Promise<void> {
  const app = await startTestApp({
    adapter,
    config: {
      core_plugin: 'sync_core',
      csv_file: YEARS_2018,
      horizon_mode: 'original',
      noise_mode: 'sequential',
      ...config,
    },
  });
  try {
    await work(app);
  } finally {
    await app.close();
  }
}

/** The keys of an answer that go over the wire. */
const ENTRY_KEYS = [
  'buy_entry_binary',
  'sell_entry_binary',
  'bars_remaining',
  'buy_confidence',
  'sell_confidence',
];
const EXIT_KEYS = ['exit_binary', 'exit_confidence'];
const only = (keys: readonly string[], from: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(keys.filter((key) => key in from).map((key) => [key, from[key]]));

const checkEntry = async (app: TestApp, { request, response }: EntryCase): Promise<void> => {
  const answer = await app.post('/api/v1/predict/entry', request);
  const expected = only(ENTRY_KEYS, response);
  expect(only(Object.keys(expected), answer.body)).toEqual(expected);
};
const checkExit = async (app: TestApp, { request, response }: ExitCase): Promise<void> => {
  const answer = await app.post('/api/v1/predict/exit', request);
  expect(answer.body).toEqual(only(EXIT_KEYS, response));
};

/** The order matters: sequential noise is one stream. */
async function askOneByOne(app: TestApp, { entry, exit = [] }: OracleCases): Promise<void> {
  for (const one of entry) await checkEntry(app, one);
  for (const one of exit) await checkExit(app, one);
}

/** Without noise the order does not matter. */
async function askTogether(app: TestApp, { entry, exit = [] }: OracleCases): Promise<void> {
  for (let from = 0; from < entry.length; from += 25) {
    await Promise.all(entry.slice(from, from + 25).map((one) => checkEntry(app, one)));
  }
  for (let from = 0; from < exit.length; from += 25) {
    await Promise.all(exit.slice(from, from + 25).map((one) => checkExit(app, one)));
  }
}

async function askInBatches(app: TestApp, { entry, exit = [] }: OracleCases): Promise<void> {
  const entries = await app.post(
    '/api/v1/predict/entry/batch',
    entry.map(({ request }) => request),
  );
  expect(entries.body).toHaveLength(entry.length);
  entry.forEach(({ response }, row) => {
    const expected = only(ENTRY_KEYS, response);
    expect(only(Object.keys(expected), entries.body[row])).toEqual(expected);
  });
  const exits = await app.post(
    '/api/v1/predict/exit/batch',
    exit.map(({ request }) => request),
  );
  expect(exits.body).toEqual(exit.map(({ response }) => only(EXIT_KEYS, response)));
}

whenShared('the reference answers over HTTP', () => {
  beforeAll(() => {
    reference = readReferenceAnswers();
  });

  it('are those of the binary oracle, one by one and in a batch', async () => {
    const { params } = reference.binary_ideal_oracle;
    await withOracle('fastify', { predictor_plugin: 'binary_ideal_oracle', ...params }, async (app) => {
      await askTogether(app, reference.binary_ideal_oracle);
      await askInBatches(app, reference.binary_ideal_oracle);
    });
  });

  it('are those of the noisy binary oracle, one by one in order', async () => {
    const { params } = reference.binary_ideal_oracle_noisy;
    await withOracle('fastify', { predictor_plugin: 'binary_ideal_oracle', ...params }, (app) =>
      askOneByOne(app, reference.binary_ideal_oracle_noisy),
    );
  });

  it('are those of the noisy binary oracle, as one batch', async () => {
    const { params } = reference.binary_ideal_oracle_noisy;
    await withOracle('fastify', { predictor_plugin: 'binary_ideal_oracle', ...params }, (app) =>
      askInBatches(app, reference.binary_ideal_oracle_noisy),
    );
  });

  it('are those of the direction oracle', async () => {
    const { params } = reference.direction_ideal_oracle;
    await withOracle('fastify', { predictor_plugin: 'direction_ideal_oracle', ...params }, (app) =>
      askTogether(app, reference.direction_ideal_oracle),
    );
  });

  it.each([0, 1])(
    'are those of the noisy ideal predictor, submitted and waited for in order (set %d)',
    async (set) => {
      const { params = {}, cases = [] } = reference.noisy_ideal_predictor[set] ?? {};
      expect(cases).toHaveLength(20);
      const config = {
        predictor_plugin: 'noisy_ideal_predictor',
        data_source: 'file',
        data_file_path: YEARS_2018,
        tail: 'hold',
        ...params,
      };
      await withOracle('fastify', config, async (app) => {
        for (const { timestamp, hourly_predictions, daily_predictions } of cases) {
          const body = {
            symbol: 'EURUSD',
            interval: '1h',
            baseline_datetime: timestamp,
            horizons: [1, 2, 3, 4, 5, 6, 24, 48, 72, 96, 120, 144],
          };
          const answer = await app.post('/api/v1/predict', body, { headers: { Prefer: 'wait=20' } });
          expect(answer.body.status).toBe('completed');
          expect(answer.body.result.output.predictions).toEqual([
            ...hourly_predictions,
            ...daily_predictions,
          ]);
        }
      });
    },
  );

  it('are the same on Express: in batches without noise, one by one with noise', async () => {
    const plain = reference.binary_ideal_oracle;
    const noisy = reference.binary_ideal_oracle_noisy;
    await withOracle('express', { predictor_plugin: 'binary_ideal_oracle', ...plain.params }, (app) =>
      askInBatches(app, plain),
    );
    await withOracle('express', { predictor_plugin: 'binary_ideal_oracle', ...noisy.params }, (app) =>
      askOneByOne(app, noisy),
    );
  });
});
