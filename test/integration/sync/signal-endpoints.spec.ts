import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { csvOf, METADATA, ROWS, SIGMOID, timeAt, windowTo } from '../../unit/predictors/signal-bench.js';
import { denseAnswer, modelFolder, type DenseModel } from '../../unit/predictors/trained-models.js';
import { ADMIN_KEY, startTestApp, type TestApp } from '../../harness/app.js';

const ENTRY: DenseModel = { ...SIGMOID, kernel: (input) => 2 * Math.sin(1 + 2 * input), bias: () => -0.4 };
const EXIT: DenseModel = {
  ...ENTRY,
  columns: 5,
  kernel: (input) => (input % 5 > 2 ? 1e-4 : Math.sin(input)),
};

const folder = modelFolder();
afterAll(() => folder.remove());
const csv_file = folder.write('bars.csv', csvOf());
const entry_model_path = folder.model('entry', ENTRY, METADATA);
const exit_model_path = folder.model('exit', EXIT, METADATA);

/** `2024-01-08 04:00:00` as the synchronous endpoints take it. */
const datetimeOf = (row: number): string => {
  const [date = '', time = ''] = timeAt(row).split(' ');
  return `${date.split('-').toReversed().join('.')} ${time}.000`;
};
const entryOf = (row: number) => ({ datetime: datetimeOf(row), tp: 40, sl: 60 });
const exitOf = (row: number) => ({
  datetime: datetimeOf(row),
  direction: 'sell',
  tp_price: 1,
  sl_price: 1.2,
});
const config = { core_plugin: 'sync_core', predictor_plugin: 'binary_predictor', csv_file };

describe('the synchronous endpoints of trained models', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ config: { ...config, entry_model_path, exit_model_path } });
  });
  afterAll(() => app.close());

  it('answer what the entry model says, checked by plain loops', async () => {
    const answers = new Set<string>();
    for (let row = 0; row < ROWS; row += 9) {
      const [likely = NaN] = denseAnswer(ENTRY, windowTo(row));
      const answer = await app.post('/api/v1/predict/entry', entryOf(row));
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({
        buy_entry_binary: likely >= 0.5 ? 1 : 0,
        sell_entry_binary: likely >= 0.5 ? 0 : 1,
        buy_confidence: 1,
        sell_confidence: 1,
      });
      answers.add(answer.text);
    }
    expect(answers.size).toBeGreaterThan(2);
  });

  it('answer a batch in its order, byte for byte as one by one', async () => {
    const rows = Array.from({ length: 300 }, (_, at) => (at * 37) % ROWS);
    for (const [path, questionOf] of [
      ['entry', entryOf],
      ['exit', exitOf],
    ] as const) {
      const batch = await app.post(
        `/api/v1/predict/${path}/batch`,
        rows.map((row) => questionOf(row)),
      );
      expect(batch.status).toBe(200);
      const single = new Map<number, string>();
      for (const row of new Set(rows)) {
        single.set(row, (await app.post(`/api/v1/predict/${path}`, questionOf(row))).text);
      }
      expect(batch.text).toBe(`[${rows.map((row) => single.get(row)).join()}]`);
    }
  });

  it('answer 404 before the first bar, in a batch in the place of the row', async () => {
    const early = { ...entryOf(0), datetime: '01.01.2020 00:00:00.000' };
    const alone = await app.post('/api/v1/predict/entry', early);
    expect([alone.status, alone.body.detail]).toEqual([404, 'there is no bar for 2020-01-01T00:00:00']);
    const [bad, good] = (await app.post('/api/v1/predict/entry/batch', [early, entryOf(3)])).body;
    expect(bad.error).toMatchObject({ status: 404 });
    expect(good).toMatchObject({ buy_confidence: 1 });
  });

  it('describe both models, and look at no future', async () => {
    const info = await app.get('/api/v1/model/info');
    expect(info.status).toBe(200);
    expect(info.body).toMatchObject({
      model_name: 'binary_predictor',
      window_size: 3,
      entry_window_size: 3,
      exit_window_size: 3,
      supported_types: ['entry', 'exit'],
      prediction_scope: 'weekly_and_short_term',
      required_columns: ['RSI', 'VOLUME'],
      accepts_ohlc_window: false,
      looks_ahead: false,
      extra_exit_features: ['direction', 'tp_distance_pips', 'sl_distance_pips'],
      models: {
        entry: { model_loaded: true, model_path: 'entry.json', total_features: 2 },
        exit: { model_loaded: true, model_path: 'exit.json', total_features: 5 },
      },
    });
    expect(info.text).not.toContain(folder.path);
  });

  it('stand in the list of plugins', async () => {
    const { text } = await app.get('/api/v1/plugins/', { apiKey: ADMIN_KEY });
    for (const id of ['binary_entry_predictor', 'binary_exit_predictor', 'direction_predictor']) {
      expect(text).toContain(id);
    }
  });
});

it('a model that does not fit its file stops the start, in words', async () => {
  const bad = folder.model('bad', ENTRY, { ...METADATA, feature_columns: ['RSI', 'ADXX'] });
  await expect(startTestApp({ config: { ...config, entry_model_path: bad } })).rejects.toThrow(
    /entry_model_path: bad\.json: csv_file lacks columns .*: ADXX; .* did you mean ADX\?/,
  );
});
