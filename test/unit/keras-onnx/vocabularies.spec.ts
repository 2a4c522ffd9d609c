import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { hdf5, put, zip } from './files.js';

/** What IntegerLookup learned by `adapt`, as Keras 3.15 keeps it and answers with it. */
let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keras-onnx-words-'));
});
afterAll(() => rm(folder, { recursive: true }));

type Parts = Readonly<Record<string, Uint8Array | string>>;

const lookup = (name: string, config: object) => ({
  module: 'keras.layers',
  class_name: 'IntegerLookup',
  config: { name, vocabulary: null, ...config },
});
const chain = (name: string, layers: readonly object[], steps = [3]) => {
  const input = { name: `${name}_in`, batch_shape: [null, ...steps], dtype: 'int64' };
  const listed = [{ module: 'keras.layers', class_name: 'InputLayer', config: input }, ...layers];
  return { module: 'keras', class_name: 'Sequential', config: { name, layers: listed } };
};
const partsOf = async (
  model: object,
  words: Readonly<Record<string, string>>,
  weights: Readonly<Record<string, readonly number[]>> = {},
): Promise<Parts> => ({
  'config.json': JSON.stringify(model),
  'metadata.json': '{"keras_version": "3.15.1"}',
  'model.weights.h5': await hdf5((root) => {
    for (const [place, data] of Object.entries({ 'vars/none': [0], ...weights }))
      put(root, place, [data.length], Float32Array.from(data));
  }),
  ...Object.fromEntries(
    Object.entries(words).map(([place, text]) => [`assets/${place}/vocabulary.txt`, text]),
  ),
});

let written = 0;
async function packed(parts: Parts): Promise<string> {
  const path = join(folder, `words-${(written += 1)}.keras`);
  await writeFile(
    path,
    zip(Object.entries(parts).map(([name, text]) => ({ name, bytes: Buffer.from(text) }))),
  );
  return path;
}
async function unpacked(parts: Parts): Promise<string> {
  const path = join(folder, `words-${(written += 1)}`);
  for (const [name, text] of Object.entries(parts)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return path;
}
async function answer(path: string, shape: number[], data: number[]): Promise<number[]> {
  const engine = await Engine.open(await compileFile(path, DEFAULT_LIMITS), 1);
  const [output] = await engine.run([{ shape, data }]);
  await engine.close();
  return Array.from(output?.data ?? [], (one) => Number(one.toPrecision(6)));
}
const place = 'layers/integer_lookup';

describe('a vocabulary that was learned', () => {
  it('is read from the archive or its unpacked folder, also of a layer inside of others', async () => {
    const masked = await partsOf(chain('masked', [lookup('a', { mask_token: 0, num_oov_indices: 3 })]), {
      [place]: '0\n-1\n-1\n-1\n7\n5\n9\n2',
    });
    for (const path of [await packed(masked), await unpacked(masked)])
      expect(await answer(path, [2, 3], [5, 7, 2, 1, 9, 0])).toEqual([5, 4, 7, 2, 6, 0]);

    const steps = { module: 'keras.layers', class_name: 'TimeDistributed' };
    const each = { ...steps, config: { name: 'each', layer: lookup('a', {}) } };
    const inner = chain('inner', [each], [1, 3]);
    const within = 'layers/sequential/layers/time_distributed/layer';
    const nested = await partsOf(chain('outer', [inner], [1, 3]), { [within]: '-1\r\n7\r\n5\r\n9\r\n2\r\n' });
    expect(await answer(await packed(nested), [1, 1, 3], [5, 7, 2])).toEqual([2, 1, 4]);
  });

  it('has the weights that were learned with it', async () => {
    const weights = [
      0.8047189712524414, 0.6931471824645996, 0.6931471824645996, 0.916290760040283, 0.916290760040283,
    ];
    const parts = await partsOf(
      chain('weighed', [lookup('a', { output_mode: 'tf_idf', idf_weights: null })]),
      { [place]: '-1\n5\n7\n9\n2' },
      { [`${place}/vars/idf_weights`]: weights },
    );
    const [other, five, nine] = [0.804719, Number(Math.LN2.toPrecision(6)), 0.916291];
    const want = [0, five, five, 0, nine, other, five, 0, nine, 0];
    expect(await answer(await packed(parts), [2, 3], [5, 7, 2, 1, 9, 5])).toEqual(want);
  });

  it('may be given with the places of other numbers in front of it, as get_vocabulary tells it', async () => {
    const given = lookup('a', { vocabulary: [0, -1, 5, 7, 2], mask_token: 0 });
    const parts = await partsOf(chain('given', [given]), {});
    expect(await answer(await packed(parts), [2, 3], [5, 7, 2, 1, 9, 0])).toEqual([2, 3, 4, 1, 1, 0]);
  });

  it('is refused where it is missing, no list of whole numbers, too long, or behind a link', async () => {
    const model = chain('words', [lookup('words', {})]);
    const faults: [Parts, object][] = [
      [
        await partsOf(model, {}),
        { code: 'model_unsupported', layer: 'words', message: /not in the file.*as \.keras/ },
      ],
      [await partsOf(model, { [place]: '-1\nseven' }), { code: 'model_corrupt', layer: 'words' }],
      [await partsOf(model, { [place]: '' }), { code: 'model_corrupt', layer: 'words' }],
      [
        await partsOf(model, { [place]: '1\n9007199254740993' }),
        { code: 'model_unsupported', message: /beyond 2/ },
      ],
    ];
    for (const [parts, { message, ...fault }] of faults as [Parts, { message?: RegExp }][]) {
      const told = { ...fault, ...(message && { message: expect.stringMatching(message) as unknown }) };
      for (const path of [await packed(parts), await unpacked(parts)])
        await expect(compileFile(path, DEFAULT_LIMITS)).rejects.toMatchObject(told);
    }
    const sound = await partsOf(model, { [place]: '-1\n7\n5' });
    const small = { ...DEFAULT_LIMITS, configBytes: 600 };
    const long = { ...sound, [`assets/${place}/vocabulary.txt`]: '7\n'.repeat(400) };
    for (const path of [await packed(long), await unpacked(long)])
      await expect(compileFile(path, small)).rejects.toMatchObject({ code: 'model_too_large' });

    const above = { ...sound, [`assets/../${place}/vocabulary.txt`]: '7' };
    await expect(compileFile(await packed(above), DEFAULT_LIMITS)).rejects.toMatchObject({
      code: 'model_corrupt',
    });
    const [linked, outside] = [await unpacked(sound), join(folder, 'outside')];
    await rename(join(linked, 'assets'), outside);
    await symlink(outside, join(linked, 'assets'));
    await expect(compileFile(linked, DEFAULT_LIMITS)).rejects.toThrow(
      "the part 'assets' of the model is a link",
    );
  });
});
