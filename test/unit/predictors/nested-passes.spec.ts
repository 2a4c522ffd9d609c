import { describe, expect, it } from '@jest/globals';
import { hdf5, put, zip } from '../keras-onnx/files.js';
import { ask, METADATA, modelBench } from './model-bench.js';

const { folder, create } = modelBench();
const [BARS, WIDE, UNITS, STEPS] = [48, 32, 8, 3];

/** Dense → Dropout → Dense → mean over the bars → Dropout → Dense, as `.keras`. */
async function pooledModel(): Promise<string> {
  const layer = (class_name: string, config: Record<string, unknown>) => ({
    module: 'keras.layers',
    class_name,
    config,
  });
  const config = {
    module: 'keras',
    class_name: 'Sequential',
    config: {
      name: 'pooled',
      layers: [
        layer('InputLayer', { name: 'window', batch_shape: [null, BARS, 2] }),
        layer('Dense', { name: 'wide', units: WIDE }),
        layer('Dropout', { name: 'early', rate: 0.1 }),
        layer('Dense', { name: 'narrow', units: UNITS }),
        layer('GlobalAveragePooling1D', { name: 'mean' }),
        layer('Dropout', { name: 'late', rate: 0.4 }),
        layer('Dense', { name: 'steps', units: STEPS }),
      ],
    },
  };
  const values = (size: number) => Float32Array.from({ length: size }, (_, at) => Math.sin(at) / 10);
  const weights = await hdf5((root) => {
    const sizes = [2, WIDE, UNITS, STEPS];
    ['dense', 'dense_1', 'dense_2'].forEach((name, at) => {
      const [from = 0, to = 0] = sizes.slice(at);
      put(root, `layers/${name}/vars/0`, [from, to], values(from * to));
      put(root, `layers/${name}/vars/1`, [to], values(to));
    });
  });
  folder.write('pooled_metadata.json', JSON.stringify({ ...METADATA, window_size: BARS }));
  const entries = [
    { name: 'config.json', bytes: Buffer.from(JSON.stringify(config)) },
    { name: 'model.weights.h5', bytes: weights },
  ];
  return folder.write('pooled.keras', zip(entries));
}

describe('mc_sampling', () => {
  it('nests passes where that gains, by default too, says so, and repeats itself from its seed', async () => {
    const model_path = await pooledModel();
    const given = { model_path, mc_seed: 7, compiled_models: 'none' };
    const nested = await create({ ...given, mc_sampling: 'nested' });
    const plain = await create({ ...given, mc_sampling: 'independent' });
    const answer = await ask(nested);
    expect(answer.metadata).toMatchObject({ mc_samples: 100, mc_sampling: 'nested' });
    const nesting = (answer.metadata as { mc_nesting?: unknown }).mc_nesting as Record<string, number>;
    expect(nesting.passes).toBe(16 * (nesting.bodies ?? NaN));
    expect(nesting.bodies).toBeGreaterThanOrEqual(20);
    expect(nesting.bodies).toBeLessThan(100);
    const { metadata: _, ...again } = await ask(nested);
    expect(answer).toMatchObject(again);
    const independent = await ask(plain);
    expect(independent.metadata).toMatchObject({ mc_sampling: 'independent' });
    expect(independent.metadata).not.toHaveProperty('mc_nesting');
    const { metadata: byDefault, ...numbers } = await ask(await create(given));
    expect(answer).toMatchObject(numbers);
    expect(byDefault).toMatchObject({ mc_sampling: 'nested', mc_nesting: nesting });
    for (const { metadata } of [answer, independent]) expect(metadata).not.toHaveProperty('mc_sampling_note');
    const few = await ask(await create({ ...given, mc_sampling: 'nested', mc_samples: 10 }));
    expect(few.metadata).not.toHaveProperty('mc_nesting');
    expect(few.metadata).toMatchObject({ mc_sampling_note: expect.stringContaining('were independent') });
    const silent = await ask(await create({ ...given, mc_samples: 10 }));
    expect(silent.metadata).toMatchObject({ mc_sampling: 'independent' });
    expect(silent.metadata).not.toHaveProperty('mc_sampling_note');
    expect(independent.predictions).not.toEqual(answer.predictions);
    for (const [at, width] of (independent.uncertainty ?? []).entries())
      expect(Number(answer.uncertainty?.[at]) / Number(width)).toBeCloseTo(1, 0);
    await expect(create({ ...given, mc_sampling: 'paired' })).rejects.toThrow('mc_sampling');
  });

  it('takes mean and deviation of returns from all of its passes', async () => {
    const model_path = await pooledModel();
    folder.write(
      'pooled_metadata.json',
      JSON.stringify({ ...METADATA, window_size: BARS, target: 'log_return' }),
    );
    const given = { model_path, mc_seed: 7, compiled_models: 'none' };
    const [nested, plain] = [await create(given), await create({ ...given, mc_sampling: 'independent' })];
    const [answer, independent] = [await ask(nested), await ask(plain)];
    expect(answer.metadata).toHaveProperty('mc_nesting');
    independent.predictions?.forEach((value, at) => {
      const width = Number(independent.uncertainty?.[at]);
      expect(Math.abs(Number(answer.predictions?.[at]) - Number(value))).toBeLessThan(width / 2);
    });
  });
});
