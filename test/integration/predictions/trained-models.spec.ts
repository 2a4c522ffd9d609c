import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type HttpAnswer } from '#libs/testing';
import { denseAnswer, modelFolder, type DenseModel } from '../../unit/predictors/trained-models.js';
import { PredictionServer } from './prediction-server.js';
import { describeOnAdapters, startTestApp, type AdapterName } from '../../harness/app.js';
import { offlineSettings, seedOriginalAccounts } from '../../harness/original.js';

const FIRST_BAR = Date.UTC(2024, 0, 1);
const HOUR = 3_600_000;
const closeAt = (bar: number) => Number((100 + 5 * Math.sin((bar + 1) / 20)).toFixed(4));
const timeOf = (bar: number) => new Date(FIRST_BAR + bar * HOUR).toISOString().slice(0, 19);

const PLAIN: DenseModel = {
  bars: 8,
  columns: 2,
  outputs: 6,
  kernel: (input, output) => Math.sin(1 + input * (output + 1)) / 8,
  bias: (output) => output / 16,
};
const SCALE = { CLOSE: { mean: 100, std: 4 }, VOLUME: { min: 1000, max: 1500 } };
const METADATA = {
  feature_columns: ['CLOSE', 'VOLUME'],
  window_size: 8,
  target_column: 'CLOSE',
  normalization: SCALE,
};
const answerAt = (bar: number, model: DenseModel = PLAIN) => {
  const window = Array.from({ length: 8 }, (_, at) => bar - 7 + at).flatMap((one) => [
    (closeAt(one) - SCALE.CLOSE.mean) / SCALE.CLOSE.std,
    (1000 + one - SCALE.VOLUME.min) / (SCALE.VOLUME.max - SCALE.VOLUME.min),
  ]);
  return denseAnswer(model, window).map((y) => y * SCALE.CLOSE.std + SCALE.CLOSE.mean);
};
const closeTo = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 4) as unknown);

const folder = modelFolder();
afterAll(() => folder.remove());

const start = async (
  adapter: AdapterName,
  config: Readonly<Record<string, unknown>>,
): Promise<PredictionServer> => {
  const settings = { core_plugin: 'sync_core', max_concurrent_predictions: 50, ...offlineSettings() };
  const app = await startTestApp({ adapter, config: { ...settings, ...config }, seed: seedOriginalAccounts });
  return new PredictionServer(app);
};

const forecast = async (server: PredictionServer, body: object = {}): Promise<HttpAnswer['body']> => {
  const { status, body: created } = await server.submit({ body: { prediction_horizon: 6, ...body } });
  expect(status).toBe(201);
  const { id } = created as { id: number };
  await server.until(id, 'completed');
  return server.row(id);
};
const outputOf = (row: HttpAnswer['body']) => (row.result as { output: Record<string, unknown> }).output;

