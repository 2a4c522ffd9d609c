import { randomInt } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { LayerRecipe } from '#libs/kernel';
import {
  createModelCache,
  loadModel,
  ModelError,
  registerRecipe,
  type Model,
} from '../../../libs/keras-onnx/src/index.js';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { decodeModel, encodeError, encodeModel } from '../../../libs/keras-onnx/src/isolate/protocol.js';
import { hdf5, put, TINY, tinyAnswer, tinyKeras } from './files.js';
import { FORESEEN, Fuzzer, type Outcome } from './fuzzer.js';
import { compile } from './models.js';
import { smallSeeds } from './mutation-seeds.js';

// Every load starts a process, which takes its time on a busy machine.
jest.setTimeout(120_000);

let folder = '';
let path = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keras-onnx-'));
  path = join(folder, 'tiny.keras');
  await writeFile(path, await tinyKeras());
});
afterAll(() => rm(folder, { recursive: true }));

async function expectTiny(model: Model): Promise<void> {
  const [output] = await model.run([TINY.input]);
  tinyAnswer().answer.forEach((value, index) => expect(output?.data[index]).toBeCloseTo(value, 5));
}

describe('loading', () => {
  it('describes, runs and samples in a thread and inline alike, until disposed of', async () => {
    const [behind, inline] = await Promise.all([loadModel(path), loadModel(path, { inference: 'inline' })]);
    expect(behind.describe()).toEqual({
      name: 'tiny',
      format: 'keras',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      files: ['tiny.keras'],
      writtenBy: '3.15.1',
      inputs: [{ name: 'features', shape: [null, 4], dtype: 'float32' }],
      outputs: [{ name: 'answer', shape: [null, 2], dtype: 'float32' }],
      parameters: { total: 23, trainable: 23 },
      stochastic: true,
      samplingRefused: null,
      opset: 20,
      facts: {
        layers: { Dense: 2, Dropout: 1 },
        masking: [],
        dtypePolicies: [],
        quantization: [],
        stochasticLayers: ['dropping'],
        customLayers: [],
        modelSubclasses: [],
        notFinite: [],
      },
      onnx: null,
    });
    await Promise.all([expectTiny(behind), expectTiny(inline)]);
    const ask = (model: Model) => model.sample([TINY.input], { samples: 30, seed: 8, quantiles: [0.1] });
    expect(await ask(behind)).toEqual(await ask(inline));
    await expect(behind.run([{ shape: [1, 5], data: [1, 2, 3, 4, 5] }])).rejects.toMatchObject({
      name: 'ModelError',
      code: 'model_input',
    });
    await expect(behind.run([])).rejects.toMatchObject({
      code: 'model_input',
      detail: 'the model takes 1 input, not 0',
    });
    const late = behind.run([TINY.input]);
    await Promise.all([behind.dispose(), inline.dispose(), behind.dispose()]);
    expect((await late)[0]?.shape).toEqual([1, 2]);
    await expect(behind.run([TINY.input])).rejects.toMatchObject({ code: 'model_disposed' });
  });

  it('stops at its limits of time and memory', async () => {
    await expect(loadModel(path, { isolation: { timeMs: 1 } })).rejects.toMatchObject({
      name: 'ModelError',
      code: 'model_timeout',
    });
    const small = loadModel(path, { isolation: { memoryBytes: 64 * 1024 * 1024 } });
    await expect(small).rejects.toMatchObject({ name: 'ModelError', code: 'model_out_of_memory' });
  });

  it('refuses with the layer at fault', async () => {
    const lambda = {
      ...TINY.config,
      config: {
        ...TINY.config.config,
        layers: [
          ...TINY.config.config.layers,
          { module: 'keras.layers', class_name: 'Lambda', config: { name: 'code' } },
        ],
      },
    };
    const bad = join(folder, 'lambda.keras');
    await writeFile(bad, await tinyKeras([], lambda));
    const refusal = await loadModel(bad).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ModelError);
    expect(refusal).toMatchObject({ code: 'model_unsupported', layer: 'code', kind: 'unsupported' });
    expect(String(refusal)).not.toContain(folder);
    await expect(loadModel(join(folder, 'nothing.keras'))).rejects.toMatchObject({
      code: 'model_not_found',
      kind: 'not_found',
    });
  });

  it('answers in frames that survive being cut', () => {
    const model = compile(TINY.config, (layer) =>
      TINY.weights
        .filter((one) => one.layer === layer.name)
        .map(({ shape, data }) => ({ shape, data: Array.from(data) })),
    );
    const bytes = encodeModel(model);
    expect(decodeModel(bytes).run.outputs).toEqual(model.run.outputs);
    expect(
      Buffer.from(decodeModel(bytes).sample?.onnx ?? []).equals(Buffer.from(model.sample?.onnx ?? [])),
    ).toBe(true);
    expect(() => decodeModel(bytes.subarray(0, bytes.length - 1))).toThrow('half');
    expect(() => decodeModel(bytes.subarray(0, 3))).toThrow('no answer');
    expect(() => decodeModel(encodeError(new RangeError('stack')))).toThrow(
      expect.objectContaining({ code: 'model_corrupt' }),
    );
  });
});

