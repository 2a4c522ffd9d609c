import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DEFAULT_LIMITS, parsePythonJson } from '../../../libs/keras-onnx/src/containers/source.js';
import { compileFile } from '../../../libs/keras-onnx/src/isolate/compile-file.js';
import { Engine } from '../../../libs/keras-onnx/src/runtime/engine.js';
import { hdf5, put, TINY, tinyAnswer, tinyKeras, zip } from './files.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'keras-onnx-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function write(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

const compile = (path: string) => compileFile(path, DEFAULT_LIMITS);

async function expectTiny(path: string): Promise<void> {
  const model = await compile(path);
  const engine = await Engine.open(model, 1);
  const [output] = await engine.run([TINY.input]);
  await engine.close();
  tinyAnswer().answer.forEach((value, index) => expect(output?.data[index]).toBeCloseTo(value, 5));
  expect(model.parameters).toEqual({ total: 23, trainable: 23 });
}

const keras2 = {
  class_name: 'Sequential',
  config: {
    name: 'tiny',
    layers: [
      {
        class_name: 'Dense',
        config: {
          name: 'hidden',
          units: 3,
          activation: 'relu',
          batch_input_shape: [null, 4],
          dtype: 'float32',
        },
      },
      { class_name: 'Dropout', config: { name: 'dropping', rate: 0.5 } },
      { class_name: 'Dense', config: { name: 'answer', units: 2, activation: 'linear' } },
    ],
  },
};

const legacy = (): Promise<Uint8Array> =>
  hdf5((root) => {
    root.create_attribute('model_config', JSON.stringify(keras2));
    root.create_attribute('keras_version', '2.15.0');
    for (const { layer, name, shape, data } of TINY.weights)
      put(root, `model_weights/${layer}/${layer}/${name}:0`, shape, data);
    const group = root.get('model_weights') as unknown as {
      create_attribute(name: string, data: string[]): void;
    };
    group.create_attribute('layer_names', ['hidden', 'dropping', 'answer']);
    for (const layer of ['hidden', 'answer']) {
      const inner = root.get(`model_weights/${layer}`) as unknown as {
        create_attribute(name: string, data: string[]): void;
      };
      inner.create_attribute('weight_names', [`${layer}/kernel:0`, `${layer}/bias:0`]);
    }
  });

const tfjs = (paths: string[]): string =>
  JSON.stringify({
    format: 'layers-model',
    modelTopology: { keras_version: '2.15.0', model_config: keras2 },
    weightsManifest: [
      {
        paths,
        weights: TINY.weights.map(({ layer, name, shape }) => ({
          name: `${layer}/${name}`,
          shape,
          dtype: 'float32',
        })),
      },
    ],
  });
const shardBytes = (): Buffer => Buffer.concat(TINY.weights.map(({ data }) => Buffer.from(data.buffer)));

describe('containers', () => {
  it('hold one and the same model in four ways', async () => {
    await expectTiny(await write('tiny.keras', await tinyKeras()));
    await expectTiny(await write('tiny.h5', await legacy()));
    const shard = shardBytes();
    await write('group1-shard1of2.bin', shard.subarray(0, 50));
    await write('group1-shard2of2.bin', shard.subarray(50));
    await expectTiny(await write('model.json', tfjs(['group1-shard1of2.bin', 'group1-shard2of2.bin'])));
    const { run } = await compile(join(folder, 'tiny.keras'));
    const onnx = await compile(await write('tiny.onnx', run.onnx));
    expect(onnx.format).toBe('onnx');
    expect(Buffer.from(onnx.run.onnx).equals(Buffer.from(run.onnx))).toBe(true);
  });

  it('identify a model by its bytes', async () => {
    const bytes = await tinyKeras();
    const one = await compile(await write('one.keras', bytes));
    const two = await compile(await write('two.keras', bytes));
    const other = await compile(
      await write('other.keras', await tinyKeras([{ name: 'assets/note.txt', bytes: Buffer.from('x') }])),
    );
    expect(one.sha256).toBe(two.sha256);
    expect(one.sha256).not.toBe(other.sha256);
  });

  it('may be written by Python, which knows Infinity and NaN', () => {
    expect(
      parsePythonJson('{"a": -Infinity, "b": "Infinity \\"NaN\\"", "c": NaN}', 'x', DEFAULT_LIMITS),
    ).toEqual({ a: -Infinity, b: 'Infinity "NaN"', c: NaN });
    expect(() => parsePythonJson('{"a": NaN', 'x', DEFAULT_LIMITS)).toThrow('no JSON');
  });

  it('stretch quantized TensorFlow.js weights', async () => {
    const manifest = JSON.parse(tfjs(['quantized.bin'])) as {
      weightsManifest: { weights: { quantization?: unknown }[] }[];
    };
    for (const weight of manifest.weightsManifest[0]?.weights ?? [])
      weight.quantization = { dtype: 'uint8', scale: 0.5, min: -1 };
    await write('quantized.bin', new Uint8Array(23).fill(2));
    const { run } = await compile(await write('quantized.json', JSON.stringify(manifest)));
    expect(run.outputs).toHaveLength(1);
  });
});

describe('hostile containers', () => {
  const refused = (name: string, bytes: Uint8Array | string, code: string, text = ''): Promise<void> =>
    write(name, bytes).then((path) =>
      expect(compile(path)).rejects.toMatchObject({
        name: 'ModelError',
        code,
        message: expect.stringContaining(text),
      }),
    );

  it('are refused when they are no model or cut off', async () => {
    const good = await tinyKeras();
    await refused('hello.keras', 'hello, I am not a model', 'model_unsupported', 'a text file');
    await refused('empty.h5', '', 'model_corrupt');
    await refused(
      'cut.keras',
      good.subarray(0, good.length - 30),
      'model_corrupt',
      'is cut off or no zip file',
    );
    await refused(
      'middle.keras',
      Buffer.concat([good.subarray(0, 600), good.subarray(900)]),
      'model_corrupt',
    );
    await refused(
      'other.zip',
      zip([{ name: 'readme.txt', bytes: Buffer.from('x') }]),
      'model_corrupt',
      'config.json',
    );
    await refused(
      'noweights.keras',
      zip([{ name: 'config.json', bytes: Buffer.from(JSON.stringify(TINY.config)) }]),
      'model_corrupt',
      'model.weights.h5',
    );
    await refused('cut.h5', (await legacy()).subarray(0, 900), 'model_corrupt');
    await refused('plain.onnx', 'hello, I am not a model', 'model_unsupported', 'which is no model');
    await refused('weights.pt', 'PK', 'model_unsupported', 'ONNX');
    await expect(compile(join(folder, 'missing.keras'))).rejects.toMatchObject({
      code: 'model_not_found',
      detail: 'there is no such file; check its path',
    });
    await expect(compile(folder)).rejects.toMatchObject({ name: 'ModelError' });
    // Nobody writes to this pipe; opening it the usual way would wait for ever.
    const pipe = join(folder, 'pipe.keras');
    execFileSync('mkfifo', [pipe]);
    await expect(compile(pipe)).rejects.toMatchObject({
      detail: 'the model is no regular file; give the path of the file itself',
    });
  });

  it('may not leave the archive, link, repeat or hide names', async () => {
    for (const name of ['../config.json', '/etc/passwd', 'a/../../b', '..\\config.json', 'C:\\b'])
      await refused('path.keras', await tinyKeras([{ name, bytes: Buffer.from('x') }]), 'model_corrupt');
    const link = { name: 'config.json', bytes: Buffer.from('/etc/passwd'), mode: 0o120777 };
    await refused('link.keras', await tinyKeras([link]), 'model_corrupt', 'link');
    await refused(
      'twice.keras',
      zip([...'ab'].map((text) => ({ name: 'config.json', bytes: Buffer.from(text) }))),
      'model_corrupt',
      'twice',
    );
    await refused(
      'many.keras',
      zip(Array.from({ length: 1_100 }, (_, index) => ({ name: `f${index}`, bytes: Buffer.alloc(0) }))),
      'model_too_large',
    );
  });

  it('may not unpack to more than they declare or than the limits', async () => {
    const bomb = { name: 'model.weights.h5', bytes: Buffer.alloc(40 * 1024 * 1024), deflate: true };
    await refused('bomb.keras', await tinyKeras([bomb]), 'model_too_large', 'bomb');
    const liar = { ...bomb, bytes: Buffer.alloc(900_000), claimedSize: 100 };
    await refused('liar.keras', await tinyKeras([liar]), 'model_corrupt');
    const path = await write('limited.keras', await tinyKeras());
    await expect(compileFile(path, { ...DEFAULT_LIMITS, fileBytes: 100 })).rejects.toMatchObject({
      code: 'model_too_large',
    });
    await expect(compileFile(path, { ...DEFAULT_LIMITS, configBytes: 100 })).rejects.toMatchObject({
      code: 'model_too_large',
    });
    await expect(compileFile(path, { ...DEFAULT_LIMITS, weightElements: 10 })).rejects.toMatchObject({
      code: 'model_too_large',
    });
  });

  it('may not point outside through HDF5', async () => {
    const through = async (
      link: (layers: {
        create_external_link(file: string, target: string, name: string): number;
        create_soft_link(target: string, name: string): number;
      }) => void,
    ) => {
      const weights = await hdf5((root) => {
        for (const [index, { place, shape, data }] of TINY.weights.entries())
          if (place === 'dense_1') put(root, `layers/${place}/vars/${index % 2}`, shape, data);
        link(root.get('layers') as never);
      });
      return tinyKeras([{ name: 'model.weights.h5', bytes: weights }]);
    };
    await refused(
      'external.keras',
      await through((layers) => layers.create_external_link('/etc/passwd', '/', 'dense')),
      'model_corrupt',
      'link',
    );
    await refused(
      'soft.keras',
      await through((layers) => layers.create_soft_link('/layers/dense_1', 'dense')),
      'model_corrupt',
      'link',
    );
  });

  it('may not hold weights of other shapes, or too few', async () => {
    const weights = (shape: number[], count: number) =>
      hdf5((root) => {
        for (const [index, one] of TINY.weights.slice(0, count).entries()) {
          const first = index === 0;
          put(
            root,
            `layers/${one.place}/vars/${index % 2}`,
            first ? shape : one.shape,
            first ? new Float32Array(shape[0]! * shape[1]!) : one.data,
          );
        }
      });
    const shaped = await tinyKeras([{ name: 'model.weights.h5', bytes: await weights([4, 7], 4) }]);
    await refused('shape.keras', shaped, 'model_corrupt', "layer 'hidden'");
    const few = await tinyKeras([{ name: 'model.weights.h5', bytes: await weights([4, 3], 3) }]);
    await refused('few.keras', few, 'model_corrupt', "layer 'answer'");
  });

  it('may not reach files beside model.json through names or links', async () => {
    for (const path of ['../secret.bin', '/etc/passwd', 'a/b.bin', '.hidden'])
      await refused('model.json', tfjs([path]), 'model_corrupt', 'outside');
    await write('real.bin', shardBytes());
    await symlink(join(folder, 'real.bin'), join(folder, 'linked.bin'));
    await refused('linked.json', tfjs(['linked.bin']), 'model_corrupt', 'link');
    await refused('short.json', tfjs(['real.bin']).replace('[4,3]', '[4,3000]'), 'model_corrupt', 'cut off');
    await refused('absent.json', tfjs(['absent.bin']), 'model_not_found');
  });

  it('may not keep ONNX tensors outside their folder, however deep they hide', async () => {
    const field = (number: number, bytes: number[]): number[] => [(number << 3) | 2, bytes.length, ...bytes];
    const entry = [...field(1, [...Buffer.from('location')]), ...field(2, [...Buffer.from('../b')])];
    const external = field(7, field(5, [...field(8, [97]), ...field(13, entry), (14 << 3) | 0, 1]));
    await refused('outside.onnx', Buffer.from(external), 'model_corrupt', 'outside the folder');
    const inside = field(7, field(1, field(5, field(5, [(14 << 3) | 0, 1]))));
    await refused('inside.onnx', Buffer.from(inside), 'model_corrupt', 'outside the folder');
    await refused('cut.onnx', Buffer.from(field(7, [0x2a, 99])), 'model_corrupt', 'cut off');
  });

  it('may not ask for tensors that no machine holds', async () => {
    const config = structuredClone(TINY.config) as unknown as {
      config: { layers: { class_name: string; module: string; config: Record<string, unknown> }[] };
    };
    config.config.layers.push({
      module: 'keras.layers',
      class_name: 'RepeatVector',
      config: { name: 'again', n: 1e9 },
    });
    await refused('huge.keras', await tinyKeras([], config), 'model_too_large', "layer 'again'");
  });
});
