import { afterAll, describe, expect, it } from '@jest/globals';
import { offlineSettings } from '../../harness/original.js';
import { ADMIN_KEY, startTestApp } from '../../harness/app.js';
import { denseParts, tinyKeras } from '../../unit/keras-onnx/files.js';
import { csvOf, METADATA, SIGMOID } from '../../unit/predictors/signal-bench.js';
import { modelFolder, type DenseModel } from '../../unit/predictors/trained-models.js';
import { input, PLAIN, METADATA as OF_BARS } from './questions.js';
import { expectMessage } from './protocol.js';

const folder = modelFolder();
afterAll(() => folder.remove());

/** A model that its author made a class of his own from `Sequential`. */
async function ownClass(name: string, model: DenseModel, metadata: object): Promise<string> {
  const { config, weights } = await denseParts(name, model);
  const own = { ...(config as { config: object }), module: null, class_name: 'Doubled' };
  const chain = { ...own, config: { ...own.config, build_input_shape: [null, ...shapeOf(model)] } };
  folder.write(`${name}_metadata.json`, JSON.stringify(metadata));
  return folder.write(
    `${name}.keras`,
    await tinyKeras([{ name: 'model.weights.h5', bytes: weights }], chain),
  );
}
const shapeOf = ({ bars, columns }: DenseModel): number[] => [bars, columns];
const NOTE = expect.stringMatching(/Doubled: .* Compare an answer with Keras/) as unknown;

describe('a model of its author’s own class is named', () => {
  it('in every signal, one by one and in batches', async () => {
    const app = await startTestApp({
      config: {
        core_plugin: 'sync_core',
        csv_file: folder.write('bars.csv', csvOf()),
        predictor_plugin: 'binary_predictor',
        entry_model_path: await ownClass('entry', SIGMOID, METADATA),
        exit_model_path: folder.model('exit', { ...SIGMOID, columns: 5 }, METADATA),
      },
    });
    try {
      const entry = { datetime: '10.01.2024 08:00:00.000', tp: 40, sl: 60 };
      const warnings = [{ code: 'model_class', field: 'entry_model_path', message: NOTE }];
      expect((await app.post('/api/v1/predict/entry', entry)).body).toMatchObject({ warnings });
      const { body } = await app.post('/api/v1/predict/entry/batch', [entry, entry]);
      expect(body).toMatchObject([{ warnings }, { warnings }]);
      const exit = { datetime: entry.datetime, direction: 'buy', tp_price: 1.2, sl_price: 1 };
      const kept = await app.post('/api/v1/predict/exit', exit);
      expect(kept.status).toBe(200);
      expect(kept.body).not.toHaveProperty('warnings');
    } finally {
      await app.close();
    }
  });

  it('in the parameters of an answer of tensors', async () => {
    const model_path = await ownClass('tensors', PLAIN, OF_BARS);
    const plain = folder.model('plain', PLAIN, OF_BARS);
    const app = await startTestApp({
      config: { ...offlineSettings(), model_path, model_files: { plain } },
    });
    try {
      const ask = (model: string) =>
        app.post(`/v2/models/${model}/infer`, { inputs: [input()] }, { apiKey: ADMIN_KEY });
      const { body } = await ask('default_predictor');
      expectMessage('response', body);
      expect(body.parameters).toEqual({ model_note: NOTE });
      expect((await ask('plain')).body).not.toHaveProperty('parameters');
    } finally {
      await app.close();
    }
  });
});
