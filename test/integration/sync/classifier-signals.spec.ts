import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { csvOf, METADATA, ROWS, timeAt } from '../../unit/predictors/signal-bench.js';
import { modelFolder } from '../../unit/predictors/trained-models.js';
import { startTestApp, type TestApp } from '../../harness/app.js';

/**
 * Classifiers that scikit-learn and LightGBM trained on the windows of the bench, in the graphs that their exporters write, with
 * what they answer themselves: `up` is the probability of a rise in each bar. That of XGBoost has LightGBM's trees in the form
 * of XGBoost's exporter.
 */
const exported = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../unit/predictors/exported-classifiers.json'), 'utf8'),
) as Readonly<Record<'sklearn' | 'lightgbm' | 'xgboost', { onnx: string; labels: string[]; up: number[] }>>;

const folder = modelFolder();
afterAll(() => folder.remove());
const csv_file = folder.write('bars.csv', csvOf());
const pathOf = (name: keyof typeof exported): string => {
  folder.write(`${name}_metadata.json`, JSON.stringify(METADATA));
  return folder.write(`${name}.onnx`, Buffer.from(exported[name].onnx, 'base64'));
};
const entryOf = (row: number) => {
  const [date = '', time = ''] = timeAt(row).split(' ');
  return { datetime: `${date.split('-').toReversed().join('.')} ${time}.000`, tp: 40, sl: 60 };
};
const rows = Array.from({ length: ROWS }, (_, row) => row);
const config = { core_plugin: 'sync_core', csv_file };

async function served(
  settings: Record<string, unknown>,
  check: (app: TestApp) => Promise<void>,
): Promise<void> {
  const app = await startTestApp({ config: { ...config, ...settings } });
  try {
    await check(app);
  } finally {
    await app.close();
  }
}

describe('a classifier that its exporter wrote', () => {
  it('answers entries by the probabilities of its classes, which are told by name', async () => {
    const settings = {
      predictor_plugin: 'binary_entry_predictor',
      model_path: pathOf('sklearn'),
      confidence_threshold: 0.7,
    };
    await served(settings, async (app) => {
      const { body: answers } = await app.post('/api/v1/predict/entry/batch', rows.map(entryOf));
      const want = exported.sklearn.up.map((up) => [up >= 0.7 ? 1 : 0, 1 - up >= 0.7 ? 1 : 0]);
      expect(
        (answers as { buy_entry_binary: number; sell_entry_binary: number }[]).map((one) => [
          one.buy_entry_binary,
          one.sell_entry_binary,
        ]),
      ).toEqual(want);
      (answers as { probability_up: number }[]).forEach((one, row) =>
        expect(one.probability_up).toBeCloseTo(exported.sklearn.up[row] ?? NaN, 6),
      );
      // Both sides, and bars without a signal.
      expect(new Set(want.map(String)).size).toBe(3);
      expect((await app.get('/api/v1/model/info')).body).toMatchObject({
        model_type: 'onnx',
        model_path: 'sklearn.onnx',
        class_labels: ['down', 'up'],
        classes_served: ['up', 'down'],
      });
    });
  });

  it('answers the probability of a rise, with the label beside it or not', async () => {
    const settings = {
      predictor_plugin: 'direction_predictor',
      long_model_path: pathOf('lightgbm'),
      short_model_path: pathOf('xgboost'),
    };
    await served(settings, async (app) => {
      const { body: answers } = await app.post('/api/v1/predict/entry/batch', rows.map(entryOf));
      expect(answers).toHaveLength(ROWS);
      const told = (answers as { probability_up: number }[]).map((one) => one.probability_up);
      told.forEach((up, row) => expect(up).toBeCloseTo(exported.lightgbm.up[row] ?? NaN, 6));
      const exits = rows.map((row) => ({ ...entryOf(row), direction: 'buy', tp_price: 1.2, sl_price: 1 }));
      const { body: leaving } = await app.post('/api/v1/predict/exit/batch', exits);
      const kept = (leaving as { exit_binary: number }[]).map((one) => one.exit_binary);
      expect(kept).toEqual(exported.xgboost.up.map((up) => (1 - up >= 0.55 ? 0 : 1)));
      expect((await app.get('/api/v1/model/info')).body.models).toMatchObject({
        long: { class_labels: ['0', '1'], classes_served: ['1'] },
        short: { class_labels: ['0', '1'], classes_served: ['1'] },
      });
    });
  });

  it('whose classes nobody understands stops the start, with the names that would do', async () => {
    // Bytes of the same length: only the name of a class is another.
    const strange = Buffer.from(exported.sklearn.onnx, 'base64');
    for (let at = strange.indexOf('up'); at >= 0; at = strange.indexOf('up', at + 2)) strange.write('qq', at);
    folder.write('strange_metadata.json', JSON.stringify(METADATA));
    const settings = {
      predictor_plugin: 'binary_entry_predictor',
      model_path: folder.write('strange.onnx', strange),
    };
    await expect(startTestApp({ config: { ...config, ...settings } })).rejects.toThrow(
      /strange\.onnx: its classes are down, qq; the one that means a buy must be the only one with a name of buy, long, up/,
    );
  });
});
