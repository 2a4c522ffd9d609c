import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { File } from 'h5wasm';
import { readArchive } from '../../../libs/keras-onnx/src/containers/archive.js';
import { Hdf5 } from '../../../libs/keras-onnx/src/containers/hdf5.js';
import { DEFAULT_LIMITS } from '../../../libs/keras-onnx/src/containers/source.js';
import { ModelError } from '../../../libs/keras-onnx/src/errors.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { proven } from '../../../libs/keras-onnx/src/isolate/prove.js';
import { GRAPH, nodeField } from '../../../libs/keras-onnx/src/foreign/model.js';
import { intField, lengthField } from '../../../libs/keras-onnx/src/onnx/wire.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { dictionaries, FLOAT, foreignFile, initializer, INT64, port } from './foreign-files.js';
import { hdf5, legacyTiny, put, TINY, tinyAnswer, tinyKeras, tinyWeights, zip } from './files.js';

/** Made by Python's zipfile and h5py, which write what our tools for tests cannot. */
const written = JSON.parse(
  await readFile(join(import.meta.dirname, 'written-by-python.json'), 'utf8'),
) as Readonly<Record<'text' | 'bzip2' | 'lzma' | 'hdf5', string>>;

let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keras-onnx-kinds-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, bytes);
  return path;
}

async function answerOf(path: string | string[], input = TINY.input): Promise<number[]> {
  const engine = await Engine.open(await compileFile(path, DEFAULT_LIMITS), 1);
  const [answer] = await engine.run([input]);
  await engine.close();
  return Array.from(answer?.data ?? []);
}

async function expectTiny(path: string | string[]): Promise<void> {
  const want = tinyAnswer().answer;
  (await answerOf(path)).forEach((one, index) => expect(one).toBeCloseTo(want[index] ?? Number.NaN, 5));
}

describe('containers that other tools of Keras write:', () => {
  it('archives packed by bzip2 and LZMA', async () => {
    for (const method of ['bzip2', 'lzma'] as const) {
      const bytes = Buffer.from(written[method], 'base64');
      const found = await readArchive(bytes, ['config.json'], DEFAULT_LIMITS);
      expect(Buffer.from(found.get('config.json') ?? []).toString()).toBe(written.text);
      // Bytes that matter are missed by the unpacker or by the checksum; some do not matter.
      for (let at = 45; at < bytes.length - 120; at += 1) {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ 255;
        const outcome = await readArchive(damaged, ['config.json'], DEFAULT_LIMITS).then(
          (entries) => Buffer.from(entries.get('config.json') ?? []).toString(),
          (error: unknown) => (error instanceof ModelError ? written.text : String(error)),
        );
        expect(outcome).toBe(written.text);
      }
    }
  });

  it('halves, bfloat16, undeclared UTF-8 and back-slashes in HDF5', async () => {
    const file = await Hdf5.open(inflateSync(Buffer.from(written.hdf5, 'base64')), DEFAULT_LIMITS);
    expect(Array.from(file.tensor('half').data)).toEqual([1.5, -2, 65_504, 2 ** -24]);
    const [a, b, c, d = 0] = file.tensor('bfloat').data;
    expect([a, b, c]).toEqual([1.5, -2, 3.140625]);
    expect(d / 1e38).toBeCloseTo(1, 2);
    expect(file.attribute('/', 'names')).toEqual(['выход', 'plain']);
    expect(file.attribute('/', 'said')).toBe('выход');
    expect(Array.from(file.tensor('layers/dense/vars/0').data)).toEqual([7]);
    expect(file.has('layers/dense/other')).toBe(false);
    file.close();
  });

  it('an HDF5 file behind a block of its user', async () => {
    const whole = await legacyTiny('2.15.0', TINY.config, (layer, name) => `${layer}/${name}:0`);
    for (const length of [512, 65_536, 262_144])
      await expectTiny(await write('block.h5', Buffer.concat([Buffer.alloc(length, 'x'), whole])));
  });

  it('a folder that holds what the archive would, and an archive around such a folder', async () => {
    const config = JSON.stringify(TINY.config);
    await write('unzipped.keras/config.json', config);
    await write('unzipped.keras/metadata.json', '{"keras_version": "3.15.1"}');
    await write('unzipped.keras/model.weights.h5', await tinyWeights());
    await expectTiny(join(folder, 'unzipped.keras'));
    const around = zip([
      { name: '__MACOSX/config.json', bytes: Buffer.from('{}') },
      { name: 'mine/config.json', bytes: Buffer.from(config) },
      { name: 'mine/model.weights.h5', bytes: await tinyWeights() },
    ]);
    await expectTiny(await write('around.keras', around));
  });

  it('an architecture and the weights beside it', async () => {
    const json = await write('a.json', JSON.stringify(TINY.config));
    await expect(compileFile(json, DEFAULT_LIMITS)).rejects.toThrow('put them beside it as a.weights.h5');
    const weights = await write('a.weights.h5', await tinyWeights());
    const alone = await write('b/b.weights.h5', await tinyWeights());
    await expect(compileFile(alone, DEFAULT_LIMITS)).rejects.toMatchObject({
      code: 'model_unsupported',
      detail: expect.stringContaining('weights alone') as unknown,
    });
    for (const path of [json, weights, [json, weights], [weights, json]]) await expectTiny(path);
    // json.dump(model.to_json(), file) writes a text of JSON as JSON.
    await write('a.json', JSON.stringify(JSON.stringify(TINY.config)));
    for (const path of [json, weights]) await expectTiny(path);
    await write('a.json', JSON.stringify(TINY.config));
    const older = await hdf5((root) => {
      root.create_attribute('layer_names', ['hidden', 'answer']);
      for (const { layer, name, shape, data } of TINY.weights)
        put(root, `${layer}/${layer}/${name}:0`, shape, data);
      for (const layer of ['hidden', 'answer']) {
        const group = root.get(layer) as File;
        group.create_attribute('weight_names', [`${layer}/kernel:0`, `${layer}/bias:0`]);
      }
    });
    const kept = {
      class_name: 'Sequential',
      config: TINY.config.config,
      keras_version: '2.15.0',
      backend: 'tensorflow',
    };
    await write('old.weights.h5', older);
    await expectTiny(await write('old.json', JSON.stringify(kept)));
    await expect(compileFile([json, join(folder, 'b/b.weights.h5')], DEFAULT_LIMITS)).rejects.toThrow(
      'in one folder',
    );
  });
});