describeOnAdapters('a served model', (adapter) => {
  let server: PredictionServer;
  beforeAll(async () => {
    server = await start(adapter, {
      model_path: folder.model('dropping', { ...PLAIN, dropout: 0.25 }, METADATA),
      model_files: { plain: folder.model('plain', PLAIN, METADATA) },
      mc_seed: 17,
    });
  });
  afterAll(() => server.app.close());

  it('forecasts from the last bar not later than the baseline, by the numbers of plain loops', async () => {
    const row = await forecast(server, { model_name: 'plain', baseline_datetime: `${timeOf(300)}Z` });
    expect(row).toMatchObject({ predictor_plugin: 'default_predictor', model_name: 'plain' });
    const want = answerAt(300);
    expect(outputOf(row)).toMatchObject({
      mode: 'model',
      baseline_datetime: timeOf(300),
      baseline_value: closeAt(300),
      horizons: [1, 2, 3, 4, 5, 6],
      predictions: closeTo(want),
      uncertainty: [0, 0, 0, 0, 0, 0],
      future_datetimes: [301, 302, 303, 304, 305, 306].map(timeOf),
      metadata: { model_name: 'plain', model_path: 'plain.json', de_normalized: true },
    });
    expect(row.result).toMatchObject({ prediction: closeTo(want) });
  });

  it('says how sure it is, and repeats itself from its seed', async () => {
    const rows = [await forecast(server), await forecast(server)];
    const [first = {}, second = {}] = rows.map(outputOf);
    expect(first).toMatchObject({ mode: 'mc_dropout', seed: 17, metadata: { mc_samples: 100 } });
    expect(second['predictions']).toEqual(first['predictions']);
    expect(second['uncertainty']).toEqual(first['uncertainty']);
    expect((first['uncertainty'] as number[]).every((width) => width > 0)).toBe(true);
    const [interval] = first['intervals'] as { level: number; lower: number[]; upper: number[] }[];
    expect(interval?.level).toBe(0.95);
    expect(interval?.lower.every((low, at) => low < (interval.upper[at] ?? NaN))).toBe(true);
    expect(rows[0]?.result).toMatchObject({ explanation: { seed: 17 } });
  });

  it('answers twenty questions at once', async () => {
    const bars = Array.from({ length: 20 }, (_, index) => 100 + 10 * index);
    const rows = await Promise.all(
      bars.map((bar) => forecast(server, { model_name: 'plain', baseline_datetime: `${timeOf(bar)}Z` })),
    );
    rows.forEach((row, index) => {
      expect(outputOf(row)['predictions']).toEqual(closeTo(answerAt(bars[index] ?? NaN)));
    });
  });

  it('lists the horizons that the model does not have, and answers the others', async () => {
    const output = outputOf(await forecast(server, { model_name: 'plain', horizons: [2, 7] }));
    expect(output).toMatchObject({
      predictions: [expect.any(Number), null],
      errors: [{ horizon: 7, error: 'beyond_model_horizon' }],
    });
    const { body } = await server.submit({ body: { model_name: 'plain', horizons: [2, 7] } });
    expect(body).toMatchObject({
      warnings: [
        {
          code: 'horizons_cut',
          field: 'horizons',
          message:
            'the model answers at most 6 bars ahead; 1 of the 2 horizons, the first 7, have no value and stand in errors',
        },
      ],
    });
  });

  it('refuses a horizon beyond all of its steps when it is asked', async () => {
    const { status, body } = await server.submit({ body: { model_name: 'plain', prediction_horizon: 7 } });
    expect(status).toBe(422);
    expect(JSON.stringify(body)).toContain('the model answers at most 6 bars ahead, not 7');
  });

  it('is described completely, and is no test instrument', async () => {
    const info = await server.app.get('/api/v1/model/info');
    expect(info.status).toBe(200);
    expect(info.body).toMatchObject({
      model_name: 'default_predictor',
      window_size: 8,
      supported_types: ['forecast'],
      prediction_scope: 'mc_dropout',
      required_columns: ['CLOSE', 'VOLUME'],
      looks_ahead: false,
      model_loaded: true,
      model_type: 'tfjs',
      model_path: 'dropping.json',
      input_shape: [null, 8, 2],
      output_shape: [null, 6],
      total_params: 102,
      models: ['plain'],
    });
    const status = await server.app.get('/api/v1/plugins/status', { apiKey: 'admin_key' });
    expect(status.text).not.toContain(folder.path);
    expect(status.body.plugins).toMatchObject({ predictor: { id: 'default_predictor', looks_ahead: false } });
  });

  it('refuses a model that nobody knows, naming those that there are', async () => {
    const { status, text } = await server.submit({ body: { model_name: 'unknown_model' } });
    expect(status).toBe(422);
    expect(text).toMatch(/unknown_model.* is not loaded; known are default_predictor, .*, plain/);
  });
});

