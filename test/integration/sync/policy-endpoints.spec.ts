import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  ARTIFACT,
  digestOfText,
  POLICY_ROWS,
  policyAction,
  policyCsv,
  policyProbability,
  policyTime,
} from '../../unit/predictors/policy-bench.js';
import { scratchFolder } from '../../unit/predictors/predictor-context.js';
import { startTestApp } from '../../harness/app.js';
import { seedOriginalAccounts } from '../../harness/original.js';
import { PredictionServer } from '../predictions/prediction-server.js';

const folder = scratchFolder();
afterAll(() => folder.remove());
const csv_file = folder.write('bars.csv', policyCsv());
const text = JSON.stringify(ARTIFACT);
const config = {
  core_plugin: 'sync_core',
  predictor_plugin: 'artifact_policy',
  data_source: 'file',
  data_file_path: csv_file,
  csv_file,
  artifact_path: folder.write('policy.json', text),
  artifact_sha256: digestOfText(text),
};

/** `01.01.2024 04:00:00.000`, as the synchronous endpoints take it. */
const datetimeOf = (row: number): string => {
  const [date = '', time = ''] = new Date(policyTime(row)).toISOString().slice(0, 19).split('T');
  return `${date.split('-').toReversed().join('.')} ${time}.000`;
};
const SHA256 = /^[0-9a-f]{64}$/;

describe('a policy behind HTTP', () => {
  let server: PredictionServer;
  beforeAll(async () => {
    server = new PredictionServer(await startTestApp({ config, seed: seedOriginalAccounts }));
  });
  afterAll(() => server.app.close());

  it('answers entries and exits with its probability, action and digests', async () => {
    for (const row of [50, 51, 66, POLICY_ROWS - 1]) {
      const up = policyProbability(row);
      const action = policyAction(up);
      const datetime = datetimeOf(row);
      const entry = await server.app.post('/api/v1/predict/entry', { datetime, tp: 40, sl: 60 });
      expect([entry.status, entry.body]).toEqual([
        200,
        {
          buy_entry_binary: action === 'long' ? 1 : 0,
          sell_entry_binary: action === 'short' ? 1 : 0,
          bars_remaining: expect.any(Number),
          buy_confidence: expect.closeTo(up, 10),
          sell_confidence: expect.closeTo(1 - up, 10),
          probability_up: expect.closeTo(up, 10),
          action,
          input_sha256: expect.stringMatching(SHA256),
          output_sha256: expect.stringMatching(SHA256),
        },
      ]);
      const question = { datetime, direction: 'buy', tp_price: 110, sl_price: 90 };
      const exit = await server.app.post('/api/v1/predict/exit', question);
      expect([exit.status, exit.body]).toMatchObject([
        200,
        { exit_binary: action === 'short' ? 0 : 1, action, output_sha256: entry.body.output_sha256 },
      ]);
      const batch = await server.app.post('/api/v1/predict/exit/batch', [question]);
      expect(batch.text).toBe(`[${exit.text}]`);
    }
    const early = await server.app.post('/api/v1/predict/entry', { datetime: datetimeOf(49), tp: 1, sl: 1 });
    expect([early.status, early.body.detail]).toEqual([
      404,
      'the policy looks at 51 complete bars; there are 50',
    ]);
  });

  it('forecasts the next bar, with the same digests', async () => {
    const row = 70;
    const baseline_datetime = new Date(policyTime(row)).toISOString();
    const { body: created } = await server.submit({ body: { prediction_horizon: 1, baseline_datetime } });
    const done = await server.until(created.id as number, 'completed');
    const entry = await server.app.post('/api/v1/predict/entry', { datetime: datetimeOf(row), tp: 1, sl: 1 });
    expect(done).toMatchObject({
      result: {
        output: {
          mode: 'artifact_policy',
          target_column: 'probability_up',
          predictions: [entry.body.probability_up],
          metadata: {
            probability_up: entry.body.probability_up,
            action: entry.body.action,
            input_sha256: entry.body.input_sha256,
            output_sha256: entry.body.output_sha256,
            artifact_sha256: config.artifact_sha256,
          },
        },
      },
    });
    const beyond = await server.submit({ body: { prediction_horizon: 2, baseline_datetime } });
    expect(beyond.status).toBe(422);
  });

  it('says what it serves', async () => {
    const info = await server.app.get('/api/v1/model/info');
    expect(info.body).toMatchObject({
      model_name: 'artifact_policy',
      window_size: 51,
      supported_types: ['forecast', 'entry', 'exit'],
      model_path: 'policy.json',
      artifact_sha256: config.artifact_sha256,
      feature_columns: ARTIFACT.feature_names,
      looks_ahead: false,
    });
  });
});

it('a policy with another digest stops the start, in words', async () => {
  const artifact_sha256 = '0'.repeat(64);
  await expect(startTestApp({ config: { ...config, artifact_sha256 } })).rejects.toThrow(
    `artifact_path: policy.json: its SHA-256 is ${config.artifact_sha256}, but artifact_sha256 is 000`,
  );
});