describe('what is no model is called by its name:', () => {
  it.each([
    ['m.keras', Buffer.from('\x80\x04\x95'.padEnd(40, 'x'), 'latin1'), 'a Python pickle'],
    ['m.h5', Buffer.from('\x78\x9c'.padEnd(40, 'x'), 'latin1'), 'joblib'],
    ['m.onnx', Buffer.from('tree\nversion=v3\n'), 'LightGBM'],
    ['m.bin', Buffer.from('{"learner": {}}'), 'XGBoost'],
    ['m.keras', zip([{ name: 'archive/data.pkl', bytes: Buffer.from('x') }]), 'a PyTorch file'],
    ['m.keras', zip([{ name: 'inner/model.h5', bytes: Buffer.from('x') }]), 'around a model file'],
    ['m.keras', zip([{ name: 'policy.pth', bytes: Buffer.from('x') }]), 'Stable-Baselines3'],
    ['m.keras', zip([{ name: '[Content_Types].xml', bytes: Buffer.from('x') }]), 'an Office document'],
    ['m.keras', zip([{ name: 'schema.json', bytes: Buffer.from('x') }]), 'a skops file'],
    ['m.pth', Buffer.from('\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.', 'latin1'), 'a PyTorch file'],
    ['m.onnx', Buffer.from('version https://git-lfs.github.com/spec/v1\noid sha256:4d'), 'git lfs pull'],
    ['m.h5', Buffer.from('\n<!DOCTYPE html><html>'), 'a web page'],
    ['m.xml', Buffer.from('<?xml version="1.0"?><PMML>'), 'an XML file'],
    ['m.keras', Buffer.from('import tensorflow as tf\n'), 'source code'],
    ['m.onnx', Buffer.from('date,open,close\n2024-01-01,1,2\n'), 'a text file'],
    ['m.cbm', Buffer.from('CBM1\x10\0\0\0', 'latin1'), 'a CatBoost file'],
    ['checkpoint', Buffer.from('model_checkpoint_path: "a"\n'), 'load_weights'],
    ['a.data-00000-of-00001', Buffer.from('\xff\0\x01\x02', 'latin1'), 'a part of a TensorFlow checkpoint'],
    ['m.json', Buffer.from('{"loss": [1, 0.5], "val_loss": [1, 0.6]}'), 'the history of a training'],
    ['m.json', Buffer.from('{"cells": [], "nbformat": 4}'), 'a notebook'],
    ['m.json', Buffer.from('{"name": "tree", "tree_info": []}'), 'LightGBM'],
    ['m_metadata.json', Buffer.from('{"window_size": 24}'), 'name the model file beside it'],
    ['m.json', Buffer.from('\ufeff{"class_name": "Sequential"}', 'utf16le'), 'a text in UTF-16'],
    ['m.json', Buffer.from('{"a": 1}'), 'neither a TensorFlow.js model nor an architecture'],
    ['m.tflite', Buffer.from('\x1c\0\0\0TFL3', 'latin1'), 'TensorFlow Lite'],
  ])('%s', async (name, bytes, text) => {
    await expect(compileFile(await write(name, bytes), DEFAULT_LIMITS)).rejects.toMatchObject({
      code: 'model_unsupported',
      detail: expect.stringContaining(text) as unknown,
    });
  });

  it('an empty file, and bytes of no kind that is known', async () => {
    for (const [name, bytes, text] of [
      ['empty.onnx', Buffer.alloc(0), 'the file is empty'],
      ['noise.bin', Buffer.from('\xff\xfe\0\x01\x02', 'latin1'), 'the file is no model'],
    ] as const)
      await expect(compileFile(await write(name, bytes), DEFAULT_LIMITS)).rejects.toMatchObject({
        code: 'model_corrupt',
        detail: expect.stringContaining(text) as unknown,
      });
  });

  it('a SavedModel folder, with the way out', async () => {
    await write('saved/saved_model.pb', 'x');
    await expect(compileFile(join(folder, 'saved'), DEFAULT_LIMITS)).rejects.toThrow('tf2onnx');
    await write('empty/readme.md', 'x');
    await expect(compileFile(join(folder, 'empty'), DEFAULT_LIMITS)).rejects.toThrow('without config.json');
  });

  it('while the ending of a sound file does not matter', async () => {
    await expectTiny(await write('sound.pkl', await tinyKeras()));
  });
});