describe('the files of a served model', () => {
  it('take effect when they change; a refused one fails its predictions clearly, without its folder', async () => {
    const model_path = folder.model('changing', PLAIN, METADATA);
    const server = await start('fastify', { model_path });
    try {
      const before = outputOf(await forecast(server));
      const other: DenseModel = { ...PLAIN, bias: () => 1 };
      folder.model('changing', other, METADATA);
      const saved = JSON.parse(readFileSync(model_path, 'utf8')) as object;
      folder.write('changing.json', JSON.stringify({ ...saved, generatedBy: 'a second training' }));
      const after = outputOf(await forecast(server));
      expect(before['predictions']).toEqual(closeTo(answerAt(499)));
      expect(after['predictions']).toEqual(closeTo(answerAt(499, other)));
      folder.write('changing.json', '{}');
      const { body } = await server.submit();
      const failed = await server.until(body.id as number, 'failed');
      expect(failed.result).toMatchObject({
        error_code: 'not_configured',
        error: expect.stringContaining('model_path: changing.json: '),
      });
      expect(JSON.stringify(failed)).not.toContain(folder.path);
    } finally {
      await server.app.close();
    }
  });

  it('stop the start when they are at fault', async () => {
    const model_path = folder.write('broken.keras', 'no archive');
    await expect(start('fastify', { model_path })).rejects.toThrow(
      /default_predictor: .*model_path: broken\.keras: /,
    );
  });
});

interface Reference {
  readonly inputs: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
  readonly outputs: readonly { readonly shape: readonly number[]; readonly data: readonly number[] }[];
  readonly mc_dropout: { readonly mean: readonly number[]; readonly std_population: readonly number[] };
}
const references = join(process.cwd(), '../shared/fixtures/keras');

(existsSync(references) ? describe : describe.skip)('models that Keras saved', () => {
  it.each([
    ['lstm_stack.keras', 32],
    ['lstm_stack.h5', 32],
    ['mlp_dropout.keras', 1],
  ])('%s forecasts as Keras does', async (file, bars) => {
    const name = file.replace(/\..*/, '');
    const reference = JSON.parse(readFileSync(join(references, `${name}.json`), 'utf8')) as Reference;
    const window = reference.inputs[0]?.data.slice(0, sizeOf(reference.inputs[0]?.shape.slice(1))) ?? [];
    const want = reference.outputs[0]?.data.slice(0, 6) ?? [];
    const columns = Array.from({ length: window.length / bars }, (_, column) => `F${column}`);
    // Two bars in front, so that the spacing is known where the window is a single bar.
    const rows = [-2, -1, ...Array.from({ length: bars }, (_, row) => row)].map((row) =>
      [
        timeOf(row + 2).replace('T', ' '),
        ...columns.map((_, column) => (row < 0 ? 0 : window[row * columns.length + column])),
      ].join(','),
    );
    const data_file_path = folder.write(
      `${name}.csv`,
      [`DATE_TIME,${columns.join(',')}`, ...rows, ''].join('\n'),
    );
    const model_path = folder.write(file, readFileSync(join(references, file)));
    folder.write(
      `${name}_metadata.json`,
      JSON.stringify({ feature_columns: columns, window_size: bars, target_column: 'F0' }),
    );
    const serve = async (mc_samples: number) => {
      const server = await start('fastify', { data_file_path, model_path, mc_samples, mc_seed: 4 });
      try {
        return outputOf(await forecast(server)) as { predictions: number[]; uncertainty: number[] };
      } finally {
        await server.app.close();
      }
    };
    (await serve(0)).predictions.forEach((value, at) =>
      expect(Math.abs(value - (want[at] ?? NaN))).toBeLessThanOrEqual(1e-5),
    );
    const samples = 4_000;
    const { predictions, uncertainty } = await serve(samples);
    reference.mc_dropout.mean.forEach((mean, at) => {
      const std = reference.mc_dropout.std_population[at] ?? NaN;
      expect(Math.abs((predictions[at] ?? NaN) - mean)).toBeLessThan(
        4.5 * std * Math.sqrt(1 / samples + 1 / 20_000),
      );
      expect(Math.abs((uncertainty[at] ?? NaN) / std - 1)).toBeLessThan(0.08);
    });
  });
});

const sizeOf = (shape: readonly number[] = []): number => shape.reduce((size, length) => size * length, 1);
