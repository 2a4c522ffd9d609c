import {
  chmod,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { CompiledModels, createModelCache, loadModel } from '../../../libs/keras-onnx/src/index.js';
import { Isolate } from '../../../libs/keras-onnx/src/isolate/isolate.js';
import { TINY, tinyAnswer, tinyKeras, tinyWeights } from './files.js';

jest.setTimeout(120_000);

/** No time to compile: only a model that is known can be loaded. */
const KNOWN_ONLY = { isolation: { timeMs: 1 } };

let folder = '';
let path = '';
let kept = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'compiled-models-'));
  path = join(folder, 'tiny.keras');
  kept = join(folder, 'kept');
  await writeFile(path, await tinyKeras());
});
afterAll(() => rm(folder, { recursive: true }));

const entries = async (): Promise<string[]> => (await readdir(kept)).map((name) => join(kept, name));

async function load(file: string | string[] = path, options: object = {}): Promise<void> {
  const model = await loadModel(file, {
    inference: 'inline',
    compiled: new CompiledModels({ folder: kept }),
    ...options,
  });
  const [output] = await model.run([TINY.input]);
  tinyAnswer().answer.forEach((value, index) => expect(output?.data[index]).toBeCloseTo(value, 5));
  await model.dispose();
}

describe('a model that was compiled before', () => {
  beforeEach(async () => {
    await rm(kept, { recursive: true, force: true });
    await load();
  });

  it('is loaded without compiling, by whatever name, and answers and describes itself the same', async () => {
    const copy = join(folder, 'copy.keras');
    await copyFile(path, copy);
    await load(path, KNOWN_ONLY);
    await load(copy, KNOWN_ONLY);
    const compiled = new CompiledModels({ folder: kept });
    const [known, fresh] = await Promise.all([
      loadModel(copy, { compiled, ...KNOWN_ONLY }),
      loadModel(path, { inference: 'inline' }),
    ]);
    expect(known.describe()).toEqual({ ...fresh.describe(), files: ['copy.keras'] });
    const ask = { samples: 30, seed: 8, quantiles: [0.1] };
    expect(await known.sample([TINY.input], ask)).toEqual(await fresh.sample([TINY.input], ask));
    await Promise.all([known.dispose(), fresh.dispose()]);
    await expect(known.run([TINY.input])).rejects.toMatchObject({ code: 'model_disposed' });
  });

  it('is compiled again when its file, the limits or its entry have changed', async () => {
    const other = join(folder, 'other.keras');
    await writeFile(other, await tinyKeras([{ name: 'assets/a', bytes: Buffer.from('a') }]));
    const timeout = { code: 'model_timeout' };
    await expect(load(other, KNOWN_ONLY)).rejects.toMatchObject(timeout);
    await expect(load(path, { ...KNOWN_ONLY, limits: { archiveEntries: 9 } })).rejects.toMatchObject(timeout);
    const [entry = ''] = await entries();
    const bytes = await readFile(entry);
    for (const damaged of [bytes.subarray(0, bytes.length - 1), bytes.subarray(0, 10), Buffer.from(bytes)]) {
      if (damaged.length === bytes.length)
        damaged.writeUInt8(damaged.readUInt8(bytes.length - 9) ^ 1, bytes.length - 9);
      await writeFile(entry, damaged);
      await expect(load(path, KNOWN_ONLY)).rejects.toMatchObject(timeout);
      expect(await entries()).toEqual([]);
    }
    await load();
    await load(path, KNOWN_ONLY);
  });

  it('is one of twenty that a restart has ready without a compiler, while a file that nobody knows goes through it', async () => {
    const place = join(folder, 'twenty');
    await mkdir(place);
    const paths = Array.from({ length: 20 }, (_, number) => join(place, `${number}.keras`));
    for (const [number, one] of paths.entries())
      await writeFile(one, await tinyKeras([{ name: 'assets/number', bytes: Buffer.from(String(number)) }]));
    for (const one of paths) await load(one);
    const asked = jest.spyOn(Isolate.prototype, 'ask');
    const compiled = new CompiledModels({ folder: kept });
    const models = await Promise.all(paths.map((one) => loadModel(one, { compiled, inference: 'inline' })));
    expect(new Set(models.map((model) => model.describe().sha256)).size).toBe(20);
    expect(asked).not.toHaveBeenCalled();
    const hostile = join(place, 'hostile.keras');
    await writeFile(hostile, (await tinyKeras()).subarray(0, 700));
    for (const calls of [1, 2]) {
      await expect(loadModel(hostile, { compiled })).rejects.toMatchObject({ code: 'model_corrupt' });
      expect(asked).toHaveBeenCalledTimes(calls);
    }
    asked.mockRestore();
    for (const model of models) await model.dispose();
  });

  it('is found when it has several files, until one of them changes or another would be read instead', async () => {
    const config = JSON.stringify(TINY.config);
    const place = async (name: string, bytes: Uint8Array | string): Promise<string> => {
      await mkdir(join(folder, name, '..'), { recursive: true });
      await writeFile(join(folder, name), bytes);
      return join(folder, name);
    };
    const architecture = await place('two/a.json', config);
    const weights = await place('two/a.h5', await tinyWeights());
    await place('open/config.json', config);
    await place('open/model.weights.h5', await tinyWeights());
    const timeout = { code: 'model_timeout' };
    for (const given of [architecture, weights, [architecture, weights], join(folder, 'open')]) {
      await expect(load(given, KNOWN_ONLY)).rejects.toMatchObject(timeout);
      await load(given);
      await load(given, KNOWN_ONLY);
    }
    const compiled = new CompiledModels({ folder: kept });
    const [known, fresh] = await Promise.all([
      loadModel(architecture, { compiled, ...KNOWN_ONLY }),
      loadModel(architecture, { inference: 'inline' }),
    ]);
    expect(known.describe()).toEqual(fresh.describe());
    await Promise.all([known.dispose(), fresh.dispose()]);
    // A file of this name would have been taken before `a.h5`.
    const before = await place('two/a.weights.h5', await tinyWeights());
    await expect(load(architecture, KNOWN_ONLY)).rejects.toMatchObject(timeout);
    await load([architecture, weights], KNOWN_ONLY);
    await rm(before);
    await load(architecture, KNOWN_ONLY);
    const bytes = await readFile(weights);
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
    for (const other of [changed, Buffer.concat([bytes, Buffer.alloc(8)])]) {
      await writeFile(weights, other);
      await expect(load(architecture, KNOWN_ONLY)).rejects.toMatchObject(timeout);
    }
    await rm(weights);
    await symlink(join(folder, 'open/model.weights.h5'), weights);
    await expect(load(architecture, KNOWN_ONLY)).rejects.toMatchObject(timeout);
  });

  it('is not taken from a folder that others may write to, which a warning says once', async () => {
    await chmod(kept, 0o777);
    await expect(load(path, KNOWN_ONLY)).rejects.toMatchObject({ code: 'model_timeout' });
    const warned = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined);
    const compiled = new CompiledModels({ folder: kept });
    await load(path, { compiled });
    await load(path, { compiled });
    expect(warned.mock.calls).toEqual([[expect.stringContaining('others than its owner may write there')]]);
    warned.mockRestore();
  });

  it('makes room for others when it was not used for longest', async () => {
    const [first = ''] = await entries();
    const { size } = await stat(first);
    await utimes(first, new Date(1e9), new Date(1e9));
    const compiled = new CompiledModels({ folder: kept, bytes: 1.5 * size });
    await load(join(folder, 'other.keras'), { compiled });
    const left = await entries();
    expect(left).toHaveLength(1);
    expect(left).not.toContain(first);
    expect((await stat(kept)).mode & 0o777).toBe(0o700);
    expect((await stat(left[0] ?? '')).mode & 0o777).toBe(0o600);
  });
});

describe('the cache of open models', () => {
  it('notices that a file beside the model has changed', async () => {
    const architecture = join(folder, 'pair.json');
    const weights = join(folder, 'pair.weights.h5');
    await writeFile(architecture, JSON.stringify(TINY.config));
    await writeFile(weights, await tinyWeights());
    const cache = createModelCache(2, { inference: 'inline' });
    const first = await cache.get(architecture);
    expect(first.describe().files).toEqual(['pair.json', 'pair.weights.h5']);
    expect(await cache.get(architecture)).toBe(first);
    await rm(weights);
    await expect(cache.get(architecture)).rejects.toMatchObject({ code: 'model_unsupported' });
    await cache.clear();
  });
});
