import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { computeFeatures, loadCsv } from '#libs/timeseries';
import { denseAnswer, type DenseModel, modelFolder } from '../../unit/predictors/trained-models.js';
import { startTestApp } from '../../harness/app.js';
import { offlineSettings, seedOriginalAccounts } from '../../harness/original.js';
import { PredictionServer } from './prediction-server.js';

const FEATURES = ['log_return', 'stl_trend', 'wav_detail_L1', 'mtm_band_2'];
const MODEL: DenseModel = {
  bars: 4,
  columns: FEATURES.length,
  outputs: 2,
  kernel: (input, output) => Math.cos(input + output) / 10,
};
const NAMED = ['RSI_7', 'CLOSE_lag_3', '1d:SMA_2'];

describe('a prediction from computed features', () => {
  const folder = modelFolder();
  let server: PredictionServer;
  beforeAll(async () => {
    const metadata = { window_size: 4, target_column: 'CLOSE' };
    const config = {
      ...offlineSettings(),
      feeder_plugin: 'stl_feature_generator',
      feature_columns: NAMED,
      model_files: {
        decomposed: folder.model('decomposed', MODEL, { ...metadata, feature_columns: FEATURES }),
        indicators: folder.model(
          'indicators',
          { ...MODEL, columns: 3 },
          { ...metadata, feature_columns: NAMED },
        ),
      },
    };
    server = new PredictionServer(await startTestApp({ config, seed: seedOriginalAccounts }));
  }, 60_000);
  afterAll(async () => {
    await server.app.close();
    folder.remove();
  });

  const predict = async (body: object) => {
    const { status, body: created } = await server.submit({
      body: { symbol: 'AAPL', interval: '1h', prediction_horizon: 2, ...body },
    });
    expect([status, created]).toEqual([201, expect.anything()]);
    const { id } = created as { id: number };
    await server.until(id, 'completed');
    const { result } = (await server.row(id)) as { readonly result: unknown };
    return result as {
      readonly output: { readonly predictions: number[]; readonly baseline_datetime: string };
      readonly explanation: { readonly plugins: object; readonly source: object };
    };
  };

  it('by the feeder of the configuration is computed from its columns, and stored with its name', async () => {
    const { output, explanation } = await predict({ predictor_plugin: 'decomposed' });
    expect(explanation).toMatchObject({
      plugins: { feeder: { id: 'stl_feature_generator', version: '1.0.0' } },
      source: { source: 'file', baseline_bar: `${output.baseline_datetime}Z` },
    });
    const { body } = await server.app.get('/api/v1/plugins/status', { apiKey: 'admin_key' });
    expect(JSON.stringify(body)).toContain('"feature_count":12');
  });

  it('by a feeder of the request has the values of plain loops over the file', async () => {
    const { output, explanation } = await predict({
      predictor_plugin: 'indicators',
      feeder_plugin: 'default_feeder',
    });
    const { frame } = await loadCsv(String(offlineSettings()['data_file_path']), { dateColumn: 'DATE_TIME' });
    const own = computeFeatures(frame, ['RSI_7', 'CLOSE_lag_3']);
    const last = frame.length - 1;
    const dayOf = (row: number) =>
      Math.floor(((frame.time[row] ?? NaN) + 3_600_000) / 86_400_000) * 86_400_000;
    const closeBefore = (end: number) => frame.column('CLOSE')[frame.rowAtOrBefore(end - 1)] ?? NaN;
    const window = [3, 2, 1, 0].flatMap((back) => {
      const row = last - back;
      const day = dayOf(row);
      const mean = (closeBefore(day) + closeBefore(day - 86_400_000)) / 2;
      return [...[...own.values()].map((values) => values[row] ?? NaN), mean];
    });
    const wanted = denseAnswer({ ...MODEL, columns: 3 }, window);
    expect(output.predictions).toEqual(wanted.map((value) => expect.closeTo(value, 3) as unknown));
    expect(explanation).toMatchObject({ plugins: { feeder: { id: 'default_feeder' } } });
  });
});