describe('of the edges of an ONNX file,', () => {
  it('a ZipMap over doubles and a list of tensors answer their tensors', async () => {
    const classes = lengthField(5, [
      lengthField(1, 'classlabels_int64s'),
      ...[0, 1].map((one) => intField(8, one)),
      intField(20, 7),
    ]);
    const graph = [
      nodeField('Neg', ['x'], ['n']),
      nodeField(
        'Cast',
        ['n'],
        ['d'],
        [lengthField(5, [lengthField(1, 'to'), intField(3, 11), intField(20, 2)])],
      ),
      nodeField('ZipMap', ['d'], ['probabilities'], [classes, lengthField(7, 'ai.onnx.ml')]),
      nodeField('SequenceConstruct', ['x', 'n'], ['targets']),
      port('input', 'x', FLOAT, ['b', 2]),
      dictionaries('probabilities'),
      lengthField(GRAPH.output, [lengthField(1, 'targets')]),
    ];
    const model = await proven(await compileFile(await write('m.onnx', foreignFile(graph)), DEFAULT_LIMITS));
    const engine = await Engine.open(model, 1);
    const outputs = await engine.run([{ shape: [1, 2], data: [3, 4] }]);
    await engine.close();
    expect(outputs.map(({ name, data }) => [name, Array.from(data)])).toEqual([
      ['probabilities', [-3, -4]],
      ['x', [3, 4]],
      ['n', [-3, -4]],
    ]);
  });

  it('an output of unknown lengths is described by what it answers to zeros', async () => {
    const graph = [
      // How many axes are left of open lengths is only known at run time.
      nodeField('Squeeze', ['x'], ['flat']),
      nodeField('Unsqueeze', ['flat', 'front'], ['y']),
      initializer('front', INT64, [1], new Uint8Array(BigInt64Array.of(0n).buffer)),
      port('input', 'x', FLOAT, ['b', 2]),
      lengthField(GRAPH.output, [
        lengthField(1, 'y'),
        lengthField(2, [lengthField(1, [intField(1, FLOAT)])]),
      ]),
    ];
    const { run } = await proven(
      await compileFile(await write('m.onnx', foreignFile(graph)), DEFAULT_LIMITS),
    );
    expect(run.outputs).toEqual([{ name: 'y', type: 'float32', shape: ['y:0', 2] }]);
  });
});

it('classes of models that are their authors’ are served as their layers were saved, and told', async () => {
  const { config } = TINY.config;
  const chain = { ...config, build_input_shape: [null, 4] };
  const own = [
    { module: null, class_name: 'Chain', registered_name: 'my>Chain', config: chain },
    { class_name: 'Chain', config: chain },
    { module: 'mine', class_name: 'Sequential', registered_name: 'Sequential', config: chain },
  ];
  const plain = [TINY.config, { class_name: 'Sequential', config: chain }];
  const told: unknown[] = [];
  for (const [index, one] of [...own, ...plain].entries()) {
    const file = await write(`chain-${index}.keras`, await tinyKeras([], one));
    await expectTiny(file);
    told.push((await compileFile(file, DEFAULT_LIMITS)).facts.modelSubclasses);
  }
  expect(told).toEqual([['my>Chain'], ['Chain'], ['Sequential'], [], []]);
});