/** The processes that this one started and that still run. */
const running = (): string[] =>
  readdirSync('/proc/self/task').flatMap((thread) =>
    readFileSync(`/proc/self/task/${thread}/children`, 'utf8')
      .split(' ')
      .filter((pid) => pid !== '' && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')),
  );

(existsSync('/proc/self/task') ? describe : describe.skip)('the process that compiles', () => {
  // Limits of their own, so that no other test has left a process for them.
  const open = async (file: string, timeMs: number): Promise<void> =>
    (await loadModel(file, { inference: 'inline', isolation: { timeMs, idleMs: 600_000 } })).dispose();

  it('takes the next file after a sound one, and ends after any other', async () => {
    const before = running();
    const started = (): string[] => running().filter((pid) => !before.includes(pid));
    await open(path, 59_000);
    const [first, ...others] = started();
    expect([typeof first, others]).toEqual(['string', []]);
    await Promise.all([open(path, 59_000), open(path, 59_000)]);
    expect(started()).toContain(first);
    expect(started()).toHaveLength(2);
    const bad = join(folder, 'bad.keras');
    await writeFile(bad, 'no model');
    for (const _ of [1, 2])
      await expect(open(bad, 59_000)).rejects.toMatchObject({ code: 'model_unsupported' });
    while (started().length > 0) await new Promise(setImmediate);
    await open(path, 59_000);
    expect(started()).toHaveLength(1);
    expect(started()).not.toContain(first);
    await expect(open(bad, 59_000)).rejects.toMatchObject({ code: 'model_unsupported' });
  });

  it('costs the next file nothing when it died meanwhile', async () => {
    const before = running();
    await open(path, 58_000);
    const [waiting] = running().filter((pid) => !before.includes(pid));
    process.kill(Number(waiting), 'SIGKILL');
    await open(path, 58_000);
    expect(running()).not.toContain(waiting);
    await expect(open(join(folder, 'gone'), 58_000)).rejects.toMatchObject({ code: 'model_not_found' });
  });
});

describe('a layer class of somebody else', () => {
  const layer = (config: object) => ({
    module: null,
    class_name: 'Scaled',
    registered_name: 'mine>Scaled',
    config: { name: 'scaled', ...config },
  });
  const kernel = Float32Array.from({ length: 8 }, (_, index) => (index - 3) / 5);
  const gain = Float32Array.of(0.5, 2);
  const write = async (name: string, config: object, columns = 2): Promise<string> => {
    const input = { name: 'x', batch_shape: [null, 4], dtype: 'float32' };
    const layers = [{ module: 'keras.layers', class_name: 'InputLayer', config: input }, layer(config)];
    const weights = await hdf5((root) => {
      put(root, 'layers/scaled/vars/0', [2], gain);
      put(root, 'layers/scaled/inner/vars/0', [8 / columns, columns], kernel);
    });
    const model = { module: 'keras', class_name: 'Sequential', config: { name: 'custom', layers } };
    const file = join(folder, name);
    await writeFile(file, await tinyKeras([{ name: 'model.weights.h5', bytes: weights }], model));
    return file;
  };
  const recipe: LayerRecipe = {
    settings: { units: { type: 'integer' }, mode: { type: 'text', default: 'plain', oneOf: ['plain'] } },
    variables: [{ name: 'gain', shape: ['$units'] }],
    steps: [
      { name: 'inner', layer: 'Dense', config: { units: '$units', use_bias: false }, inputs: ['input'] },
      { name: 'product', operation: 'Multiply', inputs: ['inner', 'gain'] },
    ],
    output: 'product',
  };

  it('is refused until it has a recipe, and then computed by it where its configuration fits', async () => {
    const file = await write('custom.keras', { units: 2 });
    await expect(loadModel(file)).rejects.toMatchObject({ code: 'model_unsupported', layer: 'scaled' });
    registerRecipe('Scaled', recipe);
    const model = await loadModel(file, { inference: 'inline' });
    expect(model.describe()).toMatchObject({
      parameters: { total: 10 },
      facts: { customLayers: ['Scaled'], layers: { Scaled: 1, Dense: 1 } },
    });
    const [output] = await model.run([{ shape: [1, 4], data: [1, -2, 0.5, 3] }]);
    await model.dispose();
    const want = [0, 1].map(
      (unit) =>
        [1, -2, 0.5, 3].reduce((sum, x, row) => sum + x * (kernel[row * 2 + unit] ?? 0), 0) *
        (gain[unit] ?? 0),
    );
    want.forEach((value, unit) => expect(output?.data[unit]).toBeCloseTo(value, 5));
    const faults = [
      [await write('a.keras', { units: 2, other: 1 }), "the setting 'other'"],
      [await write('b.keras', { units: 2, mode: 'rich' }), 'mode=rich'],
      [await write('c.keras', { mode: 'plain' }), "'units' must be of the type integer"],
      [await write('d.keras', { units: 2 }, 4), 'has the shape (2, 4) instead of (4, 2)'],
    ] as const;
    for (const [bad, text] of faults) await expect(loadModel(bad)).rejects.toThrow(text);
  });

  it.each<[string, LayerRecipe | string]>([
    ["there is no recipe 'time2vec' (did you mean time2Vec?)", 'time2vec'],
    ['is registered already, with another recipe', { ...recipe, output: 'inner' }],
    ["the output 'end' is no step", { ...recipe, output: 'end' }],
    [
      "the layer 'Lambda' of 'inner' is not served",
      { ...recipe, steps: [{ name: 'inner', layer: 'Lambda', inputs: ['input'] }], output: 'inner' },
    ],
    [
      "'gone', an input of 'a', is no step or variable before it",
      { ...recipe, steps: [{ name: 'a', operation: 'Add', inputs: ['gone', 1] }], output: 'a' },
    ],
  ])('says what is wrong with a recipe: %s', (text, given) => {
    expect(() => registerRecipe('Scaled', given)).toThrow(text);
  });
});

describe('the cache', () => {
  it('answers an unchanged file with the same model, a changed one with a new one, and stays within its bound', async () => {
    const cache = createModelCache(1, { inference: 'inline' });
    const [one, again] = await Promise.all([cache.get(path), cache.get(path)]);
    expect(again).toBe(one);
    await utimes(path, new Date(1e9), new Date(1e9));
    expect(await cache.get(path)).toBe(one);
    const other = join(folder, 'other.keras');
    await writeFile(other, await tinyKeras([{ name: 'assets/a', bytes: Buffer.from('a') }]));
    const two = await cache.get(other);
    expect(two.describe().sha256).not.toBe(one.describe().sha256);
    await expect(one.run([TINY.input])).rejects.toMatchObject({ code: 'model_disposed' });
    await expectTiny(two);
    await expect(cache.get(join(folder, 'nothing'))).rejects.toMatchObject({ code: 'model_not_found' });
    await cache.clear();
    await expect(two.run([TINY.input])).rejects.toMatchObject({ code: 'model_disposed' });
  });
});

describe('damaged files of every container', () => {
  // A sample of the 10,000 that `bench/keras-onnx-fuzz.ts` sends through the process, each time another one.
  it('end in a model or a typed refusal that somebody thought of', async () => {
    const seeds = await smallSeeds((await compileFile(path, DEFAULT_LIMITS)).run.onnx);
    const fuzzer = new Fuzzer();
    const run = randomInt(2 ** 31);
    const whole: Outcome[] = [];
    for (const seed of seeds) whole.push(await fuzzer.outcome(seed));
    const refused = whole.flatMap(({ kind }, at) => (kind === 'model' ? [] : [seeds[at]?.kind]));
    expect(refused).toEqual(['pickle', 'joblib', 'text']);
    const counts = new Map<string, number>();
    const faults: string[] = [];
    for (let number = 0; number < 300; number += 1) {
      const seed = seeds[number % seeds.length];
      if (seed === undefined) break;
      const { kind, detail } = await fuzzer.outcome(seed, { run, number });
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (!FORESEEN.has(kind))
        faults.push(`--seed ${run}: file ${number} (${seed.kind}): ${kind}, ${detail}`);
    }
    fuzzer.close();
    expect(faults).toEqual([]);
    // The damage reaches further than the first look at a file, and not every file of it is refused.
    for (const kind of ['model', 'model_corrupt', 'model_unsupported'])
      expect(counts.get(kind)).toBeGreaterThan(0);
  }, 600_000);
});
